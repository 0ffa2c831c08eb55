"""What every check promises, over the whole registry."""

import numpy as np
import pytest

from engines.errors import Cancelled
from engines.issues import ENGINES, likeness, near_duplicate
from engines.protocols import Evidence, no_progress
from tests.engines.issues.cases import blobs, pictures_case, png, scene, texts_case, vectors_case

NEEDS = {"labels", "vectors", "neighbors", "pictures", "texts", "splits", "probabilities", "captions", "clusters", "lexicon"}


def hard_cases() -> dict[str, Evidence]:
    vectors, labels = blobs(40)
    return {
        "nothing": vectors_case(np.zeros((0, 4)), []),
        "one row": vectors_case([[1.0, 2, 3]], ["a"]),
        "two rows": vectors_case([[1.0, 2, 3], [3.0, 1, 2]], ["a", "b"], splits=["train", "test"]),
        "three rows": vectors_case(np.eye(3), ["a", "b", None], splits=["train", None, "test"]),
        "one class": vectors_case(vectors, ["same"] * 40),
        "no labels": vectors_case(vectors),
        "a label of its own each": vectors_case(vectors, [f"l{row}" for row in range(40)]),
        "hardly any labels": vectors_case(vectors, ["a", "b", "a", "b", *[None] * 36]),
        "all the same": vectors_case(np.ones((30, 5)), ["a", "b"] * 15, splits=["train", "test"] * 15),
        "all zero": vectors_case(np.zeros((30, 5)), ["a", "b"] * 15),
        "two points": vectors_case(np.repeat(np.eye(2), 20, axis=0), ["a", "b"] * 20),
        "some zero": vectors_case(np.where(np.arange(40)[:, None] < 5, 0, vectors), labels),
        "huge and tiny": vectors_case(vectors * np.geomspace(1e-12, 1e12, 40)[:, None], labels),
        "no graph": vectors_case(vectors, labels, graph=False),
        "nothing computed": vectors_case(vectors, labels, graph=False, embeddings=False),
        "no text": texts_case([]),
        "one text": texts_case(["What is this?"], ["a"], splits=["train"]),
        "texts without a word": texts_case(
            ["", " ", "\n", "!!", "\u200b", "\x00"], ["a", "b"] * 3, splits=["train", "test"] * 3
        ),
        "one text many times": texts_case(["The same again."] * 30, ["a", "b"] * 15, splits=["train", "test"] * 15),
        "texts without vectors": texts_case(
            [f"Text number {row} of {row % 7}" for row in range(30)],
            ["a", "b"] * 15,
            splits=["train", "test"] * 15,
            graph=False,
        ),
        "strange texts": texts_case(
            [
                "你好 请问如何转账",
                "مرحبا كيف حالك",
                "😀🔥🚀",
                "<script>alert(1)</script>",
                "word " * 30_000,
                "a",
                "null",
                "12345",
            ],
            ["a", "b"] * 4,
        ),
    }


@pytest.fixture(scope="module")
def cases(tmp_path_factory):
    found = hard_cases()
    files = {f"{('test', 'train')[seed % 3 > 0]}/{'ab'[seed % 2]}/{seed}.png": png(scene(seed)) for seed in range(14)}
    files |= {"test/a/copy.png": files["test/a/0.png"], "train/b/copy.png": files["test/a/0.png"]}
    found["pictures"] = pictures_case(tmp_path_factory.mktemp("pictures"), files)
    found["one picture"] = pictures_case(tmp_path_factory.mktemp("one"), {"a/0.png": files["test/a/0.png"]})
    return found


@pytest.mark.parametrize("name", ENGINES.names())
def test_every_check_states_what_it_is(name):
    check = ENGINES.load(name)()
    assert check.name == name
    assert check.scope in {"row", "class", "dataset"}
    assert set(check.needs) | set(check.uses) <= NEEDS
    assert ENGINES.entries[name].summary
    assert check.version >= 1


@pytest.mark.parametrize("name", ENGINES.names())
def test_a_result_or_words_for_every_case(name, cases):
    check = ENGINES.load(name)()
    ran = 0
    for title, evidence in cases.items():
        if not all(evidence.has(need) for need in check.needs):
            continue
        ran += 1
        result = check(evidence, progress=no_progress)
        n = len(evidence.dataset)
        assert result.check_name == name, title
        assert len(result.raw) == len(result.severity) == n, title
        if result.skipped:
            assert np.isnan(result.raw).all(), title
            assert not result.flagged().any(), title
            assert result.pairs.num_rows == 0, title
        else:
            severity = result.severity[~np.isnan(result.raw)]
            assert ((severity >= 0) & (severity <= 1)).all(), title
        reasons = result.details.column("reason").to_pylist()
        for row in np.flatnonzero(result.flagged()):
            assert reasons[row], f"{title}: row {row} is flagged without a reason"
        for reason, severity in zip(reasons, result.severity, strict=True):
            if reason is not None:
                assert severity >= 0.29, f"{title}: a reason for a row of severity {severity}"
                assert reason.endswith("."), reason
                assert reason[0].isupper() or reason[0].isdigit(), reason
        assert (result.groups() < max(n, 1)).all(), title
    assert ran, f"no case meets the needs of {name}"


@pytest.mark.parametrize("name", ENGINES.names())
def test_the_cut_is_where_severity_is_one_half_and_order_is_kept(name, cases):
    check = ENGINES.load(name)()
    evidence = cases["some zero"] if all(cases["some zero"].has(need) for need in check.needs) else cases["pictures"]
    result = check(evidence, progress=no_progress)
    assert result.severity_of(result.cut) == np.float32(0.5)
    known = np.unique(result.raw[~np.isnan(result.raw)])
    assert (np.diff(result.severity_of(known)) > 0).all()
    assert np.array_equal(result.flagged(), np.nan_to_num(result.raw, nan=-np.inf) >= np.float32(result.cut))


@pytest.mark.parametrize("name", ENGINES.names())
def test_a_threshold_is_moved_without_computing(name, cases):
    check = ENGINES.load(name)()
    result = check(cases["pictures"], progress=no_progress)
    assert not result.skipped
    counts = [int(result.flagged(threshold).sum()) for threshold in (0.05, 0.3, 0.5, 0.7, 0.99)]
    assert counts == sorted(counts, reverse=True)
    grouped = [int((result.groups(threshold) >= 0).sum()) for threshold in (0.05, 0.5, 0.99)]
    assert grouped == sorted(grouped, reverse=True)


@pytest.mark.parametrize("name", ENGINES.names())
def test_a_second_run_gives_the_same(name, cases):
    check = ENGINES.load(name)()
    evidence = cases["pictures"]
    one, other = check(evidence, progress=no_progress), check(evidence, progress=no_progress)
    assert one.key == other.key
    assert one.raw.tobytes() == other.raw.tobytes()
    assert one.pairs.equals(other.pairs)
    assert one.details.equals(other.details)


@pytest.mark.parametrize("name", ENGINES.names())
def test_progress_can_stop_it(name, cases):
    check = ENGINES.load(name)()
    evidence = cases["pictures"]

    def stop(fraction, message):
        assert 0 <= fraction <= 1
        assert message
        raise Cancelled

    with pytest.raises(Cancelled):
        check(evidence, progress=stop)


@pytest.mark.parametrize("name", ENGINES.names())
def test_progress_never_falls(name, cases):
    for title in ("pictures", "some zero"):
        evidence = cases[title]
        check = ENGINES.load(name)()
        if all(evidence.has(need) for need in check.needs):
            seen = []
            check(evidence, progress=lambda fraction, message, seen=seen: seen.append(fraction))
            assert seen == sorted(seen), title


def test_the_checks_of_duplicates_report_between_chunks(cases, monkeypatch):
    """50,000 pictures that are alike take half a minute, nearly all of it in the comparison of crops."""
    for size in ("CHUNK", "CROP_CHUNK"):
        monkeypatch.setattr(likeness, size, 1)
    said = []
    near_duplicate.NearDuplicate(seed=5)(cases["pictures"], progress=lambda fraction, message: said.append(fraction))
    assert sum(0.9 * 0.3 <= fraction <= 0.9 * 0.9 for fraction in said) > 3
    assert said == sorted(said)


def test_rows_without_a_label_are_not_judged():
    vectors, labels = blobs(60)
    labels = [None if row % 7 == 0 else label for row, label in enumerate(labels)]
    result = ENGINES.load("label_issue")()(vectors_case(vectors, labels), progress=no_progress)
    unlabeled = np.array([label is None for label in labels])
    assert np.isnan(result.raw[unlabeled]).all()
    assert np.isnan(result.severity[unlabeled]).all()
    assert not result.flagged()[unlabeled].any()
    assert not np.isnan(result.raw[~unlabeled]).any()
