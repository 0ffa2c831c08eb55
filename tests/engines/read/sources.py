"""A small data set as a folder, and what it takes to compare another source of the same data with it row by row."""

import tarfile
import zipfile
from pathlib import Path

import pyarrow as pa

from engines.artifacts import Dataset
from engines.media import MediaFiles
from engines.protocols import Reader, SourceOptions, no_progress
from engines.read.folder import FolderReader
from tests import corpus

FILES = (
    *("train/cat/a.jpg", "train/cat/b.png", "train/dog/c.jpg", "train/dog/young/d.jpg"),
    *("test/cat/a.jpg", "test/dog/käse.png"),
)


def open_with(kind: type[Reader], source: Path, scratch: Path, **options: object) -> Dataset:
    assert kind.reads(source)
    return kind()(source, SourceOptions(**options), scratch=scratch, progress=no_progress).dataset


def build(root: Path) -> Path:
    """Write six pictures in two splits and two classes, a table of captions beside them, junk, and what becomes a reject."""
    for number, name in enumerate(FILES):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(corpus.saved(corpus.picture(number), "JPEG" if name.endswith("jpg") else "PNG"))
    (root / "metadata.csv").write_text(
        "file_name,caption,price\n" + "".join(f"{name},picture {number},{number}\n" for number, name in enumerate(FILES))
    )
    (root / "train" / "cat" / "no_suffix").write_bytes(corpus.saved(corpus.picture(90), "PNG"))
    (root / "train" / "dog" / "Thumbs.db").write_bytes(b"junk")
    (root / ".cache").mkdir()
    (root / ".cache" / "x.jpg").write_bytes(b"hidden")
    (root / "__MACOSX").mkdir()
    (root / "__MACOSX" / "._a.jpg").write_bytes(b"junk")
    (root / "test" / "empty.jpg").write_bytes(b"")
    (root / "test" / "notes.txt").write_bytes(b"notes")
    (root / "test" / "odd").write_bytes(b"what is it")
    (root / "test" / "eel").mkdir()
    return root


def folder_rows(root: Path, scratch: Path) -> Dataset:
    return open_with(FolderReader, root, scratch)


def rejects(dataset: Dataset) -> list[tuple[str | None, str]]:
    return [(record["id"], record["reason"]) for record in dataset.rejects.to_pylist()]


def reasons(dataset: Dataset) -> str:
    return "\n".join(dataset.rejects.column("reason").to_pylist())


def contents(dataset: Dataset) -> list[bytes]:
    files = MediaFiles(dataset)
    return [files.read(row) for row in range(len(dataset))]


def assert_same(one: Dataset, other: Dataset, columns: tuple[str, ...] | None = None) -> None:
    """Compare ids, labels, splits, own columns and the bytes of every row."""
    names = list(columns or other.rows.column_names)
    assert one.rows.select(names).to_pylist() == other.rows.select(names).to_pylist()
    assert [field.type for field in one.rows.select(names).schema] == [field.type for field in other.rows.select(names).schema]
    assert contents(one) == contents(other)


def zip_of(root: Path, target: Path, prefix: str = "", method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(target, "w", method) as archive:
        for path in sorted(root.rglob("*")):
            archive.write(path, prefix + path.relative_to(root).as_posix())
    return target


def tar_of(root: Path, target: Path, prefix: str = ".", mode: str = "w", form: int = tarfile.PAX_FORMAT) -> Path:
    with tarfile.open(target, mode, format=form) as archive:
        archive.add(root, arcname=prefix)
    return target


def zstd_of(source: Path, target: Path) -> Path:
    with pa.CompressedOutputStream(str(target), "zstd") as stream:
        stream.write(source.read_bytes())
    return target
