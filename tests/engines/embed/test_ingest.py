import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from engines.embed import ENGINES
from engines.embed.efficientnet import EfficientNetLite0
from engines.embed.ingest import ENCODE, ingest
from engines.embed.rowcache import RowCache
from engines.errors import Cancelled, SourceError
from engines.protocols import EncodedBatch
from engines.read.names import escape
from tests import corpus
from tests.engines.read.reading import read

Pixels = ENGINES.load("pixels")


@pytest.fixture
def cache(tmp_path):
    with RowCache(tmp_path / "thumbs.sqlite") as made:
        yield made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two classes of six pictures, the last one a copy of the first."""
    for number in range(12):
        target = tmp_path / "set" / ("cat" if number < 6 else "dog") / f"{number:02}.jpg"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(corpus.saved(corpus.picture(number % 11), "JPEG"))
    return tmp_path / "set"


def rows(folder: Path):
    return read(folder)[0]


def test_every_case_of_the_corpus_becomes_what_it_must(tmp_path, cache):
    written = corpus.build(tmp_path / "set")
    made = ingest(rows(tmp_path / "set"), Pixels(), cache=cache)
    reasons = {record["id"]: record["reason"] for record in made.dataset.rejects.to_pylist()}
    good = {escape(path) for path, case in written.items() if case.reason is None}
    assert set(made.dataset.ids) == good
    assert set(reasons) == {escape(path) for path, case in written.items() if case.reason is not None}
    for path, case in written.items():
        assert case.reason is None or case.reason in reasons[escape(path)], (path, reasons[escape(path)])
    assert len(made.facts) == len(made.embeddings) == len(good)
    for content in made.facts.column("content_hash"):
        thumb = cache.thumb(content)
        assert thumb is not None
        assert thumb.startswith(b"\xff\xd8")


def test_vectors_lie_in_the_order_of_the_rows(folder, cache):
    encoder = Pixels()
    made = ingest(rows(folder), encoder, cache=cache)
    for row in range(len(made.dataset)):
        from PIL import Image

        with Image.open(folder / made.dataset.ids[row]) as image:
            expected = encoder(encoder.prepare(image.convert("RGB"))[None]).vectors[0]
        np.testing.assert_array_equal(made.embeddings.vectors[row], expected)
    assert made.embeddings.encoder == "pixels"
    assert made.dataset.labels == ["cat"] * 6 + ["dog"] * 6


def test_the_order_of_the_rows_only_permutes(folder, tmp_path):
    dataset = rows(folder)
    order = np.random.default_rng(0).permutation(len(dataset))
    with RowCache(tmp_path / "a.sqlite") as one, RowCache(tmp_path / "b.sqlite") as two:
        encoder = EfficientNetLite0()
        straight = ingest(dataset, encoder, cache=one)
        shuffled = ingest(dataset.take(order), encoder, cache=two)
    np.testing.assert_array_equal(shuffled.embeddings.vectors, straight.embeddings.vectors[order])
    np.testing.assert_array_equal(shuffled.embeddings.probabilities, straight.embeddings.probabilities[order])
    assert shuffled.facts.facts.equals(straight.facts.facts.take(order))
    assert shuffled.dataset.ids == [straight.dataset.ids[row] for row in order]


def test_a_second_time_nothing_is_opened(folder, cache, monkeypatch):
    first = ingest(rows(folder), Pixels(), cache=cache)
    assert (first.decoded, first.encoded) == (11, 11)

    def refuse(*_: object):
        raise AssertionError("opened a file")

    monkeypatch.setattr("engines.embed.reading.read_place", refuse)
    second = ingest(rows(folder), Pixels(), cache=cache)
    assert (second.decoded, second.encoded) == (0, 0)
    assert (second.embeddings.key, second.facts.key, second.dataset.key) == (
        first.embeddings.key,
        first.facts.key,
        first.dataset.key,
    )
    np.testing.assert_array_equal(second.embeddings.vectors, first.embeddings.vectors)


def test_touched_moved_and_verified_files_are_not_decoded_again(folder, cache, tmp_path):
    first = ingest(rows(folder), Pixels(), cache=cache)
    os.utime(folder / "cat" / "00.jpg", ns=(1, 1))
    touched = ingest(rows(folder), Pixels(), cache=cache)
    verified = ingest(rows(folder), Pixels(), cache=cache, verify=True)
    folder.rename(tmp_path / "elsewhere")
    moved = ingest(rows(tmp_path / "elsewhere"), Pixels(), cache=cache)
    for again in (touched, verified, moved):
        assert (again.decoded, again.encoded) == (0, 0)
        assert (again.embeddings.key, again.facts.key, again.dataset.media_key) == (
            first.embeddings.key,
            first.facts.key,
            first.dataset.media_key,
        )


def test_verify_sees_what_size_and_time_hide(folder, cache):
    first = ingest(rows(folder), Pixels(), cache=cache)
    victim = folder / "cat" / "01.jpg"
    before, raw = victim.stat(), bytearray(victim.read_bytes())
    raw[-40] ^= 0xFF
    with victim.open("r+b") as handle:
        handle.write(raw)
    os.utime(victim, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert ingest(rows(folder), Pixels(), cache=cache).dataset.media_key == first.dataset.media_key
    assert ingest(rows(folder), Pixels(), cache=cache, verify=True).dataset.media_key != first.dataset.media_key


def test_only_what_is_new_is_decoded_and_a_new_encoder_encodes_all(folder, cache):
    ingest(rows(folder), Pixels(), cache=cache)
    (folder / "dog" / "new.jpg").write_bytes(corpus.saved(corpus.picture(77), "JPEG"))
    added = ingest(rows(folder), Pixels(), cache=cache)
    assert (added.decoded, added.encoded, len(added.dataset)) == (1, 1, 13)
    other = ingest(rows(folder), Pixels(side=8), cache=cache)
    assert other.encoded == 12
    assert other.facts.key == added.facts.key
    assert other.embeddings.key != added.embeddings.key


def test_a_new_bad_file_changes_only_the_rejects(folder, cache):
    first = ingest(rows(folder), Pixels(), cache=cache)
    (folder / "cat" / "bad.jpg").write_bytes(b"no picture")
    for _ in range(2):  # the second time the reason comes from the cache
        after = ingest(rows(folder), Pixels(), cache=cache)
        assert after.embeddings.key == first.embeddings.key
        assert after.dataset.media_key == first.dataset.media_key
        assert after.dataset.columns_key == first.dataset.columns_key
        assert after.dataset.key != first.dataset.key
        (record,) = after.dataset.rejects.to_pylist()
        assert (record["id"], record["stage"]) == ("cat/bad.jpg", "embed")
        assert "no known picture format" in record["reason"]


def test_limit_counts_usable_rows_in_order(folder, cache):
    (folder / "cat" / "00.jpg").write_bytes(b"broken")
    (folder / "cat" / "02.jpg").write_bytes(b"")
    made = ingest(rows(folder), Pixels(), cache=cache, limit=3)
    assert made.dataset.ids == ["cat/01.jpg", "cat/03.jpg", "cat/04.jpg"]
    assert made.rows.tolist() == [1, 2, 3]
    assert ingest(rows(folder), Pixels(), cache=cache, limit=3).embeddings.key == made.embeddings.key
    assert len(ingest(rows(folder), Pixels(), cache=cache, limit=99).dataset) == 10


def test_files_that_vanish_are_rejects(folder, cache):
    dataset = rows(folder)
    (folder / "dog" / "07.jpg").unlink()
    made = ingest(dataset, Pixels(), cache=cache)
    (record,) = made.dataset.rejects.to_pylist()
    assert "disappeared" in record["reason"]
    assert len(made.dataset) == 11


def test_copies_of_a_broken_file_are_all_rejects(folder, cache):
    for name in ("a", "b", "c"):
        (folder / "cat" / f"{name}.jpg").write_bytes(b"the same broken bytes")
    made = ingest(rows(folder), Pixels(), cache=cache, threads=8)
    assert [record["id"] for record in made.dataset.rejects.to_pylist()] == ["cat/a.jpg", "cat/b.jpg", "cat/c.jpg"]


def test_nothing_usable_is_an_error_with_the_first_reason(tmp_path, cache):
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "a.jpg").write_bytes(b"no")
    with pytest.raises(SourceError, match="none of 1 pictures") as caught:
        ingest(rows(tmp_path / "set"), Pixels(), cache=cache)
    assert "a.jpg: not a picture" in caught.value.hint


class NotFinite:
    modality, vocabulary, input_side = "pictures", "", 8

    def prepare(self, picture):
        return np.array([picture.getpixel((0, 0))[0]], dtype=np.float32)

    def __call__(self, prepared):
        vectors = np.where(prepared == prepared[0], np.nan, prepared).astype(np.float32)
        return EncodedBatch(vectors=vectors, probabilities=np.empty((len(vectors), 0), np.float16))


def test_a_vector_that_is_not_finite_is_a_reject(folder, cache, monkeypatch):
    monkeypatch.setattr("engines.embed.ingest.chain", lambda *_, **__: "key of a stranger")
    made = ingest(rows(folder), NotFinite(), cache=cache)
    reasons = {record["reason"] for record in made.dataset.rejects.to_pylist()}
    assert reasons == {"the encoder gave no finite vector for it"}
    assert "cat/00.jpg" not in made.dataset.ids
    assert made.embeddings.encoder == "NotFinite"


def test_cancelling_keeps_what_was_done(folder, cache, monkeypatch):
    monkeypatch.setattr("engines.embed.ingest.REPORT_SECONDS", 0.0)

    def stop(fraction, message):
        assert "of 12 pictures" in message
        if fraction > 0.4:
            raise Cancelled

    with pytest.raises(Cancelled):
        ingest(rows(folder), Pixels(), cache=cache, progress=stop)
    assert 0 < ingest(rows(folder), Pixels(), cache=cache).decoded < 11


def test_the_cache_may_be_damaged_in_the_middle(folder, tmp_path):
    with RowCache(tmp_path / "c.sqlite") as cache:
        first = ingest(rows(folder), Pixels(), cache=cache)
        cache.close()
        (tmp_path / "c.sqlite").write_bytes(b"noise" * 1000)
        again = ingest(rows(folder), Pixels(), cache=cache)
    assert again.embeddings.key == first.embeddings.key
    assert again.decoded == 11


class Counting:
    """Two numbers per picture, as floats; remembers the sizes of its batches."""

    modality, vocabulary, input_side, batch_size = "pictures", "", 8, 5

    def __init__(self):
        self.batches = []

    def prepare(self, picture):
        return np.asarray(picture.resize((2, 1)).convert("L"), dtype=np.float32).reshape(2)

    def __call__(self, prepared):
        assert prepared.dtype == np.float32
        self.batches.append(len(prepared))
        return EncodedBatch(vectors=prepared, probabilities=np.empty((len(prepared), 0), np.float16))


@pytest.fixture
def counting(monkeypatch):
    monkeypatch.setattr("engines.embed.ingest.chain", lambda *_, **__: "key of a stranger")
    return Counting()


def test_an_encoder_states_how_many_pictures_it_wants_at_once(folder, cache, counting):
    ingest(rows(folder), counting, cache=cache)
    assert counting.batches == [5, 5, 1]


def test_far_apart_copies_are_decoded_once_and_little_is_remembered(tmp_path, cache, counting, monkeypatch):
    from engines.embed.reading import Pictures

    (tmp_path / "set").mkdir()
    for number in range(240):
        raw = corpus.saved(corpus.picture(number % 160, (12, 10)), "PNG")
        (tmp_path / "set" / f"{number:03}.png").write_bytes(raw)
    remembered = []
    forget = Pictures.forget

    def watched(self, contents):
        remembered.append(len(self._claims))
        forget(self, contents)

    monkeypatch.setattr(Pictures, "forget", watched)
    made = ingest(rows(tmp_path / "set"), counting, cache=cache, threads=2)
    assert (len(made.dataset), made.decoded, made.encoded) == (240, 160, 160)
    np.testing.assert_array_equal(made.embeddings.vectors[160:], made.embeddings.vectors[:80])
    assert max(remembered) < 80


KILLED = """
import os, signal, sys
from pathlib import Path
from engines.embed.ingest import ingest
from engines.embed.pixels import Pixels
from engines.embed.rowcache import RowCache
from tests.engines.read.reading import read

def die(fraction, message):
    if fraction > 0.7:
        os.kill(os.getpid(), signal.SIGKILL)

ingest(read(Path(sys.argv[1]))[0], Pixels(), cache=RowCache(Path(sys.argv[2])), progress=die, threads=2)
"""


def test_after_kill_9_the_next_start_goes_on(tmp_path):
    (tmp_path / "set").mkdir()
    for number in range(200):
        (tmp_path / "set" / f"{number:03}.png").write_bytes(corpus.saved(corpus.picture(number, (12, 10)), "PNG"))
    path = tmp_path / "c.sqlite"
    code = f"import engines.embed.ingest as module; module.REPORT_SECONDS = 0.0\n{KILLED}"
    died = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "set"), str(path)], check=False, cwd=Path(__file__).parents[3]
    )
    assert died.returncode == -signal.SIGKILL
    with RowCache(path) as cache:
        made = ingest(rows(tmp_path / "set"), Pixels(), cache=cache)
        assert len(made.dataset) == 200
        assert 0 < made.decoded <= 150


KILLED_ENCODING = """
import os, signal, sys
from pathlib import Path
from engines.embed.ingest import ingest
from engines.embed.pixels import Pixels
from engines.embed.rowcache import RowCache
from tests.engines.read.reading import read

plain, calls = Pixels.__call__, []

def die(self, prepared):
    made = plain(self, prepared)
    calls.append(len(prepared))
    if len(calls) == 4:
        os.kill(os.getpid(), signal.SIGKILL)
    return made

Pixels.__call__ = die
ingest(read(Path(sys.argv[1]))[0], Pixels(), cache=RowCache(Path(sys.argv[2])), threads=2)
"""


def test_kill_9_after_encoding_loses_one_batch(tmp_path):
    (tmp_path / "set").mkdir()
    for number in range(100):
        (tmp_path / "set" / f"{number:03}.png").write_bytes(corpus.saved(corpus.picture(number, (12, 10)), "PNG"))
    path = tmp_path / "c.sqlite"
    arguments = [sys.executable, "-c", KILLED_ENCODING, str(tmp_path / "set"), str(path)]
    died = subprocess.run(arguments, check=False, cwd=Path(__file__).parents[3])
    assert died.returncode == -signal.SIGKILL
    with RowCache(path) as cache:
        assert ingest(rows(tmp_path / "set"), Pixels(), cache=cache).encoded == 100 - 3 * ENCODE
