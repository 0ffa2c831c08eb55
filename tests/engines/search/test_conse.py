"""Search of pictures through classes, with an encoder that knows exact words only."""

import numpy as np
import pytest

from engines.errors import ParameterError
from engines.protocols import SearchSpace
from engines.search import conse
from engines.search.conse import ConSE
from engines.wordnet_classes import wordnet
from tests.engines.search.shapes import bag, dataset, embeddings, found

CLASSES = ("dalmatian", "beagle", "tabby", "pizza", "grand piano", "airliner", "lesser panda", "volcano")
EACH = 12


def class_of(lemma):
    net = wordnet()
    return next(number for number, node in enumerate(net.classes) if net.lemmas[node][0] == lemma)


@pytest.fixture(scope="module")
def space():
    """Twelve pictures of each class, which the encoder believes to be that class to 0.5 to 0.9, the rest spread by chance."""
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.full(1000, 0.02), len(CLASSES) * EACH) * 0.5
    for row in range(len(probabilities)):
        probabilities[row, class_of(CLASSES[row // EACH])] += rng.uniform(0.5, 4)
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    return SearchSpace(
        dataset=dataset(len(probabilities)),
        embeddings=embeddings(np.ones((len(probabilities), 4)), probabilities.astype(np.float16)),
        embed_words=bag,
    )


def shown(rows):
    return {CLASSES[row // EACH] for row in rows}


@pytest.mark.parametrize(
    ("query", "classes"),
    [
        ("dalmatian", {"dalmatian"}),
        ("grand piano", {"grand piano"}),
        ("show me pictures of pizza", {"pizza"}),
        ("volcanoes", {"volcano"}),
        ("dog", {"dalmatian", "beagle"}),
        ("dogs", {"dalmatian", "beagle"}),
    ],
)
def test_classes_and_what_is_above_them_find_their_pictures(space, query, classes):
    ranking = ConSE()(query, space)
    order = np.argsort(-ranking.scores, kind="stable")
    assert shown(order[:10]) <= classes
    assert classes == shown(found(ranking))


@pytest.mark.parametrize("query", ["", "  ", "\x00\x1b", "qwxz vbnm", "🙂", "\ud800", "z" * 50_000])
def test_words_without_a_class_find_nothing(space, query):
    ranking = ConSE()(query, space)
    assert found(ranking) == []
    assert np.isfinite([*ranking.scores, ranking.cut]).all()
    assert ranking.notes


def test_it_says_what_it_understood_and_what_it_cannot_know(space):
    notes = ConSE()("two black pizzas", space).notes
    assert notes[0] == "Understood as: pizza."
    assert "two, black" in notes[1]
    assert "no colors" in notes[-1]
    # Here the color is a part of the name.
    named = ConSE()("red panda", space)
    assert not any("Not taken" in note for note in named.notes)
    assert shown(found(named)) == {"lesser panda"}


def test_what_has_no_class_is_found_near_by_meaning(space):
    """A word that the encoder places between two names finds both: the part of ConSE proper."""

    def between(texts):
        vectors = bag(texts)
        for row, text in enumerate(texts):
            if text == "jet":
                vectors[row] = bag(["airliner"])[0] + bag(["wug"])[0] + bag(["dax"])[0]
        return vectors

    ranking = ConSE()("jet", SearchSpace(dataset=space.dataset, embeddings=space.embeddings, embed_words=between))
    assert shown(np.argsort(-ranking.scores, kind="stable")[:10]) == {"airliner"}
    assert "It knows no “jet”" in ranking.notes[0]


def test_texts_of_classes_name_and_explain_them():
    texts = conse._texts()
    assert len(texts.classes) == 1000
    assert texts.classes[class_of("dalmatian")].startswith("dalmatian, coach dog, carriage dog: ")
    assert len(texts.lemmas) < 3000
    assert texts.starts[0] == 0
    assert (np.diff(texts.starts) >= 1).all()
    assert len(texts.starts) == len(texts.nodes)


def test_it_fits_class_probabilities_and_a_text_encoder(space):
    assert ConSE.fits(space)
    assert not ConSE.fits(SearchSpace(dataset=space.dataset, embeddings=space.embeddings))
    plain = SearchSpace(dataset=dataset(2), embeddings=embeddings(np.ones((2, 4))), embed_words=bag)
    assert not ConSE.fits(plain)
    with pytest.raises(ParameterError, match="class probabilities"):
        ConSE()("dog", plain)


@pytest.mark.parametrize("n", [0, 1, 2])
def test_few_rows(space, n):
    small = SearchSpace(
        dataset=dataset(n),
        embeddings=embeddings(np.ones((n, 4)), space.embeddings.probabilities[:n]),
        embed_words=bag,
    )
    ranking = ConSE()("dalmatian", small)
    assert ranking.scores.shape == (n,)
    assert np.isfinite(ranking.cut)
    assert len(found(ranking)) == (1 if n == 1 else len(found(ranking)))
