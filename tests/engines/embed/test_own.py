from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from engines.artifacts import REJECT_SCHEMA, Dataset
from engines.embed import ENGINES, own
from engines.embed.ingest import ingest
from engines.embed.own import OwnJoint, OwnPictures, OwnTexts, forget, register, wrap
from engines.embed.pixels import Pixels
from engines.embed.rowcache import RowCache
from engines.embed.text_rows import encode_text_rows
from engines.errors import Cancelled, ParameterError
from engines.keys import chain
from engines.media import media_table
from engines.protocols import JointEncoder, PictureEncoder, TextEncoder, no_progress
from engines.recipe import Recipe
from tests import corpus
from tests.engines.read.reading import read


def mean_color(pictures):
    return np.array([np.asarray(picture).mean((0, 1)) for picture in pictures])


def lengths(texts):
    return [[len(text), 1] for text in texts]


@pytest.fixture(autouse=True)
def clean():
    yield
    for name in list(own._registered):
        forget(name)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "set").mkdir()
    for number in range(20):
        picture = corpus.picture(number, (700 if number == 3 else 40 + number, 30 if number == 5 else 600))
        (tmp_path / "set" / f"{number:02}.png").write_bytes(corpus.saved(picture, "PNG"))
    return tmp_path / "set"


def rows(folder: Path):
    return read(folder)[0]


def through(encoder, pictures):
    return encoder(np.stack([encoder.prepare(picture) for picture in pictures])).vectors


def test_a_function_of_pictures_is_an_encoder(folder, tmp_path):
    encoder = wrap(mean_color, "pictures", side=0)
    assert isinstance(encoder, PictureEncoder)
    assert not isinstance(encoder, JointEncoder)
    with RowCache(tmp_path / "c.sqlite") as cache:
        made = ingest(rows(folder), encoder, name="mean_color", cache=cache)
    expected = mean_color([Image.open(folder / name) for name in made.dataset.ids])
    np.testing.assert_allclose(made.embeddings.vectors, expected, rtol=1e-6)
    assert made.embeddings.encoder == "mean_color"


def test_a_function_of_texts_is_an_encoder():
    encoder = wrap(lengths, "texts", "len", 2)
    assert isinstance(encoder, TextEncoder)
    assert not isinstance(encoder, PictureEncoder)
    np.testing.assert_array_equal(encoder.encode_texts(["a", "abc"]), [[1, 1], [3, 1]])
    assert encoder.encode_texts([]).shape == (0, 2)


def test_two_functions_make_a_joint_encoder():
    encoder = wrap(mean_color, "pictures", texts=lambda texts: np.ones((len(texts), 3)))
    assert isinstance(encoder, JointEncoder)
    assert through(encoder, [corpus.picture()]).shape == encoder.encode_texts(["one"]).shape == (1, 3)
    crooked = wrap(mean_color, "pictures", texts=lengths)
    through(crooked, [corpus.picture()])
    with pytest.raises(ParameterError, match="2 numbers, before of 3"):
        crooked.encode_texts(["one"])


def test_large_pictures_are_shrunk_and_keep_their_shape():
    encoder = wrap(mean_color, "pictures", side=100)
    assert encoder.prepare(corpus.picture(1, (800, 400))).item().size == (200, 100)
    assert encoder.prepare(corpus.picture(1, (90, 2000))).item().size == (90, 2000)
    assert encoder.input_side == 100


def test_a_row_that_is_not_finite_is_a_reject_and_the_others_go_on(folder, tmp_path):
    def fussy(pictures):
        return [[np.nan if picture.height == 30 else 1e300 if picture.width == 44 else 1.0, 2.0] for picture in pictures]

    with RowCache(tmp_path / "c.sqlite") as cache:
        made = ingest(rows(folder), wrap(fussy, "pictures"), name="fussy", cache=cache)
    assert [record["id"] for record in made.dataset.rejects.to_pylist()] == ["04.png", "05.png"]
    assert len(made.embeddings.vectors) == 18


ANSWERS = [
    (lambda given: None, "no array of numbers"),
    (lambda given: "words", "no array of numbers"),
    (lambda given: [[1.0], [1.0, 2.0]], "no array of numbers"),
    (lambda given: np.ones((len(given), 2), dtype=complex), "no array of numbers"),
    (lambda given: torch.ones(len(given), 2, requires_grad=True), "no array of numbers"),
    (lambda given: np.ones(len(given)), r"shape \(2,\)"),
    (lambda given: np.ones((len(given), 2, 2)), r"shape \(2, 2, 2\)"),
    (lambda given: np.ones((1, 4)), r"shape \(1, 4\)"),
    (lambda given: np.ones((len(given), 0)), r"shape \(2, 0\)"),
    (lambda given: 1 / 0, "ZeroDivisionError"),
]


@pytest.mark.parametrize(("function", "words"), ANSWERS)
def test_a_bad_answer_is_said_in_words(function, words):
    with pytest.raises(ParameterError, match=words) as caught:
        through(wrap(function, "pictures", "mine"), [corpus.picture(1), corpus.picture(2)])
    assert "mine" in str(caught.value)
    with pytest.raises(ParameterError, match=words):
        wrap(function, "texts", "mine").encode_texts(["a", "b"])


def test_the_length_of_vectors_must_not_change():
    encoder = wrap(lambda texts: np.ones((len(texts), len(texts[0]))), "texts", "mine")
    encoder.encode_texts(["abc"])
    with pytest.raises(ParameterError, match="vectors of 2 numbers, before of 3"):
        encoder.encode_texts(["ab"])


def test_a_cancel_inside_of_the_function_stays_a_cancel():
    def stop(texts):
        raise Cancelled

    with pytest.raises(Cancelled):
        wrap(stop, "texts").encode_texts(["a"])


@given(st.integers(1, 5), st.integers(1, 4), st.sampled_from(["float16", "float32", "float64", "int8", "uint16", "bool"]))
def test_numbers_of_any_type_become_float32(n, d, dtype):
    made = wrap(lambda texts: np.ones((len(texts), d), dtype=dtype), "texts").encode_texts(["x"] * n)
    assert made.dtype == np.float32
    np.testing.assert_array_equal(made, np.ones((n, d)))


def test_what_is_no_function_is_refused():
    with pytest.raises(ParameterError, match="must be a function"):
        wrap("mean", "texts")
    with pytest.raises(ParameterError, match="no function encodes 'audio'"):
        wrap(lengths, "audio")


def keyed(code: str, version="1", **names):
    space = dict(names)
    exec(compile(code, f"cell {id(space)}", "exec"), space)
    return chain("embed", wrap(space["f"], "texts", "f", version), [])


def test_name_version_and_code_make_the_key():
    key = keyed("def f(texts, k=3): return [[len(t) + k] for t in texts if t in {'a', 'b'}]")
    assert keyed("\n\ndef f(texts, k=3): return [[len(t) + k] for t in texts if t in {'a', 'b'}]") == key
    assert keyed("def f(texts, k=4): return [[len(t) + k] for t in texts if t in {'a', 'b'}]") != key
    assert keyed("def f(texts, k=3): return [[len(t) - k] for t in texts if t in {'a', 'b'}]") != key
    assert keyed("def f(texts, k=3): return [[len(t) + k] for t in texts if t in {'a', 'c'}]") != key
    assert keyed("def f(texts, k=3): return [[len(t) + k] for t in texts if t in {'a', 'b'}]", version=2) != key


def test_the_key_is_the_same_in_every_process(tmp_path):
    import os
    import subprocess
    import sys

    program = (
        "from engines.embed.own import wrap\nfrom engines.keys import chain\n"
        "def f(texts, o=object()): return [[t in {'a', 'b', 'c', 'd'}] for t in texts]\n"
        "print(chain('embed', wrap(f, 'texts'), []))"
    )
    made = {
        subprocess.run(
            [sys.executable, "-c", program], env={**os.environ, "PYTHONHASHSEED": seed}, check=True, capture_output=True
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(made) == 1


def test_a_registered_encoder_is_found_by_its_name():
    name = register(wrap(mean_color, "pictures", "my colors"))
    assert name == "my colors"
    recipe = Recipe(encoders=(name,), settings={"neighbors.k": "5"})
    recipe.check([])
    assert isinstance(recipe.engine("embed", name), OwnPictures)
    assert ENGINES.entry(name).modality == "pictures"
    register(wrap(lengths, "texts", "my colors"))
    assert isinstance(recipe.engine("embed", name), OwnTexts)
    forget(name)
    with pytest.raises(ParameterError, match="my colors"):
        ENGINES.entry(name)


def test_an_encoder_of_a_stranger_can_be_registered():
    encoder = Pixels(side=3)
    assert register(encoder) == "Pixels"
    assert Recipe(encoders=("Pixels",)).engine("embed", "Pixels") is encoder


@pytest.mark.parametrize("name", ["efficientnet-lite0", "a/b", "a\\b"])
def test_names_that_mean_something_else_are_refused(name):
    with pytest.raises(ParameterError, match="cannot be called"):
        register(wrap(lengths, "texts", name))


@pytest.mark.parametrize("thing", [lengths, object(), OwnJoint, 3])
def test_what_is_no_encoder_is_refused(thing):
    with pytest.raises(ParameterError, match="is no encoder"):
        register(thing)


def test_the_whole_pipeline_runs_on_a_function(folder, tmp_path):
    from engines.pipeline import Run
    from engines.protocols import SourceOptions
    from engines.store import Store

    calls = []

    def counted(pictures):
        calls.append(len(pictures))
        return mean_color(pictures)

    name = register(wrap(counted, "pictures"))
    recipe = Recipe(encoders=(name,), projectors=("pca",), clusterers=("leiden",), checks=("outlier",))
    for _ in range(2):
        run = Run(sources=[folder], options=SourceOptions(), recipe=recipe, store=Store(tmp_path / "space"))
        values = run(no_progress)
        assert values.embeddings is not None
        assert values.embeddings.encoder == "counted"
    assert sum(calls) == 20


def text_set(texts: list[str]) -> Dataset:
    n = len(texts)
    empty = pa.nulls(n, pa.string())
    rows = {"id": pa.array(list(map(str, range(n)))), "path": empty, "label": empty, "split": empty}
    return Dataset(
        key="t",
        kind="texts",
        source="texts",
        root="",
        rows=pa.table(rows),
        media=media_table(pa.array(texts, pa.string())),
        stats=np.empty((0, 3), dtype=np.int64),
        rejects=REJECT_SCHEMA.empty_table(),
        media_key="m",
        columns_key="c",
    )


def test_texts_that_cannot_be_encoded_are_rejects(tmp_path):
    encoder = wrap(lambda texts: [[np.inf if text == "short" else len(text)] for text in texts], "texts", "mine")
    with RowCache(tmp_path / "c.sqlite") as cache:
        dataset = text_set(["short", "a longer text", ""])
        made = encode_text_rows(dataset, encoder, "mine", cache=cache, limit=None, progress=no_progress)
    assert made.embeddings.vectors.tolist() == [[13.0]]
    reasons = {record["id"]: record["reason"] for record in made.dataset.rejects.to_pylist()}
    assert reasons == {"0": "the encoder gave no finite vector for it", "2": "no text"}
