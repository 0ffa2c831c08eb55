"""A file of vectors that did not change is not read again, and what is recalled is what reading it would tell."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy

from engines.artifacts import Embeddings
from engines.errors import SourceError
from engines.ingestion import ingest_source
from engines.protocols import SourceOptions, no_progress
from engines.read.vectors import VectorReader
from engines.recipe import Recipe
from engines.store import Store
from engines.told import RecalledRows, Told, tell
from tests.corpus import picture

ARRAY = np.random.default_rng(0).normal(size=(40, 6)).astype(np.float32)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "space")


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """List the files of vectors that are read from here on."""
    found: list[str] = []
    call = VectorReader.__call__

    def counted(self, source, options, **rest):
        found.append(source.name)
        return call(self, source, options, **rest)

    monkeypatch.setattr(VectorReader, "__call__", counted)
    return found


def told(store: Store, *sources: Path, verify: bool = False, **options: object) -> Told:
    return tell(sources, SourceOptions(**options), store, verify=verify, progress=no_progress)


def same(one: Told, other: Told) -> None:
    mine, yours = one.dataset, other.dataset
    assert (mine.key, mine.media_key, mine.columns_key) == (yours.key, yours.media_key, yours.columns_key)
    assert mine.rows.equals(yours.rows)
    assert mine.rejects.equals(yours.rejects)
    assert mine.media.equals(yours.media)
    assert mine.stats.shape == yours.stats.shape
    for name in ("kind", "source", "root", "counts", "origin"):
        assert repr(getattr(mine, name)) == repr(getattr(yours, name)), name  # the order of what is in them counts too
    assert [(name, value.key) for name, value in one.spaces.items()] == [
        (name, value.key) for name, value in other.spaces.items()
    ]
    for name, value in one.spaces.items():
        np.testing.assert_array_equal(value.vectors, other.spaces[name].vectors)


def plain(folder: Path) -> Path:
    np.save(folder / "v.npy", ARRAY)
    return folder / "v.npy"


def doubles_with_gaps(folder: Path) -> Path:
    array = ARRAY.astype(np.float64)
    array[3, 2], array[17, 0] = np.nan, np.inf
    np.save(folder / "v.npy", array)
    return folder / "v.npy"


def full(folder: Path) -> Path:
    ids = np.array([f"row/{number} é" for number in range(len(ARRAY))])
    labels = np.array(["b", "a", "", "ü"] * 10)
    own = {"weight": ARRAY[:, 0].astype(np.float64), "count": np.arange(40), "caption": ids, "good": np.arange(40) > 7}
    given = {"features": ARRAY * 2, "X": ARRAY[:, :3], "vectors": ARRAY, "odd": np.ones(3)}
    np.savez(folder / "v.npz", ids=ids, labels=labels, splits=np.array(["train", "test"] * 20), **own, **given)
    return folder / "v.npz"


def tensors(folder: Path) -> Path:
    safetensors.numpy.save_file({"clip": ARRAY.astype(np.float16), "y": np.arange(40)}, folder / "v.safetensors")
    return folder / "v.safetensors"


@pytest.mark.parametrize("make", [plain, doubles_with_gaps, full, tensors])
def test_what_is_recalled_is_what_reading_tells(tmp_path: Path, store: Store, reads: list[str], make: Callable[[Path], Path]):
    source = make(tmp_path)
    first, again, elsewhere = told(store, source), told(store, source), told(Store(tmp_path / "other"), source)
    assert reads == [source.name] * 2
    same(again, first)
    same(again, elsewhere)
    assert first.fresh == {value.key for value in first.spaces.values()}
    assert not again.fresh


@pytest.mark.parametrize("make", [plain, doubles_with_gaps, full, tensors])
def test_the_bytes_are_hashed_while_they_are_read_and_never_again(
    tmp_path: Path, store: Store, make: Callable[[Path], Path], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("engines.told.vectors_key", None)
    source = make(tmp_path)
    told(store, source)
    told(store, source, limit=5)
    told(store, texts(tmp_path), embeddings=str(source))
    with pytest.raises(TypeError):
        told(store, source, source)  # vectors that were put together have a key of their own


def test_ids_and_keys_stay_what_stored_workspaces_have(tmp_path: Path, store: Store):
    array = np.arange(12, dtype=np.float32).reshape(4, 3)
    np.save(tmp_path / "v.npy", array[[0, 1, 2, 1]])
    found = told(store, tmp_path / "v.npy")
    assert found.dataset.ids == ["75664b4da1c08de9", "7f19efdc4ec8e73f", "e56d6352506f929d", "7f19efdc4ec8e73f-2"]
    assert (found.dataset.key, found.dataset.media_key) == ("4858f6914acc5fd0fabb480b", "83e469c357549f835ecfa3e0")
    assert found.spaces["given"].key == "4dd028b37055fc5284c5b6a8"
    gap = array.astype(np.float64)
    gap[1, 1] = np.nan
    np.savez(tmp_path / "v.npz", clip=array, dino=gap)
    found = told(store, tmp_path / "v.npz")
    assert (found.dataset.key, found.dataset.media_key) == ("af7f010b14c2d032ebb45ac7", "65c23b285eaa78a8bea5f0c6")
    assert [value.key for value in found.spaces.values()] == ["43c19e6f1ff09b79bb36ba2e", "5496350c926e2584f32c15ab"]


@pytest.mark.parametrize("options", [{"limit": 5}, {"label": "count"}, {"id": "caption"}, {"split": "labels"}])
def test_another_option_is_another_reading(tmp_path: Path, store: Store, reads: list[str], options: dict[str, object]):
    source = full(tmp_path)
    told(store, source)
    first, again = told(store, source, **options), told(store, source, **options)
    assert len(reads) == 2
    same(again, first)
    told(store, source)
    assert len(reads) == 2


def rewritten(source: Path, *, keep_time: bool = False, keep_inode: bool = True) -> None:
    """Write other vectors of the same size."""
    before = source.stat()
    raw = source.read_bytes()
    if not keep_inode:
        source.rename(source.with_suffix(".old"))  # it stays, so that its inode is not given away
    with source.open("r+b" if keep_inode else "wb") as stream:
        stream.write(raw[: -ARRAY.nbytes] + (ARRAY + 1).tobytes())
    os.utime(source, ns=(before.st_atime_ns, before.st_mtime_ns + (0 if keep_time else 1_000_000)))
    assert source.stat().st_size == before.st_size
    assert (source.stat().st_ino == before.st_ino) == keep_inode


@pytest.mark.parametrize("kept", [{}, {"keep_time": True, "keep_inode": False}])
def test_a_changed_file_of_the_same_size_is_read_again(tmp_path: Path, store: Store, reads: list[str], kept: dict[str, bool]):
    source = plain(tmp_path)
    told(store, source)
    rewritten(source, **kept)
    changed = told(store, source)
    assert len(reads) == 2
    np.testing.assert_array_equal(changed.spaces["given"].vectors, ARRAY + 1)
    same(told(store, source), changed)
    assert len(reads) == 2


def test_verify_reads_again_and_what_it_finds_is_recalled(tmp_path: Path, store: Store, reads: list[str]):
    source = plain(tmp_path)
    told(store, source)
    same(told(store, source, verify=True), told(store, source))
    assert len(reads) == 2
    rewritten(source, keep_time=True)
    np.testing.assert_array_equal(told(store, source).spaces["given"].vectors, ARRAY)
    np.testing.assert_array_equal(told(store, source, verify=True).spaces["given"].vectors, ARRAY + 1)
    np.testing.assert_array_equal(told(store, source).spaces["given"].vectors, ARRAY + 1)
    assert len(reads) == 3


def test_a_broken_memory_is_made_anew(tmp_path: Path, store: Store, reads: list[str]):
    source = plain(tmp_path)
    first = told(store, source)
    (note,) = (store.root / "scratch" / "vectors").iterdir()
    for wrong in (b"", b"[]", b"null", b"\xff\x00", b'{"state": 1}'):
        note.write_bytes(wrong)
        same(told(store, source), first)
    assert len(reads) == 6
    (rows,) = (store.root / "values" / RecalledRows.kind_name).iterdir()
    (rows / "rows.parquet").write_bytes(b"PAR1")
    same(told(store, source), first)
    for part in (rows / "value.json", store.folder(Embeddings, first.spaces["given"].key) / "vectors.npy"):
        part.unlink()
        same(told(store, source), first)
    assert len(reads) == 9


@pytest.mark.parametrize("joined", [False, True])
def test_a_file_that_changes_while_it_is_read_leaves_nothing_behind(
    tmp_path: Path, store: Store, reads: list[str], monkeypatch: pytest.MonkeyPatch, joined: bool
):
    vectors = plain(tmp_path)
    source, options = (texts(tmp_path), {"embeddings": str(vectors)}) if joined else (vectors, {})
    call = VectorReader.__call__

    def disturbed(self, path, options, **rest):
        made = call(self, path, options, **rest)
        if len(reads) == 1:
            rewritten(path)
        return made

    monkeypatch.setattr(VectorReader, "__call__", disturbed)
    with pytest.raises(SourceError, match="changed while it was read") as caught:
        told(store, source, **options)
    assert caught.value.hint
    np.testing.assert_array_equal(told(store, source, **options).spaces["given"].vectors, ARRAY + 1)
    np.save(vectors, ARRAY)
    # Not the other numbers that lay in the file when those of this key were copied.
    np.testing.assert_array_equal(told(store, source, **options).spaces["given"].vectors, ARRAY)


def test_several_files_are_recalled_as_one(tmp_path: Path, store: Store, reads: list[str]):
    one = plain(tmp_path)
    other = tmp_path / "w.npy"
    np.save(other, ARRAY)
    first = told(store, one, other)
    same(told(store, one, other), first)
    assert len(reads) == 2
    rewritten(other)
    assert told(store, one, other).dataset.key != first.dataset.key
    assert told(store, other, one).dataset.ids != first.dataset.ids


def texts(folder: Path, count: int = 40) -> Path:
    lines = [f"r{number},words of row {number}" for number in range(count)]
    (folder / "t.csv").write_text("\n".join(["id,text", *lines]) + "\n")
    return folder / "t.csv"


def test_embeddings_of_a_file_are_recalled_with_the_rows_that_lack_one(tmp_path: Path, store: Store, reads: list[str]):
    source, vectors = texts(tmp_path), tmp_path / "v.npz"
    ids = np.array([f"r{number}" for number in range(39, 4, -1)])
    np.savez(vectors, clip=ARRAY[:35], vectors=ARRAY[5:], ids=ids)
    first = told(store, source, embeddings=str(vectors))
    again = told(store, source, embeddings=str(vectors))
    assert len(reads) == 1
    same(again, first)
    same(again, told(Store(tmp_path / "other"), source, embeddings=str(vectors)))
    assert (len(again.dataset), len(again.dataset.rejects), list(again.spaces)) == (35, 5, ["vectors", "clip"])
    np.testing.assert_array_equal(again.spaces["clip"].vectors, ARRAY[:35][::-1])


def test_embeddings_are_joined_again_where_the_file_or_the_rows_changed(tmp_path: Path, store: Store, reads: list[str]):
    source, vectors = texts(tmp_path), plain(tmp_path)
    told(store, source, embeddings=str(vectors))
    rewritten(vectors)
    np.testing.assert_array_equal(told(store, source, embeddings=str(vectors)).spaces["given"].vectors, ARRAY + 1)
    assert len(reads) == 2
    rewritten(vectors, keep_time=True)
    told(store, source, embeddings=str(vectors), verify=True)
    assert len(reads) == 3
    texts(tmp_path, 39)
    with pytest.raises(SourceError, match="holds 40 vectors, the source 39 rows"):
        told(store, source, embeddings=str(vectors))


def test_embeddings_of_a_table_are_recalled(tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "v.jsonl").write_text("\n".join(f'{{"emb": {row.tolist()}}}' for row in ARRAY))
    source = texts(tmp_path)
    first = told(store, source, embeddings=str(tmp_path / "v.jsonl"))
    monkeypatch.setattr("engines.read.vectors_join.join_vectors", None)
    same(told(store, source, embeddings=str(tmp_path / "v.jsonl")), first)


def test_vectors_of_the_source_stay_beside_recalled_ones(tmp_path: Path, store: Store, reads: list[str]):
    source, vectors = plain(tmp_path), tmp_path / "w.npy"
    np.save(vectors, ARRAY * 2)
    first = told(store, source, embeddings=str(vectors))
    same(told(store, source, embeddings=str(vectors)), first)
    assert (len(reads), list(first.spaces)) == (2, ["given", "given-2"])
    rewritten(source)
    np.testing.assert_array_equal(told(store, source, embeddings=str(vectors)).spaces["given-2"].vectors, ARRAY + 1)


def test_all_given_embeddings_have_the_rows_of_the_pictures(tmp_path: Path, store: Store):
    (tmp_path / "d").mkdir()
    for number in range(6):
        picture(number).save(tmp_path / "d" / f"{number}.png")
    (tmp_path / "d" / "2.png").write_bytes(b"no picture")
    np.savez(tmp_path / "v.npz", one=ARRAY[:6], other=ARRAY[6:12])
    options = SourceOptions(embeddings=str(tmp_path / "v.npz"))
    for cached in (False, True):
        made = ingest_source((tmp_path / "d",), options, Recipe(), store, verify=False, progress=no_progress)
        assert (made.cached, made.dataset.ids) == (cached, ["0.png", "1.png", "3.png", "4.png", "5.png"])
        for name, array in (("one", ARRAY[:6]), ("other", ARRAY[6:12])):
            np.testing.assert_array_equal(made.given[name].vectors, np.delete(array, 2, axis=0))


def test_the_first_ingestion_of_vectors_is_not_called_cached(tmp_path: Path, store: Store):
    source = plain(tmp_path)
    made = [
        ingest_source((source,), SourceOptions(), Recipe(), store, verify=verify, progress=no_progress)
        for verify in (False, False, True)
    ]
    assert [one.cached for one in made] == [False, True, True]
    assert len({(one.embeddings.key, one.dataset.key) for one in made}) == 1


def test_vectors_are_read_and_written_in_blocks_between_which_a_person_can_cancel(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("engines.read.vectors_pass.BLOCK_BYTES", 16 * ARRAY[0].nbytes)
    monkeypatch.setattr("engines.store.BLOCK_BYTES", 16 * ARRAY[0].nbytes)
    said: list[tuple[float, str]] = []
    tell(
        [plain(tmp_path)],
        SourceOptions(),
        store,
        verify=False,
        progress=lambda fraction, message: said.append((fraction, message)),
    )
    words = " ".join(message for _, message in said)
    assert all(f"reading {stop} of 40" in words for stop in (16, 32, 40))
    assert all(f"writing {start} of 40" in words for start in (0, 16, 32))
    assert [fraction for fraction, _ in said] == sorted(fraction for fraction, _ in said)
