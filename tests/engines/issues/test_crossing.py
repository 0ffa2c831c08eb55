import io

import numpy as np
import pytest

from engines.issues import duplicates
from engines.issues.conflicting_duplicate import ConflictingDuplicate
from engines.issues.leak import Leak
from engines.protocols import no_progress
from tests.engines.issues.cases import blobs, pictures_case, png, scene, vectors_case


def jpeg(picture):
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=40)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    files = {f"train/{'cd'[seed % 2]}/{seed:02d}.png": png(scene(seed)) for seed in range(16)}
    files |= {f"test/{'cd'[seed % 2]}/{seed:02d}.png": png(scene(seed)) for seed in range(16, 32)}
    files["train/c/wrong.png"] = files["train/d/01.png"]
    files["test/c/02.jpg"] = jpeg(scene(2))
    files["train/d/20.jpg"] = jpeg(scene(20))
    files["train/c/04.jpg"] = jpeg(scene(4))
    return pictures_case(tmp_path_factory.mktemp("pictures"), files)


def flagged(evidence, result):
    return {evidence.dataset.ids[row] for row in np.flatnonzero(result.flagged())}


def reason(evidence, result, name):
    return result.details.column("reason")[evidence.dataset.ids.index(name)].as_py()


def test_duplicates_with_other_labels(pictures):
    result = ConflictingDuplicate()(pictures, progress=no_progress)
    assert flagged(pictures, result) == {"train/d/01.png", "train/c/wrong.png", "train/d/20.jpg", "test/c/20.png"}
    assert reason(pictures, result, "train/c/wrong.png") == "Same content as train/d/01.png, which is labeled d, not c."
    assert reason(pictures, result, "train/d/20.jpg") == "Nearly the same as test/c/20.png, which is labeled c, not d."
    assert result.groups().max() == 1


def test_duplicates_in_another_split(pictures):
    result = Leak()(pictures, progress=no_progress)
    assert flagged(pictures, result) == {"train/c/02.png", "test/c/02.jpg", "train/d/20.jpg", "test/c/20.png"}
    expected = "Nearly the same as train/c/02.png, which is in the split train, while this one is in test."
    assert reason(pictures, result, "test/c/02.jpg") == expected


def test_every_copy_of_a_conflict_is_named():
    result = ConflictingDuplicate()(vectors_case(np.ones((5, 3)), ["a", "a", "b", None, "b"]), progress=no_progress)
    assert result.flagged().tolist() == [True, True, True, False, True]
    assert np.isnan(result.raw[3])
    assert set(result.groups()[[0, 1, 2, 4]].tolist()) == {0}


def test_one_split_is_no_leak():
    vectors, _ = blobs(12)
    result = Leak()(vectors_case(vectors, splits=["train"] * 12), progress=no_progress)
    assert result.skipped == "needs two splits"


def test_three_checks_search_once(pictures, monkeypatch):
    calls = []
    search = duplicates._search
    monkeypatch.setattr(duplicates, "_search", lambda *given: calls.append(1) or search(*given))
    monkeypatch.setattr(duplicates, "_latest", {})
    for check in (ConflictingDuplicate(), Leak(), ConflictingDuplicate()):
        check(pictures, progress=no_progress)
    assert len(calls) == 1
