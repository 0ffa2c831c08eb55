import sqlite3

import pytest

from explorer import early


@pytest.fixture
def cache(tmp_path):
    path = tmp_path / "thumbs.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE facts (content BLOB PRIMARY KEY, thumb BLOB)")
        connection.executemany("INSERT INTO facts VALUES (?, ?)", [(b"z", b"first"), (b"a", b"second")])
    connection.close()
    return path


def test_thumbnails_come_in_the_order_in_which_they_were_made(cache):
    assert early.ready(cache) == 2
    assert early.thumb(cache, 0) == b"first"
    assert early.thumb(cache, 1) == b"second"


@pytest.mark.parametrize("number", [2, -1, 10**9])
def test_others_are_unknown(cache, number):
    assert early.thumb(cache, number) is None


def test_no_cache_is_none_and_none_is_made(tmp_path):
    path = tmp_path / "none.sqlite"
    assert early.ready(path) == 0
    assert early.thumb(path, 0) is None
    assert not path.exists()


def test_a_damaged_cache_is_none(tmp_path):
    path = tmp_path / "broken.sqlite"
    path.write_bytes(b"not a database" * 100)
    assert early.ready(path) == 0
    assert early.thumb(path, 0) is None
