"""Search with a joint encoder that was trained on generated pictures, so that the truth is known."""

from dataclasses import replace

import numpy as np
import pytest

from engines.errors import Cancelled, ParameterError
from engines.protocols import JointEncoder, SearchSpace
from engines.search import ENGINES
from engines.search.joint import Joint
from tests.engines.search.shapes import dataset, found
from tests.tiny_joint import COLORS, SHAPES, THINGS, TinyJoint, embedded

EACH = 12


@pytest.fixture(scope="module")
def pictures():
    return embedded(EACH, seed=2)


@pytest.fixture(scope="module")
def space(pictures):
    return SearchSpace(dataset=dataset(len(pictures[1])), embeddings=pictures[0], embed_query=TinyJoint().encode_texts)


def hits(ranking, shown, words):
    """Tell for the rows in order whether they show all the words."""
    order = np.argsort(-ranking.scores, kind="stable")
    return np.array([set(words.split()) <= set(shown[row].split()) for row in order])


def test_the_stand_in_is_a_joint_encoder():
    assert isinstance(TinyJoint(), JointEncoder)


@pytest.mark.parametrize("queries", [THINGS, SHAPES, tuple(COLORS)], ids=["things", "shapes", "colors"])
def test_nine_of_the_first_ten_are_right(queries, pictures, space):
    right = [hits(Joint()(query, space), pictures[1], query)[:10].mean() for query in queries]
    assert np.mean(right) >= 0.9


@pytest.mark.parametrize("query", ["show me pictures of a red circle", "the red circle"])
def test_whole_sentences_are_understood(query, space):
    np.testing.assert_array_equal(Joint()(query, space).scores, Joint()("red circle", space).scores)


@pytest.mark.parametrize("queries", [THINGS, SHAPES, tuple(COLORS)], ids=["things", "shapes", "colors"])
def test_the_cut_separates_what_fits_from_what_does_not(queries, pictures, space):
    scores = []
    for query in queries:
        ranking = Joint()(query, space)
        chosen = np.zeros(len(pictures[1]), dtype=bool)
        chosen[found(ranking)] = True
        true = np.array([set(query.split()) <= set(thing.split()) for thing in pictures[1]])
        scores.append(2 * (chosen & true).sum() / (chosen.sum() + true.sum()))
    assert np.mean(scores) >= 0.7


def test_a_query_that_leaves_the_text_tower_where_it_was_finds_nothing(space):
    def deaf(texts):
        return np.ones((len(texts), space.embeddings.vectors.shape[1]), dtype=np.float32)

    ranking = Joint()("wug", replace(space, embed_query=deaf))
    assert found(ranking) == []
    assert "does not know" in ranking.notes[0]


@pytest.mark.parametrize("query", ["", "\x00", "   "])
def test_no_words_find_nothing(query, space):
    ranking = Joint()(query, space)
    assert found(ranking) == []
    assert ranking.notes


@pytest.mark.parametrize("query", ["🙂", "красный круг", "{} {0}", "\ud800", "red " * 20_000, "<b>red</b>"])
def test_odd_queries_do_not_fail(query, space):
    ranking = Joint()(query, space)
    assert np.isfinite([*ranking.scores, ranking.cut]).all()


@pytest.mark.parametrize("n", [0, 1, 2])
def test_few_rows(n, pictures, space):
    small = replace(pictures[0], vectors=pictures[0].vectors[:n], probabilities=pictures[0].probabilities[:n])
    ranking = Joint()("red circle", replace(space, dataset=dataset(n), embeddings=small))
    assert ranking.scores.shape == (n,)
    assert np.isfinite(ranking.cut)


def test_it_fits_pictures_whose_encoder_has_a_text_tower(space):
    assert Joint.fits(space)
    assert not Joint.fits(replace(space, embed_query=None))
    assert not Joint.fits(replace(space, dataset=dataset(1, kind="texts", texts=["a"])))
    with pytest.raises(ParameterError, match="cannot read words"):
        Joint()("red", replace(space, embed_query=None))


def test_cancel_stops_it(space):
    def cancel(fraction, message):
        raise Cancelled

    with pytest.raises(Cancelled):
        Joint()("red", space, progress=cancel)


def test_the_registry_prefers_what_knows_most(space, pictures):
    words = replace(space, dataset=dataset(len(pictures[1]), captions=list(pictures[1])))
    engines = {name: ENGINES.load(name) for name in ENGINES.names()}
    assert list(engines) == ["joint", "meaning", "words", "conse", "names"]
    assert [name for name, engine in engines.items() if engine.fits(words)] == ["joint", "words"]
    assert [name for name, engine in engines.items() if engine.fits(replace(words, embed_query=None))] == ["words"]
