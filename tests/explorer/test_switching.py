"""Several encoders over one data set, and what stays when a person switches between them."""

from pathlib import Path

import numpy as np
import pytest

import explorer
from engines.errors import Cancelled, ParameterError, UserError
from explorer.api import Explorer
from tests import corpus


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(24):
        place = tmp_path / "set" / ("even" if number % 2 == 0 else "odd")
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{number:02}.png").write_bytes(corpus.saved(corpus.picture(number, (24, 20)), "PNG"))
    return tmp_path / "set"


def opened(folder: Path, tmp_path: Path, **options) -> Explorer:
    return explorer.open(folder, projectors=("pca",), checks=("exact_duplicate",), workspace=tmp_path / "space", **options)


def test_all_encoders_are_compared_and_the_first_one_feeds_the_map(folder, tmp_path):
    ex = opened(folder, tmp_path, encoder=("pixels", "efficientnet-lite0")).analyze()
    assert ex.values.embeddings.encoder == "pixels"
    assert [row["encoder"] for row in ex.comparison] == ["pixels", "efficientnet-lite0"]
    assert [row["dimensions"] for row in ex.comparison] == [768, 1280]
    assert all(0 <= row["knn_accuracy"] <= 1 for row in ex.comparison)
    ready = {choice.name: (choice.ready, choice.current) for choice in ex.encoders}
    assert ready["pixels"] == (True, True)
    assert ready["efficientnet-lite0"] == (True, False)


def test_switching_keeps_decisions_and_computes_nothing_twice(folder, tmp_path):
    ex = opened(folder, tmp_path, encoder="pixels").analyze()
    ex.select([0, 1]).exclude(why="seen")
    before = np.array(ex.values.projections["pca"].coords)
    ex.use_encoder("efficientnet-lite0")
    assert ex.values.embeddings.encoder == "pixels", "the old map stays until there is a new one"
    ex.analyze()
    assert ex.values.embeddings.encoder == "efficientnet-lite0"
    assert not np.array_equal(before, ex.values.projections["pca"].coords)
    assert ex.state.excluded.sum() == 2
    ex.use_encoder("pixels")
    ex.analyze()
    np.testing.assert_array_equal(before, ex.values.projections["pca"].coords)
    assert all(record.cached for record in ex.records if record.stage in ("embed", "project", "neighbors"))


def test_a_switch_that_was_stopped_leaves_the_old_values_whole(folder, tmp_path):
    ex = opened(folder, tmp_path, encoder="pixels").analyze()
    old = ex.values
    ex.use_encoder("efficientnet-lite0")

    def stop(fraction: float, message: str) -> None:
        if fraction > 0:
            raise Cancelled

    with pytest.raises(Cancelled):
        ex.analyze(progress=stop)
    assert ex.values is old
    assert {value.encoder for value in ex.values.spaces.values()} == {"pixels"}
    ex.analyze()
    assert ex.values.embeddings.encoder == "efficientnet-lite0"


def test_an_unknown_encoder_or_part_is_refused_with_words(folder, tmp_path):
    ex = opened(folder, tmp_path, encoder="pixels").analyze()
    with pytest.raises(ParameterError, match="pixel"):
        ex.use_encoder("pixelz")
    with pytest.raises(UserError, match="sound"):
        ex.reopen({"sound": "column"})
    with pytest.raises(ParameterError, match="no embed engine"):
        opened(folder, tmp_path, encoder="efficientnet-lite9")


def test_an_encoder_of_another_kind_is_refused_before_anything_is_computed(folder, tmp_path):
    texts = [name for name, entry in explorer_encoders() if entry.modality == "texts"]
    if not texts:
        pytest.skip("no encoder of texts")
    with pytest.raises(ParameterError, match="not for pictures"):
        opened(folder, tmp_path, encoder=("pixels", texts[0])).analyze()


def explorer_encoders():
    from engines.embed import ENGINES

    return ENGINES.entries.items()


def test_other_columns_are_read_after_reopening(folder, tmp_path):
    lines = ["file_name,label,kind"] + [
        f"{path.relative_to(folder)},a,k{n % 3}" for n, path in enumerate(sorted(folder.rglob("*.png")))
    ]
    (folder / "metadata.csv").write_text("\n".join(lines))
    ex = opened(folder, tmp_path, encoder="pixels").analyze()
    assert set(ex.dataset.labels) == {"a"}
    ex.select([3]).tag("seen")
    ex.reopen({"label": "kind"})
    ex.analyze()
    assert set(ex.dataset.labels) == {"k0", "k1", "k2"}
    assert sum(map(bool, ex.state.tags)) == 1
