from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import safetensors.numpy

from engines.errors import SourceError
from engines.protocols import Reading, SourceOptions, no_progress
from engines.read.folder import FolderReader
from engines.read.table import TableReader
from engines.read.texts import TextReader
from engines.read.vectors import VectorReader
from engines.read.vectors_join import join_vectors
from tests.engines.read.table_cases import examples

ARRAY = np.arange(12, dtype=np.float32).reshape(4, 3)


def read(kind, source: Path, **options: str) -> Reading:
    return kind()(source, SourceOptions(**options), scratch=source.parent / "scratch", progress=no_progress)


def join(reading: Reading, path: Path) -> Reading:
    joined = join_vectors(reading, path, scratch=path.parent / "scratch", progress=no_progress)
    for array in joined.vectors.values():
        assert len(array) == len(joined.dataset)
    return joined


def table(
    tmp_path: Path, texts: tuple[str, ...] = ("one two", "three four", "five six", "seven eight"), ids: str = ""
) -> Reading:
    lines = [
        "id,text" if ids else "text",
        *(f"{one},{text}" if ids else text for one, text in zip(ids or "    ", texts, strict=True)),
    ]
    (tmp_path / "t.csv").write_text("\n".join(lines) + "\n")
    return read(TableReader, tmp_path / "t.csv")


def saved(tmp_path: Path, kind: str, array: np.ndarray, ids: list[str] | None = None) -> Path:
    path = tmp_path / f"v.{kind}"
    if kind == "npy":
        np.save(path, array)
    elif kind == "npz":
        np.savez(path, vectors=array, **({"ids": np.array(ids)} if ids else {}))
    elif kind == "safetensors":
        safetensors.numpy.save_file({"vectors": np.ascontiguousarray(array)}, path)
    elif kind == "parquet":
        pq.write_table(pa.table({"emb_vector": list(array), **({"id": ids} if ids else {})}), path)
    else:
        rows = [{"emb_vector": row.tolist(), **({"id": ids[number]} if ids else {})} for number, row in enumerate(array)]
        path.write_text("\n".join(str(row).replace("'", '"') for row in rows))
    return path


@pytest.mark.parametrize("kind", ["npz", "parquet", "jsonl"])
def test_vectors_find_their_rows_by_id(tmp_path, kind):
    order = [2, 0, 3, 1]
    joined = join(table(tmp_path, ids="abcd"), saved(tmp_path, kind, ARRAY[order], ["abcd"[place] for place in order]))
    np.testing.assert_array_equal(next(iter(joined.vectors.values())), ARRAY)
    assert joined.dataset.kind == "texts"


@pytest.mark.parametrize("kind", ["npy", "npz", "safetensors", "parquet", "jsonl"])
def test_vectors_find_their_rows_by_order(tmp_path, kind):
    joined = join(table(tmp_path), saved(tmp_path, kind, ARRAY))
    np.testing.assert_array_equal(next(iter(joined.vectors.values())), ARRAY)


def test_by_order_rejected_rows_are_counted_on_both_sides(tmp_path):
    array = ARRAY.copy()
    array[3, 1] = np.nan
    reading = table(tmp_path, ('"one, two"', '" "', '"three, four"', '"five, six"'))
    assert len(reading.dataset) == 3
    joined = join(reading, saved(tmp_path, "npy", array))
    np.testing.assert_array_equal(joined.vectors["given"], ARRAY[[0, 2]])
    assert [(one["row"], one["stage"]) for one in joined.dataset.rejects.to_pylist()] == [(1, "read"), (3, "embed")]
    assert joined.dataset.rejects.column("reason").to_pylist()[1] == "no usable vector in v.npy"


def test_by_order_there_may_be_vectors_of_the_usable_rows_only(tmp_path):
    reading = table(tmp_path, ('"one, two"', '" "', '"three, four"', '"five, six"'))
    joined = join(reading, saved(tmp_path, "npy", ARRAY[:3]))
    np.testing.assert_array_equal(joined.vectors["given"], ARRAY[:3])


def test_a_wrong_number_of_vectors_is_an_error_with_all_counts(tmp_path):
    reading = table(tmp_path, ('"one, two"', '" "', '"three, four"', '"five, six"'))
    with pytest.raises(SourceError, match=r"holds 2 vectors, the source 3 rows \(4 with those that cannot be used\)") as caught:
        join(reading, saved(tmp_path, "npy", ARRAY[:2]))
    assert "ids" in caught.value.hint


def test_rows_without_a_vector_are_rejects(tmp_path):
    joined = join(table(tmp_path, ids="abcd"), saved(tmp_path, "npz", ARRAY[:3], ["a", "x", "d"]))
    assert joined.dataset.ids == ["a", "d"]
    np.testing.assert_array_equal(joined.vectors["given"], ARRAY[[0, 2]])
    assert [(one["id"], one["row"]) for one in joined.dataset.rejects.to_pylist()] == [("b", 1), ("c", 2)]


def test_all_arrays_of_a_file_are_joined_before_those_of_the_source(tmp_path):
    pq.write_table(
        pa.table({"text": ["one two", "three four"], "id": ["a", "b"], "minilm": [[0.5] * 8] * 2}), tmp_path / "t.parquet"
    )
    np.savez(tmp_path / "v.npz", clip=ARRAY[:2], minilm=ARRAY[2:], ids=np.array(["b", "a"]))
    joined = join(read(TableReader, tmp_path / "t.parquet"), tmp_path / "v.npz")
    assert list(joined.vectors) == ["clip", "minilm", "minilm-2"]
    np.testing.assert_array_equal(joined.vectors["clip"], ARRAY[[1, 0]])
    np.testing.assert_array_equal(joined.vectors["minilm-2"], [[0.5] * 8] * 2)


def test_pictures_of_a_folder_are_joined_by_their_paths_or_in_their_order(tmp_path):
    rows = sorted(examples(tmp_path / "d"), key=lambda row: row.path)
    array = np.arange(18, dtype=np.float32).reshape(6, 3)
    reading = read(FolderReader, tmp_path / "d")
    by_order = join(reading, saved(tmp_path, "npy", array))
    by_id = join(reading, saved(tmp_path, "npz", array[::-1], [row.path for row in rows][::-1]))
    for joined in (by_order, by_id):
        np.testing.assert_array_equal(joined.vectors["given"], array)
        assert joined.dataset.kind == "pictures"


def test_lines_of_text_are_joined_in_order_without_the_blank_ones(tmp_path):
    (tmp_path / "t.txt").write_text("one\n\ntwo\nthree\n")
    joined = join(read(TextReader, tmp_path / "t.txt"), saved(tmp_path, "npy", ARRAY[:3]))
    np.testing.assert_array_equal(joined.vectors["given"], ARRAY[:3])


def test_vectors_of_a_source_of_vectors_stay_beside_those_of_the_file(tmp_path):
    np.save(tmp_path / "own.npy", ARRAY)
    joined = join(read(VectorReader, tmp_path / "own.npy"), saved(tmp_path, "npz", ARRAY * 2))
    np.testing.assert_array_equal(joined.vectors["given"], ARRAY * 2)
    np.testing.assert_array_equal(joined.vectors["given-2"], ARRAY)


def test_what_lies_beside_vectors_in_a_table_does_not_matter(tmp_path):
    columns = {"image": [f"gone/{number}.png" for number in range(4)], "sentence1": ["x y"] * 4, "sentence2": ["z w"] * 4}
    pq.write_table(pa.table({**columns, "emb_vector": list(ARRAY)}), tmp_path / "v.parquet")
    np.testing.assert_array_equal(join(table(tmp_path), tmp_path / "v.parquet").vectors["emb_vector"], ARRAY)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("v.csv", "a,b\n1,2\n3,4\n", "holds no vectors"),
        ("v.bin", "x", "is no file of vectors"),
        ("gone.npy", None, "does not exist"),
    ],
)
def test_a_file_without_vectors_is_an_error(tmp_path, name, content, words):
    if content is not None:
        (tmp_path / name).write_text(content)
    with pytest.raises(SourceError, match=words) as caught:
        join(table(tmp_path), tmp_path / name)
    assert caught.value.hint
