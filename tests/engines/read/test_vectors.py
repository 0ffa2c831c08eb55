import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from engines.errors import SourceError
from engines.protocols import SourceOptions
from engines.read import read
from engines.read.vectors import _ids


def save(tmp_path: Path, array: np.ndarray) -> Path:
    np.save(tmp_path / "v.npy", array)
    return tmp_path / "v.npy"


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", ">f4", "int8", "uint16", "bool"])
def test_any_kind_of_numbers(tmp_path, dtype):
    array = np.arange(12).reshape(4, 3).astype(dtype)
    dataset, vectors = read(save(tmp_path, array))
    assert vectors.dtype == np.float32
    np.testing.assert_array_equal(vectors, array.astype(np.float32))
    assert dataset.kind == "vectors"
    assert dataset.rows.column("row").to_pylist() == [0, 1, 2, 3]
    assert dataset.media_of(0) is None


def test_fortran_order(tmp_path):
    array = np.asfortranarray(np.random.default_rng(0).normal(size=(50, 7)).astype(np.float32))
    np.testing.assert_array_equal(read(save(tmp_path, array))[1], array)


def test_rows_that_are_not_finite_are_rejects(tmp_path):
    array = np.ones((4, 2))
    array[1, 0], array[3, 1] = np.nan, np.inf
    dataset, vectors = read(save(tmp_path, array))
    assert [record["row"] for record in dataset.rejects.to_pylist()] == [1, 3]
    assert vectors.shape == (2, 2)
    assert dataset.rows.column("row").to_pylist() == [0, 2]


def test_a_number_too_large_for_float32_is_a_reject(tmp_path):
    dataset, _ = read(save(tmp_path, np.array([[1.0, 2.0], [1e300, 0.0]])))
    assert dataset.rejects.num_rows == 1


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.ones(5), r"shape \(5,\)"),
        (np.ones((2, 2, 2)), "two dimensions"),
        (np.ones((0, 8)), "holds no vectors"),
        (np.ones((8, 0)), "holds no vectors"),
        (np.array([["a", "b"]]), "where numbers are needed"),
        (np.ones((2, 2), dtype=complex), "where numbers are needed"),
        (np.full((3, 2), np.nan), "every row"),
    ],
)
def test_what_is_no_table_of_numbers_is_an_error_with_a_hint(tmp_path, array, words):
    with pytest.raises(SourceError, match=words) as caught:
        read(save(tmp_path, array))
    assert caught.value.hint


class Evil:
    def __reduce__(self):
        return (Path.touch, (Path("evil_was_here"),))


def test_pickles_are_refused_and_not_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save(tmp_path / "v.npy", np.array([[Evil()]], dtype=object), allow_pickle=True)
    (tmp_path / "plain.npy").write_bytes(pickle.dumps(Evil()))
    for name in ("v.npy", "plain.npy"):
        with pytest.raises(SourceError, match="not a readable numpy file") as caught:
            read(tmp_path / name)
        assert "pickle" in caught.value.hint
    assert not (tmp_path / "evil_was_here").exists()


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY", b"noise" * 100])
@pytest.mark.parametrize("suffix", [".npy", ".npz"])
def test_broken_files_are_errors(tmp_path, content, suffix):
    (tmp_path / f"v{suffix}").write_bytes(content)
    with pytest.raises(SourceError, match="not a readable numpy file"):
        read(tmp_path / f"v{suffix}")


def test_a_file_that_ends_early_is_an_error(tmp_path):
    path = save(tmp_path, np.ones((100, 100)))
    path.write_bytes(path.read_bytes()[:-5000])
    with pytest.raises(SourceError, match="not a readable numpy file"):
        read(path)


def test_npz_with_everything(tmp_path):
    path = tmp_path / "v.npz"
    np.savez(
        path,
        vectors=np.arange(6).reshape(3, 2),
        ids=np.array(["b", "a", "c"]),
        labels=np.array([1, 2, 1]),
        splits=np.array(["train", "test", "train"]),
        age=np.array([1.5, 2.5, np.nan]),
        x=np.array([True, False, True]),
        words=np.array(["one", "two"]),
    )
    dataset, vectors = read(path)
    assert dataset.ids == ["b", "a", "c"]
    assert dataset.labels == ["1", "2", "1"]
    assert dataset.rows.column("split").to_pylist() == ["train", "test", "train"]
    assert dataset.own_columns == ["row", "age", "own_x"]
    assert dataset.counts == {"unused array words": 1}
    np.testing.assert_array_equal(vectors, [[0, 1], [2, 3], [4, 5]])


def test_the_only_table_needs_no_name(tmp_path):
    np.savez(tmp_path / "v.npz", anything=np.ones((3, 2)), labels=np.array(["a", "b", "c"]))
    assert read(tmp_path / "v.npz")[0].labels == ["a", "b", "c"]


def test_two_tables_without_a_known_name_are_an_error(tmp_path):
    np.savez(tmp_path / "v.npz", one=np.ones((3, 2)), two=np.ones((3, 2)))
    with pytest.raises(SourceError, match="no array called vectors") as caught:
        read(tmp_path / "v.npz")
    assert "one (3, 2)" in caught.value.hint


def test_chosen_arrays_and_wrong_ones(tmp_path):
    np.savez(tmp_path / "v.npz", vectors=np.ones((2, 2)), kind=np.array(["a", "b"]), code=np.array([7, 8]))
    dataset, _ = read(tmp_path / "v.npz", SourceOptions(label="kind", id="code"))
    assert (dataset.ids, dataset.labels) == (["7", "8"], ["a", "b"])
    with pytest.raises(SourceError, match="no array 'nope'") as caught:
        read(tmp_path / "v.npz", SourceOptions(label="nope"))
    assert "kind, code" in caught.value.hint


def test_ids_that_repeat_are_an_error(tmp_path):
    np.savez(tmp_path / "v.npz", vectors=np.ones((2, 2)), ids=np.array(["a", "a"]))
    with pytest.raises(SourceError, match="rows 0 and 1 the same id 'a'"):
        read(tmp_path / "v.npz")


def test_limit_takes_the_first_ids_wherever_they_lie(tmp_path):
    array = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
    whole, _ = read(save(tmp_path, array))
    some, vectors = read(save(tmp_path, array), SourceOptions(limit=5))
    assert set(some.ids) == set(sorted(whole.ids)[:5])
    np.testing.assert_array_equal(vectors, array[some.rows.column("row").to_numpy()])


@settings(max_examples=60, deadline=None)
@given(
    hnp.arrays(np.float32, st.tuples(st.integers(1, 12), st.integers(1, 3)), elements=st.sampled_from([0.0, -0.0, 1.0, 2.5])),
    st.randoms(),
)
def test_ids_follow_the_vectors_through_any_order(array, random):
    order = list(range(len(array)))
    random.shuffle(order)
    rows = np.arange(len(array))
    ids = _ids(array, rows, {}, SourceOptions())
    shuffled = _ids(np.ascontiguousarray(array[order]), rows, {}, SourceOptions())
    assert len(set(ids)) == len(ids)
    assert sorted(ids) == sorted(shuffled)
    assert all(ids[place].partition("-")[0] == shuffled[new].partition("-")[0] for new, place in enumerate(order))
