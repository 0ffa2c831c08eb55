import json
import sys
import time
from pathlib import Path

import datasets
import numpy as np
import pytest

from engines.errors import Cancelled, EnvironmentFault, MissingPackage, SourceError
from engines.media import MediaFiles
from engines.protocols import Reading, SourceOptions, no_progress
from engines.read import hugging_face_hub
from engines.read.hugging_face import HuggingFaceReader
from tests.engines.read.table_cases import examples, hugging_face


def read(source: Path, tmp_path: Path, progress=no_progress, **options: str) -> Reading:
    assert HuggingFaceReader.reads(source)
    return HuggingFaceReader()(source, SourceOptions(**options), scratch=tmp_path / "scratch", progress=progress)


def saved(tmp_path: Path, **columns: list) -> Path:
    datasets.Dataset.from_dict(columns).save_to_disk(str(tmp_path / "saved"))
    return tmp_path / "saved"


def test_one_data_set_has_no_split(tmp_path):
    source = saved(tmp_path, text=["one two", "three four"], label=["a", "b"], emb=[[0.5] * 8, [1.5] * 8])
    reading = read(source, tmp_path)
    assert (reading.dataset.kind, reading.dataset.labels) == ("texts", ["a", "b"])
    assert set(reading.dataset.rows.column("split").to_pylist()) == {None}
    np.testing.assert_array_equal(reading.vectors["emb"], [[0.5] * 8, [1.5] * 8])
    assert reading.dataset.origin["reader"] == "hugging_face"


def test_a_dictionary_has_its_splits_in_their_order(tmp_path):
    whole = datasets.DatasetDict(
        {
            name: datasets.Dataset.from_dict({"text": [f"{name} words {number}" for number in range(3)]})
            for name in ("zeta", "train", "alpha")
        }
    )
    whole.save_to_disk(str(tmp_path / "saved"), num_shards={"zeta": 2, "train": 1, "alpha": 1})
    dataset = read(tmp_path / "saved", tmp_path).dataset
    assert dataset.rows.column("split").to_pylist() == ["zeta"] * 3 + ["train"] * 3 + ["alpha"] * 3
    assert dataset.rows.column("row").to_pylist() == list(range(9))
    assert dataset.media_of(8) == "alpha words 2"


def test_rows_are_those_that_the_library_gives(tmp_path):
    whole = hugging_face(examples(tmp_path / "pictures"))
    whole.save_to_disk(str(tmp_path / "saved"))
    loaded = datasets.load_from_disk(str(tmp_path / "saved"))
    dataset = read(tmp_path / "saved", tmp_path).dataset
    media = MediaFiles(dataset)
    row = 0
    for split, part in loaded.items():
        for told in part.cast_column("image", datasets.Image(decode=False)):
            assert media.read(row) == told["image"]["bytes"]
            assert dataset.labels[row] == part.features["label"].int2str(told["label"])
            assert dataset.rows.slice(row, 1).to_pylist()[0]["split"] == split
            assert dataset.rows.column("number")[row].as_py() == told["number"]
            row += 1
    assert row == len(dataset)


def test_features_are_found_beside_files_that_do_not_say_them(tmp_path):
    features = datasets.Features({"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["no", "yes"])})
    datasets.Dataset.from_dict({"text": ["one two", "three four"], "label": [1, 0]}, features=features).save_to_disk(
        str(tmp_path / "saved")
    )
    import pyarrow as pa

    file = next((tmp_path / "saved").glob("*.arrow"))
    with pa.OSFile(str(file)) as source:
        table = pa.ipc.open_stream(source).read_all().replace_schema_metadata(None)
    with pa.OSFile(str(file), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    assert read(tmp_path / "saved", tmp_path).dataset.labels == ["yes", "no"]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("state.json", b"{", "is not JSON"),
        ("state.json", b"[]", "names no files"),
        ("state.json", b'{"_data_files": [{"filename": "gone.arrow"}]}', r"lacks gone\.arrow"),
        ("state.json", b'{"_data_files": [{"filename": "../../etc/passwd"}]}', "lacks passwd"),
        ("data-00000-of-00001.arrow", b"", "is empty"),
        ("data-00000-of-00001.arrow", b"noise" * 99, "not a readable Arrow file"),
        ("dataset_info.json", b"\xff\xfe", "is not JSON"),
    ],
)
def test_what_is_damaged_is_an_error_that_names_it(tmp_path, name, content, words):
    source = saved(tmp_path, text=["one two", "three four"])
    (source / name).write_bytes(content)
    with pytest.raises(SourceError, match=words) as caught:
        read(source, tmp_path)
    assert caught.value.hint


@pytest.mark.parametrize("splits", [["train", "../other"], ["gone"], [], None, "train"])
def test_a_dictionary_names_folders_that_are_there(tmp_path, splits):
    source = saved(tmp_path, text=["one two"])
    source.rename(tmp_path / "train")
    (tmp_path / "dataset_dict.json").write_text(json.dumps({"splits": splits}))
    with pytest.raises(SourceError):
        read(tmp_path, tmp_path)


class Hub:
    """A hub without a network: what is there, whether it answers, and what was asked."""

    def __init__(self, loaded=None, error: Exception | None = None, *, online: bool = True) -> None:
        self.loaded, self.error, self.online, self.asked = loaded, error, online, []

    def reachable(self, name: str) -> bool:
        self.asked.append(name)
        return self.online

    def load(self, name: str, config: str | None):
        from huggingface_hub import constants

        self.asked.append((name, config, constants.HF_HUB_OFFLINE))
        if self.error is not None:
            raise self.error
        return self.loaded


@pytest.fixture
def hub(monkeypatch):
    def made(**settings) -> Hub:
        fake = Hub(**settings)
        monkeypatch.setattr(hugging_face_hub, "reachable", fake.reachable)
        monkeypatch.setattr(hugging_face_hub, "load", fake.load)
        return fake

    return made


def test_an_id_of_the_hub_is_read_from_the_files_of_the_library(tmp_path, hub):
    hugging_face(examples(tmp_path / "pictures")).save_to_disk(str(tmp_path / "cache"))
    fake = hub(loaded=datasets.load_from_disk(str(tmp_path / "cache")))
    dataset = read(Path("hf:owner/name:config"), tmp_path).dataset
    assert fake.asked == ["owner/name", ("owner/name", "config", False)]
    assert (dataset.kind, len(dataset), set(dataset.labels)) == ("pictures", 6, {"cat", "dog"})
    assert str(tmp_path / "cache") in MediaFiles(dataset).place(0).path.decode()
    assert dataset.source == "hf:owner/name:config"


def test_what_lies_in_memory_is_saved_to_scratch(tmp_path, hub):
    hub(loaded={"test": datasets.Dataset.from_dict({"text": ["one two", "three four"]})})
    dataset = read(Path("hf:name"), tmp_path).dataset
    assert dataset.rows.column("split").to_pylist() == ["test", "test"]
    assert str(tmp_path / "scratch") in dataset.origin["files"][0]["file"]


def test_offline_what_was_loaded_before_is_found_without_the_network(tmp_path, hub):
    from huggingface_hub import constants

    fake = hub(loaded={"train": datasets.Dataset.from_dict({"text": ["one two"]})}, online=False)
    assert len(read(Path("hf:owner/name"), tmp_path).dataset) == 1
    assert fake.asked[1] == ("owner/name", None, True)
    assert constants.HF_HUB_OFFLINE is False


@pytest.mark.parametrize(
    ("error", "online", "kind", "words"),
    [
        (ConnectionError("Couldn't reach it"), False, EnvironmentFault, "not on this machine, and the hub cannot be reached"),
        (ConnectionError("Couldn't reach it"), True, EnvironmentFault, "the hub cannot be reached"),
        (datasets.exceptions.DatasetNotFoundError("no such thing"), True, SourceError, "no such thing"),
        (ValueError("Config name is missing.\nPick one"), True, SourceError, "Config name is missing"),
        (OSError(28, "No space left on device"), True, EnvironmentFault, "No space left"),
        (RuntimeError("odd"), True, SourceError, "cannot be loaded: odd"),
    ],
)
def test_what_goes_wrong_with_the_hub_is_said(tmp_path, hub, error, online, kind, words):
    hub(error=error, online=online)
    with pytest.raises(kind, match=words) as caught:
        read(Path("hf:owner/name"), tmp_path)
    assert caught.value.hint


def test_an_unreachable_hub_is_said_quickly(tmp_path, monkeypatch):
    from huggingface_hub import HfApi

    def wait(self: object, name: str, timeout: float) -> None:
        time.sleep(30)

    monkeypatch.setattr(HfApi, "dataset_info", wait)
    monkeypatch.setattr(hugging_face_hub, "ASK_SECONDS", 0.2)
    started = time.monotonic()
    with pytest.raises(EnvironmentFault, match="cannot be reached"):
        read(Path("hf:owner/surely-not-cached"), tmp_path)
    assert time.monotonic() - started < 10


def test_a_person_may_keep_the_library_off_the_network(monkeypatch):
    from huggingface_hub import HfApi, constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(HfApi, "dataset_info", None)
    assert hugging_face_hub.reachable("owner/name") is False


def test_a_download_can_be_left(tmp_path, monkeypatch):
    monkeypatch.setattr(hugging_face_hub, "reachable", lambda name: True)
    monkeypatch.setattr(hugging_face_hub, "load", lambda name, config: time.sleep(30))

    def stop(fraction: float, message: str) -> None:
        if "downloading" in message:
            raise Cancelled

    with pytest.raises(Cancelled):
        read(Path("hf:owner/name"), tmp_path, progress=stop)


@pytest.mark.parametrize("name", ["hf:", "hf:a/b/c", "hf:../x", "hf:a b", "hf:/etc/passwd"])
def test_what_is_no_id_is_refused_before_anything_is_asked(tmp_path, hub, name):
    fake = hub()
    with pytest.raises(SourceError, match="is no id of a data set"):
        read(Path(name), tmp_path)
    assert fake.asked == []


def test_without_the_package_the_line_that_installs_it_is_said(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "datasets", None)
    monkeypatch.setattr(hugging_face_hub.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingPackage) as caught:
        read(Path("hf:owner/name"), tmp_path)
    assert "dataset-explorer[hf]" in caught.value.hint
