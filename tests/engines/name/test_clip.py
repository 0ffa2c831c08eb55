"""Names and search with a real CLIP model from a folder: one that is trained here, and the one that DATASET_EXPLORER_CLIP names."""

import os

import numpy as np
import pytest

from engines.embed.transformers_models import CLIP_VARIABLE, Transformers
from engines.lexicon import lexicon
from engines.name import vocabulary as words
from engines.name.candidates import members
from engines.name.joint import propose
from engines.pipeline import Run
from engines.prompts import ORDINARY
from engines.protocols import JointEncoder, SearchSpace, SourceOptions, no_progress
from engines.recipe import Recipe
from engines.search.joint import Joint
from engines.store import Store
from tests.tiny_clip import save_clip
from tests.tiny_joint import COLORS, SHAPES, SIDE, THINGS, gallery_folder

EACH = 12
NOUNS = 400


@pytest.fixture(scope="module", params=["trained", "given"])
def run(request, tmp_path_factory):
    """Analyze generated pictures with a CLIP; gives the run's values, its encoder, its store and what each row shows."""
    few = words.nouns()[:NOUNS]
    root = tmp_path_factory.mktemp("clip")
    if request.param == "trained":
        folder, side = save_clip(root / "model", (*(word for word in few if word.isalpha()), *ORDINARY)), SIDE
    elif os.environ.get(CLIP_VARIABLE):
        folder, side = os.environ[CLIP_VARIABLE], 224
    else:
        pytest.skip(f"{CLIP_VARIABLE} names no folder with a CLIP")
    own = root / "own.txt"
    own.write_text("\n".join((*THINGS, *SHAPES, *COLORS)))
    recipe = Recipe(
        encoders=(str(folder),),
        projectors=("pca",),
        checks=("outlier",),
        device="cpu",
        threads=1,
        settings={"name.vocabulary": str(own)},
    )
    store = Store(root / "store")
    source = gallery_folder(root / "pictures", EACH, side=side)
    with pytest.MonkeyPatch.context() as patch:
        # All nouns in five prompts would take a minute; the path is the same with a few hundred.
        patch.setattr(words, "nouns", lambda: few)
        values = Run(sources=[source], options=SourceOptions(), recipe=recipe, store=store)(no_progress)
        placed = lexicon(
            words.vocabulary([], str(own)),
            Transformers(model=str(folder), device="cpu", threads=1),
            str(folder),
            store,
            no_progress,
        )
    shown = [thing for thing in THINGS for _ in range(EACH)]
    assert values.dataset.ids == sorted(values.dataset.ids)
    return values, Transformers(model=str(folder), device="cpu", threads=1), placed, shown


def test_the_right_name_is_among_the_first_three_of_nine_in_ten_planted_clusters(run):
    values, encoder, placed, shown = run
    assert isinstance(encoder, JointEncoder)
    right: dict[str, bool] = {}
    for truth in (THINGS, SHAPES):
        planted = [next(at for at, name in enumerate(truth) if thing.endswith(name)) for thing in shown]
        clusters = members(np.array([planted], dtype=np.int32))
        found = propose(placed, values.embeddings.vectors, clusters, clear=0.4, progress=no_progress)
        right |= {
            name: name in [one.name for one in proposal.candidates[:3]] for name, proposal in zip(truth, found, strict=True)
        }
    assert np.mean(list(right.values())) >= 0.9, right


def test_found_clusters_are_named_by_it_and_no_name_comes_twice(run):
    values = run[0]
    (names,) = values.names.values()
    rows = names.table.to_pylist()
    # The same rows on several layers may share a name.
    for layer in range(len(values.clusterings["leiden"].layers)):
        here = {int(cluster) for cluster in values.clusterings["leiden"].clusters(layer)}
        given = [row["name"].lower() for row in rows if row["cluster"] in here]
        assert len(set(given)) == len(given)
    assert {row["source"] for row in rows} <= {"joint", "none"}
    assert np.mean([row["source"] == "joint" for row in rows]) >= 0.5


@pytest.mark.parametrize("queries", [THINGS, SHAPES], ids=["things", "shapes"])
def test_nine_of_the_first_ten_pictures_are_right(queries, run):
    values, encoder, _, shown = run
    space = SearchSpace(dataset=values.dataset, embeddings=values.embeddings, embed_query=encoder.encode_texts)
    right = []
    for query in queries:
        order = np.argsort(-Joint()(query, space).scores, kind="stable")[:10]
        right += [set(query.split()) <= set(shown[row].split()) for row in order]
    assert np.mean(right) >= 0.9
