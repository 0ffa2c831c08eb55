"""Read data sets of Hugging Face: what ``save_to_disk`` wrote, with pyarrow alone, or an id of the hub."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from engines.errors import SourceError
from engines.parameters import engine
from engines.protocols import Progress, Reading, SourceOptions, part
from engines.read.hugging_face_hub import PREFIX, fetch
from engines.read.table import read_parts
from engines.read.table_block import Part

DICT = "dataset_dict.json"
INFO = "dataset_info.json"
STATE = "state.json"


@engine
class HuggingFaceReader:
    """Read a folder that ``Dataset.save_to_disk`` or ``DatasetDict.save_to_disk`` wrote, or ``hf:owner/name[:configuration]``.

    The Arrow files are mapped; pictures that lie uncompressed in them stay where they are. Names of classes are those of the features.
    The split is that of the dictionary, else none. An id of the hub needs the package ``datasets`` (extra ``hf``).
    """

    version: ClassVar[int] = 1

    @classmethod
    def reads(cls, source: Path) -> bool:
        """Take ids of the hub, and folders with the files that ``save_to_disk`` leaves."""
        if str(source).startswith(PREFIX):
            return True
        try:
            return (source / DICT).is_file() or ((source / INFO).is_file() and (source / STATE).is_file())
        except OSError:
            return False

    def __call__(self, source: Path, options: SourceOptions, *, scratch: Path, progress: Progress) -> Reading:
        """Read rows and vectors; see ``Reader``."""
        features: Mapping[str, Any] = {}
        if str(source).startswith(PREFIX):
            parts = fetch(str(source), scratch, part(progress, 0.0, 0.5))
            if not parts:
                raise SourceError(f"{source} has no rows", "give another id")
            root = parts[0].path.parent
            progress = part(progress, 0.5, 1.0)
        else:
            parts, root = list(_saved(source)), source
            features = _features(source, parts)
        return read_parts(
            source, parts, root, options, scratch=scratch, progress=progress, reader="hugging_face", features=features
        )


def _saved(folder: Path) -> Iterator[Part]:
    """Give the files of a saved data set or of a dictionary of such."""
    if not (folder / DICT).is_file():
        yield from (Part(path) for path in _files(folder))
        return
    splits = _json(folder / DICT).get("splits")
    if not isinstance(splits, list) or not splits:
        raise SourceError(f"{folder / DICT} names no splits", "was the data set saved whole?")
    for split in map(str, splits):
        if not (folder / split).is_dir() or Path(split).name != split:
            raise SourceError(f"{folder} names the split {split!r}, whose folder is not there", "was the data set saved whole?")
        yield from (Part(path, split) for path in _files(folder / split))


def _files(folder: Path) -> list[Path]:
    """Give the Arrow files of one split in the order of its state; the names are never paths out of the folder."""
    state = _json(folder / STATE)
    entries = state.get("_data_files")
    names = [entry.get("filename") for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
    files = [folder / Path(str(name)).name for name in names if name]
    missing = [path for path in files if not path.is_file()]
    if missing or not files:
        what = f"lacks {missing[0].name}" if missing else "names no files of data"
        raise SourceError(f"{folder} {what}", "was the data set saved whole?")
    return files


def _features(folder: Path, parts: list[Part]) -> Mapping[str, Any]:
    """Give the features that the first split says; what an Arrow file itself says is known without them."""
    info = parts[0].path.parent / INFO if parts else folder / INFO
    found = _json(info).get("features") if info.is_file() else None
    return found if isinstance(found, dict) else {}


def _json(path: Path) -> Mapping[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror or error}", "was the data set saved whole?") from None
    except (ValueError, RecursionError) as error:
        raise SourceError(f"{path} is not JSON: {error}", "was the data set saved whole?") from None
    return found if isinstance(found, dict) else {}


__all__ = ["HuggingFaceReader"]
