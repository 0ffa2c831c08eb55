import contextlib
import os
import random
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.errors import Cancelled, EnvironmentFault, SourceError
from engines.protocols import Reading, SourceOptions, no_progress
from engines.read.table import TableReader
from engines.read.table_files import open_table, parts_of, survey
from tests.engines.read.table_cases import picture, write_arrow


def read(source: Path, **options: str) -> Reading:
    with tempfile.TemporaryDirectory() as scratch:
        return TableReader()(source, SourceOptions(**options), scratch=Path(scratch), progress=no_progress)


def texts(count: int, start: int = 0) -> pa.Table:
    return pa.table(
        {
            "text": [f"some words number {number}" for number in range(start, start + count)],
            "label": ["a", "b"] * (count // 2) + ["a"] * (count % 2),
        }
    )


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1" + b"\x00" * 50 + b"PAR1", b"ARROW1\x00\x00", b"noise" * 100])
@pytest.mark.parametrize("suffix", [".parquet", ".arrow", ".feather"])
def test_broken_files_are_errors(tmp_path, content, suffix):
    (tmp_path / f"t{suffix}").write_bytes(content)
    with pytest.raises(SourceError, match=r"is not a readable|is empty|has no rows"):
        read(tmp_path / f"t{suffix}")


def test_the_first_bytes_tell_more_than_the_suffix(tmp_path):
    pq.write_table(texts(4), tmp_path / "t.csv")
    assert len(read(tmp_path / "t.csv").dataset) == 4


def test_an_old_feather_file_is_refused_with_a_way_out(tmp_path):
    (tmp_path / "t.feather").write_bytes(b"FEA1" + b"\x00" * 40)
    with pytest.raises(SourceError, match="version 1"):
        read(tmp_path / "t.feather")


def test_a_broken_row_group_loses_its_rows_and_no_others(tmp_path):
    path = tmp_path / "t.parquet"
    pq.write_table(texts(30), path, row_group_size=10, compression="none", use_dictionary=False)
    column = pq.ParquetFile(path).metadata.row_group(1).column(0)
    raw = bytearray(path.read_bytes())
    raw[column.data_page_offset : column.data_page_offset + 12] = b"\xff" * 12
    path.write_bytes(raw)
    dataset = read(path).dataset
    assert dataset.rows.column("row").to_pylist() == [*range(10), *range(20, 30)]
    assert dataset.rejects.column("row").to_pylist() == list(range(10, 20))
    assert all("cannot be read" in reason for reason in dataset.rejects.column("reason").to_pylist())


def test_a_stream_that_ends_early_keeps_what_came_before(tmp_path):
    write_arrow(tmp_path / "t.arrow", texts(12), stream=True)
    raw = (tmp_path / "t.arrow").read_bytes()
    (tmp_path / "t.arrow").write_bytes(raw[: len(raw) - 200])
    dataset = read(tmp_path / "t.arrow").dataset
    assert dataset.rows.column("row").to_pylist() == list(range(8))
    assert "nor can those that follow" in dataset.rejects.to_pylist()[0]["reason"]


def test_texts_that_are_not_utf_8_are_mended(tmp_path):
    raw = pa.array([b"plain words here", b"caf\xe9 words here"], pa.binary())
    write_arrow(tmp_path / "t.arrow", pa.table({"text": raw.view(pa.string())}))
    assert read(tmp_path / "t.arrow").dataset.media_of(1) == "caf\ufffd words here"


def test_rows_of_a_file_come_in_blocks_of_bounded_size(tmp_path):
    heavy = pa.table({"image": [os.urandom(1 << 20) for _ in range(48)], "text": ["x"] * 48})
    pq.write_table(heavy, tmp_path / "t.parquet")
    sizes = [sum(column.nbytes for column in block.columns.values()) for block in open_table(tmp_path / "t.parquet").blocks()]
    assert max(sizes) <= 20 << 20
    assert len(sizes) >= 3
    light = [column for block in open_table(tmp_path / "t.parquet").blocks(without="image") for column in block.columns]
    assert set(light) == {"text"}


def test_columns_of_one_name_are_told_apart(tmp_path):
    table = pa.Table.from_arrays([pa.array(["one two three"]), pa.array([1]), pa.array([2])], names=["text", "a", "a"])
    write_arrow(tmp_path / "t.arrow", table)
    assert read(tmp_path / "t.arrow").dataset.own_columns == ["row", "a", "a_2"]


def test_a_folder_of_parts_is_one_table_with_splits_and_rows_that_count_on(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "README.md").write_text("a card")
    for name, start in (("train-00000-of-00002", 0), ("train-00001-of-00002", 4), ("test-00000-of-00001", 8)):
        pq.write_table(texts(4, start), tmp_path / "data" / f"{name}.parquet")
    dataset = read(tmp_path).dataset
    assert dataset.rows.column("split").to_pylist() == ["test"] * 4 + ["train"] * 8
    assert dataset.rows.column("row").to_pylist() == list(range(12))
    assert Path(dataset.origin["files"][0]["file"]).name == "test-00000-of-00001.parquet"


def test_ids_that_each_split_counts_anew_are_preceded_by_it(tmp_path):
    for split in ("train", "test"):
        pq.write_table(texts(3).append_column("id", pa.array([0, 1, 2])), tmp_path / f"{split}-00000-of-00001.parquet")
    assert read(tmp_path).dataset.ids == ["test/0", "test/1", "test/2", "train/0", "train/1", "train/2"]


def test_folders_called_name_and_value_are_columns(tmp_path):
    for year in (2020, 2021):
        (tmp_path / f"year={year}" / "place=New%20York").mkdir(parents=True)
        pq.write_table(texts(2, year), tmp_path / f"year={year}" / "place=New%20York" / "part-0.parquet")
    rows = read(tmp_path).dataset.rows
    assert rows.column("year").to_pylist() == [2020, 2020, 2021, 2021]
    assert set(rows.column("place").to_pylist()) == {"New York"}


def test_files_with_other_columns_are_filled_up(tmp_path):
    pq.write_table(texts(2), tmp_path / "a.parquet")
    pq.write_table(texts(2, 2).append_column("late", pa.array([1, 2])), tmp_path / "b.parquet")
    pq.write_table(texts(2, 4), tmp_path / "c.parquet")
    assert read(tmp_path).dataset.rows.column("late").to_pylist() == [None, None, 1, 2, None, None]


def test_a_folder_of_csv_files_with_splits(tmp_path):
    (tmp_path / "train.csv").write_text("text,label\none two,a\nthree four,b\n")
    (tmp_path / "test.csv").write_text("text,label\nfive six,a\nbad\n")
    dataset = read(tmp_path).dataset
    assert dataset.rows.column("split").to_pylist() == ["test", "train", "train"]
    assert dataset.rejects.to_pylist()[0]["reason"].startswith("row 2 of test.csv has 1 value for 2 columns")


def test_tables_of_several_kinds_have_to_be_named(tmp_path):
    (tmp_path / "a.csv").write_text("text\none\n")
    (tmp_path / "b.jsonl").write_text('{"text": "one"}\n')
    with pytest.raises(SourceError, match=r"several kinds: a\.csv, b\.jsonl"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("files", "table", "text"),
    [
        (["a.parquet", "README.md", "LICENSE.txt"], True, False),
        (["a.csv", "sub/b.csv"], True, False),
        (["a.csv", "cat/1.jpg"], False, False),
        (["a.txt", "b.txt", "labels.csv"], False, True),
        (["pos/1.txt", "neg/2.md"], False, True),
        (["README.md"], False, False),
        (["shard-0.tar", "a.json"], False, False),
        ([".hidden.csv", "_tmp.csv"], False, False),
    ],
)
def test_a_folder_is_told_by_the_names_in_it(tmp_path, files, table, text):
    for name in files:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    assert (survey(tmp_path).is_table, survey(tmp_path).is_texts) == (table, text)
    assert TableReader.reads(tmp_path) is table


@pytest.mark.parametrize(
    ("name", "split"),
    [
        *(("train-00000-of-00002", "train"), ("unsupervised-00000-of-00001", "unsupervised"), ("data-00000-of-00001", None)),
        *(("test", "test"), ("validation_clean", "validation"), ("trained", None), ("part-0", None), ("texts", None)),
    ],
)
def test_splits_are_told_by_names(tmp_path, name, split):
    (tmp_path / f"{name}.parquet").write_bytes(b"x")
    assert parts_of(tmp_path)[0].split == split


@pytest.mark.parametrize("kind", ["list", "fixed", "half", "double", "whole", "json"])
def test_vectors_of_any_type(tmp_path, kind):
    values = np.random.default_rng(0).integers(-4, 4, (6, 9)) * 0.5
    columns = {
        "list": pa.array(list(values.astype(np.float32))),
        "fixed": pa.FixedSizeListArray.from_arrays(pa.array(values.astype(np.float32).ravel()), 9),
        "half": pa.array(list(values.astype(np.float16))),
        "double": pa.array(list(values), pa.large_list(pa.float64())),
        "whole": pa.array(list((values * 2).astype(np.int8))),
        "json": pa.array([str(list(map(float, row))) for row in values]),
    }
    table = pa.table({"emb": columns[kind], "label": list("ababab")})
    if kind == "json":
        table.to_pandas().to_csv(tmp_path / "t.csv", index=False)
        reading = read(tmp_path / "t.csv")
    else:
        pq.write_table(table, tmp_path / "t.parquet")
        reading = read(tmp_path / "t.parquet")
    assert reading.dataset.kind == "vectors"
    assert reading.vectors["emb"].dtype == np.float32
    np.testing.assert_array_equal(reading.vectors["emb"], values * 2 if kind == "whole" else values)
    assert "emb" not in reading.dataset.own_columns


def test_bad_vectors_are_rejects_and_others_keep_their_rows(tmp_path):
    good = [1.0] * 8
    vectors = [good, None, [1.0] * 7, [float("nan")] * 8, [*good[:7], None], [1e39] * 8, [], [2.0] * 8]
    vectors += [[float(number)] * 8 for number in range(70)]
    table = pa.table({"emb": vectors, "other": [[0.5, 1.5]] * len(vectors), "uid": range(len(vectors))})
    pq.write_table(table, tmp_path / "t.parquet")
    reading = read(tmp_path / "t.parquet", id="uid", features="emb")
    rejects = {one["row"]: (one["id"], one["reason"]) for one in reading.dataset.rejects.to_pylist()}
    assert sorted(rejects) == [1, 2, 3, 4, 5, 6]
    assert rejects[2] == ("2", "has 7 numbers in column 'emb', where the others have 8")
    assert rejects[3][1] == "has NaN or infinity in column 'emb'"
    assert rejects[1][1] == "has no vector in column 'emb'"
    np.testing.assert_array_equal(reading.vectors["emb"][:2], [[1.0] * 8, [2.0] * 8])
    assert len(reading.vectors["emb"]) == len(reading.dataset) == len(vectors) - 6


def test_several_embeddings_come_by_name_in_the_order_of_the_file(tmp_path):
    table = pa.table(
        {
            "text": ["one two", "three four"],
            "clip_emb": [[1.0] * 8, [2.0] * 8],
            "input_ids": [[1] * 16] * 2,
            "bbox": [[0.1, 0.2, 0.3, 0.4]] * 2,
            "minilm": [[3.0] * 12, [4.0] * 12],
            "tiny_vector": [[1.0, 2.0]] * 2,
        }
    )
    pq.write_table(table, tmp_path / "t.parquet")
    reading = read(tmp_path / "t.parquet")
    assert {name: array.shape for name, array in reading.vectors.items()} == {
        "clip_emb": (2, 8),
        "minilm": (2, 12),
        "tiny_vector": (2, 2),
    }
    assert reading.dataset.own_columns == ["row", "input_ids", "bbox"]


def test_ids_of_vectors_are_those_of_a_file_of_vectors(tmp_path):
    from engines.read.vectors import VectorReader

    array = np.random.default_rng(0).normal(size=(5, 8)).astype(np.float32)
    array[4] = array[0]
    np.save(tmp_path / "v.npy", array)
    pq.write_table(pa.table({"vector": list(array)}), tmp_path / "t.parquet")
    given_ = VectorReader()(tmp_path / "v.npy", SourceOptions(), scratch=tmp_path, progress=no_progress)
    assert read(tmp_path / "t.parquet").dataset.ids == given_.dataset.ids


def test_progress_is_told_and_stops_the_reading(tmp_path):
    pq.write_table(texts(40_000), tmp_path / "t.parquet", row_group_size=5_000)
    seen: list[float] = []
    TableReader()(tmp_path / "t.parquet", SourceOptions(), scratch=tmp_path / "s", progress=lambda done, _: seen.append(done))
    assert seen == sorted(seen)
    assert seen[0] == 0.0
    assert seen[-1] == 1.0
    assert len(seen) > 5

    def stop(done: float, message: str) -> None:
        if done > 0.5:
            raise Cancelled

    with pytest.raises(Cancelled):
        TableReader()(tmp_path / "t.parquet", SourceOptions(), scratch=tmp_path / "s", progress=stop)


def _broken(raw: bytes, kind: str, seed: int) -> bytes:
    """Cut or flip a file at places that the seed says."""
    place = random.Random(seed)
    if kind == "cut":
        return raw[: place.randrange(len(raw))]
    changed = bytearray(raw)
    for _ in range(place.randrange(1, 12)):
        changed[place.randrange(len(changed))] = place.randrange(256)
    return bytes(changed)


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    """Sound files of several formats, small enough that most bytes matter."""
    folder = tmp_path_factory.mktemp("whole")
    table = pa.table(
        {
            "image": [{"bytes": picture(number)[:300], "path": "a.png"} for number in range(6)],
            "label": ["x", "y", None] * 2,
            "emb": [[0.5] * 8] * 6,
            "when": pa.array(range(6), pa.timestamp("s")),
            "kind": pa.array(["p", "q"] * 3).dictionary_encode(),
        }
    )
    pq.write_table(table, folder / "a.parquet", row_group_size=3)
    pq.write_table(table, folder / "b.parquet", compression="none", use_dictionary=False)
    write_arrow(folder / "a.arrow", table)
    write_arrow(folder / "b.arrow", table, stream=True)
    write_arrow(folder / "c.arrow", table, compression="lz4")
    return folder


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(["a.parquet", "b.parquet", "a.arrow", "b.arrow", "c.arrow"]),
    st.sampled_from(["cut", "flip"]),
    st.integers(0, 10**6),
)
def test_a_damaged_file_gives_rows_or_rejects_or_an_error(whole, name, kind, seed):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(_broken((whole / name).read_bytes(), kind, seed))
        # A damaged file may ask for any amount of memory.
        with contextlib.suppress(SourceError, EnvironmentFault):
            assert 1 <= len(read(path).dataset) <= 100_000
