import contextlib
import json
import pickle
import random
import tempfile
import zipfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import psutil
import pytest
import safetensors.numpy
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from engines.errors import EnvironmentFault, SourceError
from engines.protocols import SourceOptions, no_progress
from engines.read.vectors import VectorReader
from tests.engines.read.reading import read


def reading_of(path: Path):
    return VectorReader()(path, SourceOptions(), scratch=path.parent, progress=no_progress)


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


def header(descr: str, shape: str) -> bytes:
    """Give a .npy file of 64 bytes of zeros under a header of one's own."""
    told = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}".encode()
    told += b" " * (-(len(told) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(told).to_bytes(2, "little") + told + bytes(64)


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (header("__import__('pathlib').Path('evil_was_here').touch()", "(2, 2)"), "its header does not describe an array"),
        (header("'<f4'", "(" * 3000 + ")" * 3000), "its header does not describe an array"),
        (header("'<f4'", "(-1, 4)"), "negative"),
        (header("'<f4'", "(2.0, 4)"), "shape is not valid"),
        (header("'<f4'", f"({10**15}, 4)"), "mmap length"),
        (header("'<f4'", f"({2**40}, {2**40})"), "too big"),
        (header("[('a', 'O')]", "(2, 2)"), "Python objects"),
        (header("[('a', '<f4'), ('b', '<i4')]", "(2, 2)"), "where numbers are needed"),
        (header("('<f4', (3,))", "(2, 2)"), "two dimensions"),
        (header("'<M8[s]'", "(2, 2)"), "where numbers are needed"),
        (header("'<f4'", f"({10**18}, 0)"), "holds no vectors"),
    ],
)
def test_a_header_that_is_not_honest_is_an_error_in_words(tmp_path, monkeypatch, raw, words):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "v.npy").write_bytes(raw)
    with pytest.raises(SourceError, match=words) as caught:
        read(tmp_path / "v.npy")
    assert caught.value.hint
    assert "0x" not in str(caught.value)
    assert len(str(caught.value)) < 500
    assert not (tmp_path / "evil_was_here").exists()


def test_what_lies_behind_the_array_does_not_matter(tmp_path):
    path = save(tmp_path, np.ones((3, 2), dtype=np.float32))
    path.write_bytes(path.read_bytes() + b"more is being written")
    np.testing.assert_array_equal(read(path)[1], np.ones((3, 2)))


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


def test_two_tables_of_different_length_without_a_known_name_are_an_error(tmp_path):
    np.savez(tmp_path / "v.npz", one=np.ones((3, 2)), two=np.ones((4, 2)))
    with pytest.raises(SourceError, match="no array called vectors") as caught:
        read(tmp_path / "v.npz")
    assert "one (3, 2)" in caught.value.hint


def test_several_tables_of_one_length_are_embeddings_by_name(tmp_path):
    np.savez(
        tmp_path / "v.npz",
        clip=np.ones((3, 2)),
        vectors=np.full((3, 4), 2.0, np.float16),
        centroids=np.ones((5, 4)),
        probs=np.ones((3, 7)),
        ids=np.array(["a", "b", "c"]),
    )
    reading = reading_of(tmp_path / "v.npz")
    # What has a usual name feeds the map, the others follow in the order of the file.
    assert {name: array.shape for name, array in reading.vectors.items()} == {"vectors": (3, 4), "clip": (3, 2)}
    assert list(reading.vectors) == ["vectors", "clip"]
    assert reading.dataset.ids == ["a", "b", "c"]
    assert set(reading.dataset.counts) == {"unused array centroids", "unused array probs"}
    assert reading.dataset.origin["roles"] == {"id": "ids", "vectors": ["vectors", "clip"]}


def test_a_row_needs_a_vector_in_every_table(tmp_path):
    one, two = np.ones((4, 2)), np.full((4, 3), 2.0)
    one[1, 0], two[2, 1] = np.nan, np.inf
    np.savez(tmp_path / "v.npz", one=one, two=two)
    reading = reading_of(tmp_path / "v.npz")
    assert [(record["row"], record["reason"]) for record in reading.dataset.rejects.to_pylist()] == [
        (1, "its vector of 'one' holds NaN or infinity"),
        (2, "its vector of 'two' holds NaN or infinity"),
    ]
    assert [array.shape for array in reading.vectors.values()] == [(2, 2), (2, 3)]
    assert reading.dataset.rows.column("row").to_pylist() == [0, 3]


def test_the_only_table_is_called_given(tmp_path):
    np.savez(tmp_path / "v.npz", clip=np.ones((3, 2)), probabilities=np.ones((3, 2)))
    assert list(reading_of(tmp_path / "v.npz").vectors) == ["given"]


def test_float32_stays_on_disk(tmp_path):
    array = np.random.default_rng(0).normal(size=(50, 7)).astype(np.float32)
    vectors = read(save(tmp_path, array))[1]
    assert isinstance(vectors, np.memmap)
    np.testing.assert_array_equal(vectors, array)


def test_an_archive_that_unpacks_to_more_than_memory_is_refused_before_it_is_unpacked(tmp_path):
    with zipfile.ZipFile(tmp_path / "v.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("vectors.npy", b"x" * 1000)
    raw = (tmp_path / "v.npz").read_bytes()
    # What the directory says about the size of its member: nearly 4 GiB, and a terabyte by eight such.
    (tmp_path / "v.npz").write_bytes(raw.replace((1000).to_bytes(4, "little"), (2**32 - 2).to_bytes(4, "little")))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=2**31))
        with pytest.raises(EnvironmentFault, match=r"unpacks to 4\.0 GiB"):
            reading_of(tmp_path / "v.npz")


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


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int8", "int64", "uint16", "bool"])
def test_safetensors_of_any_kind_of_numbers(tmp_path, dtype):
    array = np.arange(12).reshape(4, 3).astype(dtype)
    safetensors.numpy.save_file(
        {"vectors": array, "labels": np.array([1, 2, 1, 3]), "age": np.ones(4) / 2}, tmp_path / "v.safetensors"
    )
    dataset, vectors = read(tmp_path / "v.safetensors")
    np.testing.assert_array_equal(vectors, array.astype(np.float32))
    assert vectors.dtype == np.float32
    assert dataset.labels == ["1", "2", "1", "3"]
    assert dataset.rows.column("age").to_pylist() == [0.5] * 4


def test_several_tensors_are_embeddings_by_name(tmp_path):
    tensors = {"b": np.ones((3, 2), np.float32), "a": np.full((3, 5), 0.5, np.float16), "scalar": np.zeros((), np.float32)}
    safetensors.numpy.save_file(tensors, tmp_path / "v.safetensors", metadata={"made": "by hand"})
    reading = reading_of(tmp_path / "v.safetensors")
    assert {name: array.shape for name, array in reading.vectors.items()} == {"a": (3, 5), "b": (3, 2)}
    assert reading.dataset.counts == {"unused array scalar": 1}


def test_bfloat16_is_read_exactly(tmp_path):
    tensor = torch.randn(5, 7).to(torch.bfloat16)
    save_file({"vectors": tensor}, tmp_path / "v.safetensors")
    np.testing.assert_array_equal(read(tmp_path / "v.safetensors")[1], tensor.float().numpy())


def raw_safetensors(header: object, data: bytes = b"", length: int | None = None) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return (len(text) if length is None else length).to_bytes(8, "little") + text + data


def tensor(**changes: object) -> dict:
    return {"vectors": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16], **changes}}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "does not fit"),
        (b"abc", "does not fit"),
        (raw_safetensors({}, length=2**63), "does not fit"),
        (raw_safetensors(b"{broken"), "not JSON"),
        (raw_safetensors(b"[" * 100_000), "not JSON"),
        (raw_safetensors([1]), "not a JSON object"),
        (raw_safetensors({}), "holds no array called vectors"),
        (raw_safetensors({"vectors": 5}), "does not describe"),
        (raw_safetensors(tensor(), b"x" * 15), "does not lie in it"),
        (raw_safetensors(tensor(data_offsets=[0, 12]), b"x" * 16), "does not lie in it"),
        (raw_safetensors(tensor(data_offsets=[-16, 0]), b"x" * 16), "shape or place"),
        (raw_safetensors(tensor(data_offsets=[16, 0]), b"x" * 16), "does not lie in it"),
        (raw_safetensors(tensor(shape=[2, -2]), b"x" * 16), "shape or place"),
        (raw_safetensors(tensor(shape="2,2"), b"x" * 16), "shape or place"),
        (raw_safetensors(tensor(shape=[2**40, 2**40]), b"x" * 16), "does not lie in it"),
        (raw_safetensors(tensor(dtype="F8_E4M3", data_offsets=[0, 4]), b"x" * 4), "F8_E4M3, which is not read"),
        (raw_safetensors(tensor(shape=[16], dtype="U8"), b"x" * 16), "two dimensions"),
    ],
)
def test_a_header_that_lies_is_an_error(tmp_path, content, words):
    (tmp_path / "v.safetensors").write_bytes(content)
    with pytest.raises(SourceError, match=words) as caught:
        read(tmp_path / "v.safetensors")
    assert caught.value.hint


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(["v.npy", "v.npz", "c.npz", "v.safetensors"]), st.booleans(), st.integers(0, 10**6))
def test_damaged_files_give_rows_or_an_error(name, cut, seed):
    place = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        array = np.arange(24, dtype=np.float32).reshape(6, 4)
        if path.suffix == ".npy":
            np.save(path, array)
        elif path.suffix == ".safetensors":
            safetensors.numpy.save_file({"a": array, "b": array[:, :2].copy(), "labels": np.arange(6)}, path)
        else:
            (np.savez_compressed if name == "c.npz" else np.savez)(path, a=array, b=array[:, :2], labels=np.arange(6))
        raw = bytearray(path.read_bytes())
        if cut:
            del raw[place.randrange(len(raw)) :]
        for _ in range(0 if cut else place.randrange(1, 8)):
            raw[place.randrange(len(raw))] = place.randrange(256)
        path.write_bytes(raw)
        with contextlib.suppress(SourceError, EnvironmentFault):
            assert 1 <= len(reading_of(path).dataset) <= 10_000
