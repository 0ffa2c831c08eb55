import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from engines.artifacts import PictureFacts
from engines.embed.decode import decode
from engines.embed.facts import measure
from engines.embed.rowcache import Batch, CacheLost, RowCache
from engines.errors import EnvironmentFault
from tests import corpus

ONE, TWO = "11" * 16, "22" * 16


def batch(content: str = ONE, encoder: str = "e") -> Batch:
    raw = corpus.saved(corpus.picture(1), "JPEG")
    facts = {"content_hash": content, "file_size": len(raw), **measure(decode(raw, 256))}
    vector = np.arange(4, dtype=np.float32) + int(content[0])
    return Batch(
        encoder=encoder,
        files=[(b"/a/\xff.jpg", 5, 6, 7, content)],
        facts=[(facts, b"thumb " + content[:2].encode())],
        vectors=[(content, vector, np.ones(3, np.float16))],
    )


@pytest.fixture
def cache(tmp_path):
    with RowCache(tmp_path / "thumbs.sqlite") as made:
        yield made


def test_what_is_written_comes_back(cache):
    cache.write(batch(ONE))
    cache.write(batch(TWO))
    facts = cache.facts([TWO, ONE, TWO])
    assert PictureFacts(key="k", facts=facts).column("content_hash").tolist() == [TWO, ONE, TWO]
    vectors, probabilities = cache.vectors([TWO, ONE, TWO], "e")
    assert vectors[:, 0].tolist() == [2, 1, 2]
    assert probabilities.shape == (3, 3)
    assert cache.thumb(ONE) == b"thumb 11"
    assert cache.thumb("33" * 16) is None


def test_large_hashes_keep_their_highest_bit(cache):
    made = batch()
    made.facts[0][0]["phash"] = 2**64 - 1
    cache.write(made)
    assert cache.facts([ONE]).column("phash").to_pylist() == [2**64 - 1]


def test_files_are_known_while_nothing_of_them_changes(cache):
    cache.write(batch())
    assert cache.known_files([(b"/a/\xff.jpg", 5, 6, 7)]) == [ONE]
    others = [(b"/a/\xff.jpg", 4, 6, 7), (b"/a/\xff.jpg", 5, 9, 7), (b"/a/\xff.jpg", 5, 6, 8), (b"/b.jpg", 5, 6, 7)]
    assert cache.known_files(others) == [None] * 4


def test_states(cache):
    made = batch()
    made.broken = [(TWO, "truncated")]
    cache.write(made)
    states = cache.states([ONE, TWO], "other")
    assert (states[ONE].facts, states[ONE].vector, states[ONE].broken) == (True, False, None)
    assert states[TWO].broken == "truncated"
    assert cache.states([ONE], "e")[ONE].vector


def test_one_state_is_the_same_as_many(cache):
    made = batch()
    made.broken = [(TWO, "truncated")]
    cache.write(made)
    for encoder in ("e", "other"):
        for content, state in cache.states([ONE, TWO, "33" * 16], encoder).items():
            assert cache.state(content, encoder) == state


def test_missing_rows_are_reported(cache):
    cache.write(batch())
    with pytest.raises(CacheLost):
        cache.facts([ONE, TWO])
    with pytest.raises(CacheLost):
        cache.vectors([ONE], "other")


def test_more_keys_than_one_query_takes(cache):
    contents = [f"{number:032x}" for number in range(1000)]
    vector, shares = np.zeros(2, np.float32), np.zeros(0, np.float16)
    cache.write(Batch(encoder="e", vectors=[(content, vector + row, shares) for row, content in enumerate(contents)]))
    vectors, probabilities = cache.vectors(contents[::-1], "e")
    assert vectors[:, 0].tolist() == list(range(999, -1, -1))
    assert probabilities.shape == (1000, 0)


def test_it_is_there_after_closing(tmp_path):
    with RowCache(tmp_path / "c.sqlite") as one:
        one.write(batch())
    with RowCache(tmp_path / "c.sqlite") as two:
        assert two.thumb(ONE) == b"thumb 11"


@pytest.mark.parametrize("content", [b"not a database at all" * 100, b"SQLite format 3\x00" + bytes(2000)])
def test_a_damaged_file_is_moved_aside(tmp_path, content):
    path = tmp_path / "thumbs.sqlite"
    path.write_bytes(content)
    with RowCache(path) as cache:
        cache.write(batch())
        assert cache.thumb(ONE)
    assert (tmp_path / "thumbs.sqlite.broken").read_bytes() == content


def test_a_database_of_another_program_is_moved_aside_whole(tmp_path):
    path = tmp_path / "thumbs.sqlite"
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE precious (a)")
    other.commit()
    other.close()
    with RowCache(path) as cache:
        assert cache.thumb(ONE) is None
    kept = sqlite3.connect(tmp_path / "thumbs.sqlite.broken")
    assert kept.execute("SELECT name FROM sqlite_master").fetchall() == [("precious",)]
    kept.close()


def test_damage_in_the_middle_is_reported_once_and_mended(tmp_path):
    path = tmp_path / "thumbs.sqlite"
    with RowCache(path) as cache:
        cache.write(batch())
    whole = bytearray(path.read_bytes())
    whole[200:] = bytes(len(whole) - 200)
    path.write_bytes(whole)
    with RowCache(path) as cache:
        cache.write(batch())
        assert cache.facts([ONE]).num_rows == 1


def test_another_version_starts_anew(tmp_path, monkeypatch):
    path = tmp_path / "thumbs.sqlite"
    with RowCache(path) as cache:
        cache.write(batch())
    monkeypatch.setattr("engines.embed.rowcache.VERSION", 7)
    with RowCache(path) as cache:
        assert cache.thumb(ONE) is None
    assert not (tmp_path / "thumbs.sqlite.broken").exists()


def test_a_folder_that_cannot_be_written_is_the_machines_fault(tmp_path):
    with pytest.raises(EnvironmentFault, match="cannot be used") as caught:
        RowCache(tmp_path / "no" / "such" / "folder" / "thumbs.sqlite")
    assert "--workspace" in caught.value.hint


def test_threads_and_two_caches_on_one_file(tmp_path):
    path = tmp_path / "thumbs.sqlite"

    def work(cache: RowCache, first: int) -> int:
        for number in range(first, first + 20):
            content = f"{number:032x}"
            cache.write(Batch(encoder="e", vectors=[(content, np.ones(2, np.float32), np.zeros(0, np.float16))]))
            assert cache.vectors([content], "e")[0].shape == (1, 2)
        return 20

    with RowCache(path) as one, RowCache(path) as two, ThreadPoolExecutor(4) as pool:
        written = [pool.submit(work, cache, 100 * number) for number, cache in enumerate((one, two, one, two))]
        assert sum(future.result() for future in written) == 80
        contents = [f"{100 * start + number:032x}" for start in range(4) for number in range(20)]
        assert one.vectors(contents, "e")[0].shape == (80, 2)


def test_many_start_at_once_on_a_fresh_file(tmp_path):
    barrier = threading.Barrier(8)

    def start(number: int) -> bool:
        barrier.wait()
        with RowCache(tmp_path / "thumbs.sqlite") as cache:
            cache.write(batch(f"{number:02}" * 16))
            return cache.thumb(f"{number:02}" * 16) is not None

    for _ in range(4):
        with ThreadPoolExecutor(8) as pool:
            assert all(pool.map(start, range(8)))
        for file in tmp_path.iterdir():
            file.unlink()
