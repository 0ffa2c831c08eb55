import gzip
import io
import json
import tarfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import webdataset
from webdataset import tariterators

from engines.errors import SourceError
from engines.media import MediaFiles
from engines.read.archive import ArchiveReader
from engines.read.folder import FolderReader
from engines.read.sample_blocks import merged
from engines.read.samples import are_samples, split_name
from engines.read.webdataset import WebDatasetReader
from tests import corpus
from tests.engines.read.sources import assert_same, contents, folder_rows, open_with, reasons, rejects

JPEG = b"\xff\xd8\xff whatever"
LABELS = ("cat", "dog", "eel")


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    return tmp_path / "scratch"


def opened(source: Path, scratch: Path, **options: object):
    return open_with(WebDatasetReader, source, scratch, **options)


def shard(target: Path, members: list[tuple[str, bytes]]) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(target, "w") as archive:
        for name, raw in members:
            info = tarfile.TarInfo(name)
            info.size = len(raw)
            archive.addfile(info, io.BytesIO(raw))
    return target


def write_both(root: Path, per_shard: int) -> tuple[Path, Path]:
    """Write the same ten samples as shards, by the real library, and as a folder."""
    shards, folder = root / "shards", root / "folder"
    lines: list[str] = []
    number = 0
    for split, count in (("train", 7), ("val", 3)):
        (shards / split).mkdir(parents=True)
        (folder / split).mkdir(parents=True)
        with webdataset.ShardWriter(str(shards / split / "part-%04d.tar"), maxcount=per_shard, verbose=0) as writer:
            for _ in range(count):
                key, kind = f"n{number:03d}", "jpg" if number % 3 else "png"
                raw = corpus.saved(corpus.picture(number), "JPEG" if kind == "jpg" else "PNG")
                record = {
                    "price": number / 2,
                    "stars": number,
                    "note": None if number % 4 else f"note {number}",
                    "tags": ["a", number],
                }
                caption, label = f"picture number {number}", LABELS[number % 3]
                writer.write({"__key__": key, kind: raw, "cls": label, "txt": caption, "json": record})
                (folder / split / f"{key}.{kind}").write_bytes(raw)
                told = {"file_name": f"{split}/{key}.{kind}", "id": key, "label": label, "caption": caption}
                lines.append(json.dumps(told | record))
                number += 1
    (folder / "metadata.jsonl").write_text("\n".join(lines))
    return shards, folder


@pytest.mark.parametrize("per_shard", [2, 100])
def test_shards_of_the_real_library_are_the_folder(tmp_path, scratch, per_shard):
    shards, folder = write_both(tmp_path, per_shard)
    dataset = opened(shards, scratch)
    plain = open_with(FolderReader, folder, scratch, id="id")
    assert_same(dataset, plain, ("id", "label", "split", "caption", "price", "stars", "note", "own_tags"))
    assert set(dataset.own_columns) == set(plain.own_columns)
    assert rejects(dataset) == []
    assert dataset.counts == {}


def test_the_library_reads_what_we_read(tmp_path, scratch):
    shards, _ = write_both(tmp_path, 2)
    dataset = opened(shards, scratch)
    told = {}
    for path in sorted(shards.rglob("*.tar")):
        with path.open("rb") as stream:
            files = ({**file, "__url__": path.name} for file in tariterators.tar_file_iterator(stream))
            for sample in tariterators.group_by_keys(files):
                raw = sample.get("jpg") or sample["png"]
                told[sample["__key__"]] = (sample["cls"].decode(), sample["txt"].decode(), raw)
    ours = zip(dataset.ids, dataset.labels, dataset.rows.column("caption").to_pylist(), contents(dataset), strict=True)
    assert {key: rest for key, *rest in ours} == {key: list(values) for key, values in told.items()}


def test_what_the_reader_understood(tmp_path, scratch):
    shards, _ = write_both(tmp_path, 4)
    dataset = opened(shards, scratch)
    assert dataset.origin == {
        "reader": "webdataset",
        "format": "webdataset",
        "roles": {"image": ".jpg", "label": ".cls", "caption": ".txt"},
        "columns": ["price", "stars", "note", "tags"],
        "names": {"tags": "own_tags"},
        "label_names": {},
        "extensions": {"cls": "label", "json": "columns", "png": "image", "txt": "caption", "jpg": "image"},
        "shards": ["train/part-0000.tar", "train/part-0001.tar", "val/part-0000.tar"],
        "splits": "shards",
        "ids": "key",
    }
    assert dataset.rows.column("path").to_pylist()[0] == "train/part-0000.tar/n000.png"
    assert Path(dataset.root) == shards
    assert dataset.media_of(0) == b"train/part-0000.tar"


def test_reading_again_does_not_look_through_the_shards(tmp_path, scratch, monkeypatch):
    shards, _ = write_both(tmp_path, 4)
    before = opened(shards, scratch)

    def refuse(*_: object, **__: object):
        raise AssertionError("looked through it again")

    monkeypatch.setattr("engines.read.archive.scan_tar", refuse)
    again = opened(shards, scratch)
    assert (again.key, again.media_key, again.columns_key) == (before.key, before.media_key, before.columns_key)


def test_keys_that_repeat_over_shards_get_the_shard_in_front_everywhere(tmp_path, scratch):
    for name, keys in (("train/a.tar", "01"), ("val/a.tar", "02")):
        shard(tmp_path / "s" / name, [(f"{key}.{kind}", JPEG) for key in keys for kind in ("cls", "jpg")])
    dataset = opened(tmp_path / "s", scratch)
    assert dataset.ids == ["train/a/0", "train/a/1", "val/a/0", "val/a/2"]
    assert dataset.rows.column("split").to_pylist() == ["train", "train", "val", "val"]
    assert dataset.origin["ids"] == "shard/key"


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("imagenet-train-000.tar", "train"),
        ("val.tar", "val"),
        ("TEST_1.tar", "TEST"),
        ("part-0.tar", None),
        ("latest.tar", None),
    ],
)
def test_the_split_of_one_shard_comes_from_its_name(tmp_path, scratch, name, split):
    dataset = opened(shard(tmp_path / name, [("a.jpg", JPEG), ("a.cls", b"0")]), scratch)
    assert dataset.rows.column("split").to_pylist() == [split]


def test_keys_of_json_are_label_split_caption_and_id(tmp_path, scratch):
    records = [
        {"label": "cat", "split": "train", "caption": "one", "code": "k2"},
        {"label": 3, "split": None, "text": "two", "code": "k1"},
    ]
    members = [(f"{number}.json", json.dumps(record).encode()) for number, record in enumerate(records)]
    members += [(f"{number}.jpg", JPEG) for number in range(2)]
    source = shard(tmp_path / "x.tar", members)
    dataset = opened(source, scratch)
    assert (dataset.ids, dataset.labels) == (["0", "1"], ["cat", "3"])
    assert dataset.rows.column("split").to_pylist() == ["train", None]
    assert dataset.rows.column("caption").to_pylist() == ["one", None]
    chosen = opened(source, scratch, id="code", caption="text", label="split", split="label")
    assert (chosen.ids, chosen.labels) == (["k1", "k2"], [None, "train"])
    assert chosen.rows.column("caption").to_pylist() == ["two", None]
    with pytest.raises(SourceError, match="--label: no sample has 'kind'") as caught:
        opened(source, scratch, label="kind")
    assert caught.value.hint == "there are: label, split, caption, code, text"
    with pytest.raises(SourceError, match=r"--image: no sample has a member \.gif"):
        opened(source, scratch, image="gif")


def test_ids_from_json_must_be_there_and_not_repeat(tmp_path, scratch):
    members = [(f"{number}.jpg", JPEG) for number in range(3)]
    codes = [b'{"code": 1}', b'{"code": null}', b'{"code": 2}']
    named = [(f"{number}.json", raw) for number, raw in enumerate(codes)]
    dataset = opened(shard(tmp_path / "x.tar", members + named), scratch, id="code")
    assert dataset.ids == ["1", "2"]
    assert rejects(dataset) == [(None, "x.tar/1.jpg has no value for 'code', the id")]
    with pytest.raises(SourceError, match="'1' is the 'code' of 2 samples"):
        opened(shard(tmp_path / "y.tar", [*members, named[0], ("2.json", codes[0])]), scratch, id="code")


@pytest.mark.parametrize("file", ["classes.json", "classnames.txt", "classes.txt"])
def test_numbers_of_classes_get_names_from_a_file_beside_the_shards(tmp_path, scratch, file):
    names = ["cat", "dog", "never seen"]
    shard(tmp_path / "s" / "train" / "0.tar", [("a.jpg", JPEG), ("a.cls", b"1\n"), ("b.jpg", JPEG), ("b.cls", b"0")])
    (tmp_path / "s" / file).write_text(json.dumps(names) if file.endswith("json") else "\n".join(names) + "\n")
    for source in (tmp_path / "s", tmp_path / "s" / "train", tmp_path / "s" / "train" / "0.tar"):
        dataset = opened(source, scratch)
        assert dataset.labels == ["dog", "cat"]
        assert dataset.origin["label_names"] == {"0": "cat", "1": "dog", "2": "never seen"}
    (tmp_path / "s" / file).write_text("[1]" if file.endswith("json") else "cat\n")
    assert opened(tmp_path / "s", scratch).labels == ["1", "0"]


def test_a_name_in_json_beside_a_number_in_cls_is_the_label(tmp_path, scratch):
    members = []
    for number, label in enumerate(("dog", "cat", "dog")):
        members += [(f"{number}.jpg", JPEG), (f"{number}.cls", b"1" if label == "dog" else b"0")]
        members.append((f"{number}.json", json.dumps({"label": label}).encode()))
    dataset = opened(shard(tmp_path / "x.tar", members), scratch)
    assert dataset.labels == ["dog", "cat", "dog"]
    assert dataset.origin["label_names"] == {"0": "cat", "1": "dog"}


def test_the_most_common_picture_is_the_media_unless_another_is_named(tmp_path, scratch):
    members = [("0.seg.png", b"mask"), ("0.jpg", JPEG), ("0.cls", b"1"), ("1.jpg", JPEG), ("1.cls", b"1"), ("1.wav", b"sound")]
    source = shard(tmp_path / "x.tar", members)
    dataset = opened(source, scratch)
    assert contents(dataset) == [JPEG, JPEG]
    assert dataset.counts == {"unused_members": 1}
    assert contents(opened(source, scratch, image="seg.png")) == [b"mask"]


def test_members_in_any_order_and_other_cases_of_letters(tmp_path, scratch):
    members = [
        ("a.JPG", JPEG),
        ("b.jpg", JPEG + b"2"),
        ("b.CLS", b"y"),
        ("a.cls", b"x"),
        ("sub.dir/c.jpg", JPEG),
        ("sub.dir/c.cls", b"z"),
    ]
    dataset = opened(shard(tmp_path / "x.tar", members), scratch)
    assert dataset.ids == ["a", "b", "sub.dir/c"]
    assert dataset.labels == ["x", "y", "z"]


def test_samples_without_a_picture_and_what_is_no_sample(tmp_path, scratch):
    members = [
        ("__info__.json", b"{}"),
        (".hidden", b"x"),
        ("a.jpg", JPEG),
        ("a.cls", b"x"),
        ("b.cls", b"y"),
        ("b.txt", b"y"),
        ("c.jpg", b""),
        ("c.cls", b"z"),
        ("README", b"words"),
        ("d.jpg", JPEG),
        ("d.json", b"{broken"),
        ("e.jpg", JPEG),
        ("e.json", b"[1]"),
        ("a.cls", b"last"),
    ]
    dataset = opened(shard(tmp_path / "x.tar", members), scratch)
    assert dataset.ids == ["a", "d", "e"]
    assert dataset.labels == ["last", None, None]
    assert dataset.counts == {"junk_files": 2, "members_without_extension": 1}
    assert [reason for _, reason in rejects(dataset)] == [
        "x.tar/a.cls lies in the shard more than once; the last one counts",
        "x.tar/b: has no picture",
        "x.tar/c: empty file (zero bytes)",
        "x.tar/d.json is not a JSON object",
        "x.tar/e.json is not a JSON object",
    ]


def test_a_truncated_shard_gives_its_whole_samples(tmp_path, scratch):
    members = [(f"{number}.{kind}", b"x" * 600) for number in range(4) for kind in ("cls", "jpg")]
    source = shard(tmp_path / "x.tar", members)
    # Cut in the middle of the third picture.
    source.write_bytes(source.read_bytes()[: 2 * 2 * 1536 + 1536 + 512 + 100])
    dataset = opened(source, scratch)
    assert dataset.ids == ["0", "1"]
    told = reasons(dataset)
    assert "x.tar/2: the archive ends in the middle of it (truncated)" in told
    assert "x.tar ends in the middle of a member (truncated); the whole members before it are used" in told


def test_one_broken_shard_is_a_reject_all_broken_ones_an_error(tmp_path, scratch):
    shard(tmp_path / "s" / "0.tar", [("a.jpg", JPEG), ("a.cls", b"x")])
    (tmp_path / "s" / "1.tar").write_bytes(b"no tar" * 500)
    dataset = opened(tmp_path / "s", scratch)
    assert dataset.ids == ["a"]
    assert "1.tar is not used: 1.tar is no tar archive" in reasons(dataset)


def test_compressed_shards_are_unpacked_once(tmp_path, scratch):
    source = shard(tmp_path / "x.tar", [("a.jpg", JPEG), ("a.cls", b"x")])
    packed = tmp_path / "x.tar.gz"
    packed.write_bytes(gzip.compress(source.read_bytes()))
    dataset = opened(packed, scratch)
    assert (dataset.ids, dataset.labels, contents(dataset)) == (["a"], ["x"], [JPEG])
    assert len(list(scratch.rglob("*.tar"))) == 1


def test_samples_without_any_picture_are_texts(tmp_path, scratch):
    members = [
        ("0.txt", "größe".encode()),
        ("0.cls", b"a"),
        ("1.txt", b"\xef\xbb\xbftwo"),
        ("1.cls", b"b"),
        ("2.txt", b" "),
        ("2.cls", b"c"),
    ]
    dataset = opened(shard(tmp_path / "x.tar", members), scratch)
    assert dataset.kind == "texts"
    assert [MediaFiles(dataset).text(row) for row in range(2)] == ["größe", "two"]
    assert dataset.labels == ["a", "b"]
    assert rejects(dataset) == [(None, "x.tar/2: has no text")]
    with pytest.raises(SourceError, match=r"no sample in .* has a picture or a text") as caught:
        opened(shard(tmp_path / "y.tar", [("0.wav", b"x"), ("0.cls", b"x")]), scratch)
    assert caught.value.hint == "what they hold: 1 .wav, 1 .cls"


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["0.jpg", "0.cls", "1.jpg", "1.cls"], True),
        (["x/0.jpg", "x/0.json"], True),
        (["0.jpg", "1.jpg", "2.jpg"], False),
        (["cat/0.jpg", "dog/0.jpg", "README.txt"], False),
        (["0.jpg", "0.txt", "1.jpg", "2.jpg", "3.jpg"], False),
        (["0.jpg", "0.txt", "1.jpg", "1.txt", "metadata.csv"], False),
        (["images/0.jpg", "labels/0.txt"], False),
        (["0.jpg", "0.png"], False),
        ([], False),
    ],
)
def test_samples_are_told_from_a_folder_by_the_first_members(tmp_path, names, expected):
    assert are_samples([name.encode() for name in names]) is expected
    source = shard(tmp_path / "x.tar", [(name, JPEG) for name in names])
    assert WebDatasetReader.reads(source) is expected
    assert ArchiveReader.reads(source)


def test_the_readers_take_nothing_else(tmp_path):
    for name, raw in (("a.tar", b""), ("b.tar", b"no tar" * 1000), ("c.tar.gz", b"\x1f\x8b no"), ("d.txt", b"x")):
        (tmp_path / name).write_bytes(raw)
        assert not WebDatasetReader.reads(tmp_path / name)
    assert not WebDatasetReader.reads(tmp_path)
    shard(tmp_path / "0.tar", [("a.jpg", JPEG), ("a.cls", b"x")])
    assert WebDatasetReader.reads(tmp_path)
    (tmp_path / "picture.jpg").write_bytes(JPEG)
    assert not WebDatasetReader.reads(tmp_path)


@pytest.mark.parametrize("name", ["a.b.c", "x/y.jpg", "x.y/z.jpg", "a", ".hidden", "a.", "./a.jpg", "a\n.jpg"])
def test_keys_are_those_of_the_library(name):
    key, extension = tariterators.base_plus_ext(name)
    told = split_name(name.encode())
    assert told == (None if key is None else (key.encode(), extension.lower()))


def test_columns_of_several_shards_get_their_common_type():
    whole, part, text = pa.array([1, 2]), pa.array([0.5]), pa.array(["x"])
    nothing = pa.nulls(2, pa.string())
    assert merged([whole, None], [2, 1]).to_pylist() == [1, 2, None]
    assert merged([whole, nothing], [2, 2]).type == pa.int64()
    assert merged([whole, part], [2, 1]).to_pylist() == [1.0, 2.0, 0.5]
    assert merged([whole, part, text], [2, 1, 1]).to_pylist() == ["1", "2", "0.5", "x"]
    assert merged([nothing, None], [2, 1]).type == pa.string()


def test_how_shards_are_cut_does_not_change_the_rows(tmp_path, scratch):
    rng = np.random.default_rng(0)
    samples = [
        (f"{number:03d}", json.dumps({"n": int(rng.integers(9)), "f": float(rng.random())}).encode()) for number in range(30)
    ]
    read = []
    for name, size in (("one", 30), ("many", 4)):
        for start in range(0, 30, size):
            members = [
                (f"{key}.{kind}", raw)
                for key, record in samples[start : start + size]
                for kind, raw in (("jpg", JPEG + key.encode()), ("json", record))
            ]
            shard(tmp_path / name / f"{start:03d}.tar", members)
        read.append(opened(tmp_path / name, scratch))
    assert_same(read[0], read[1], ("id", "label", "n", "f"))


def test_only_so_many_columns_are_read(tmp_path, scratch, monkeypatch):
    monkeypatch.setattr("engines.read.sample_blocks.MOST_COLUMNS", 3)
    record = json.dumps({f"column{number}": number for number in range(10)}).encode()
    dataset = opened(shard(tmp_path / "x.tar", [("a.jpg", JPEG), ("a.json", record)]), scratch)
    assert dataset.own_columns == ["column0", "column1", "column2"]
    assert dataset.counts == {"values_of_further_columns": 7}


def test_a_folder_of_the_same_files_has_the_same_pictures(tmp_path, scratch):
    """Pictures alone in a tar are a folder's, not samples; both ways to read them give the same bytes."""
    members = [(f"{number}.jpg", JPEG + bytes([number])) for number in range(4)]
    (tmp_path / "f").mkdir()
    for name, raw in members:
        (tmp_path / "f" / name).write_bytes(raw)
    source = shard(tmp_path / "x.tar", members)
    assert not WebDatasetReader.reads(source)
    assert_same(open_with(ArchiveReader, source, scratch), folder_rows(tmp_path / "f", scratch))


def test_linked_shards_are_called_as_they_lie_there(tmp_path, scratch):
    shard(tmp_path / "elsewhere" / "x.tar", [("a.jpg", JPEG), ("a.cls", b"x")])
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "train.tar").symlink_to(tmp_path / "elsewhere" / "x.tar")
    (tmp_path / "link").symlink_to(tmp_path / "real", target_is_directory=True)
    dataset = opened(tmp_path / "link", scratch)
    assert dataset.rows.column("path").to_pylist() == ["train.tar/a.jpg"]
    assert dataset.rows.column("split").to_pylist() == ["train"]
    assert contents(dataset) == [JPEG]
