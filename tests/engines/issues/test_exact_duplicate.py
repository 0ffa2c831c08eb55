import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from engines.issues import exact_duplicate
from engines.issues.exact_duplicate import ExactDuplicate, groups_of
from engines.protocols import no_progress
from tests.engines.issues.cases import pictures_case, png, scene, texts_case, vectors_case


def test_equal_files_are_grouped_and_one_is_kept(tmp_path):
    files = {f"a/{seed}.png": png(scene(seed)) for seed in range(4)}
    files |= {"b/copy.png": files["a/1.png"], "b/again.png": files["a/1.png"]}
    evidence = pictures_case(tmp_path, files)
    result = ExactDuplicate()(evidence, progress=no_progress)
    ids = evidence.dataset.ids
    flagged = {ids[row] for row in np.flatnonzero(result.flagged())}
    assert flagged == {"a/1.png", "b/again.png", "b/copy.png"}
    assert result.pairs.num_rows == 2
    kept = {name for name in result.details.column("suggestion").to_pylist() if name}
    assert kept == {"a/1.png"}
    assert result.details.column("reason")[ids.index("a/1.png")].as_py() == "Same content as b/again.png and b/copy.png."


def test_the_same_pixels_in_another_file_are_no_exact_duplicate(tmp_path):
    picture = scene(1)
    picture.save(tmp_path / "x.bmp")
    files = {"a/1.png": png(picture), "a/2.bmp": (tmp_path / "x.bmp").read_bytes(), "a/3.png": png(scene(2))}
    result = ExactDuplicate()(pictures_case(tmp_path, files), progress=no_progress)
    assert not result.flagged().any()


def test_equal_vectors_are_found_whatever_their_zeros_sign():
    vectors = np.array([[0.0, 1, 2], [3, 4, 5], [-0.0, 1, 2], [6, 8, 10], [3, 4, 5.0001]])
    result = ExactDuplicate()(vectors_case(vectors), progress=no_progress)
    assert result.flagged().tolist() == [True, False, True, False, False]


def test_a_labeled_row_is_kept_before_an_unlabeled_one():
    result = ExactDuplicate()(vectors_case(np.ones((3, 2)), [None, None, "cat"]), progress=no_progress)
    assert result.details.column("suggestion").to_pylist() == ["r00002"] * 3


def test_many_copies_make_a_star_not_all_pairs():
    result = ExactDuplicate()(vectors_case(np.ones((500, 2))), progress=no_progress)
    assert result.pairs.num_rows == 499
    assert (result.groups() == 0).all()
    assert "and 496 more" in result.details.column("reason")[0].as_py()


def test_nothing_to_compare_is_said():
    result = ExactDuplicate()(vectors_case(np.ones((3, 2)), graph=False, embeddings=False), progress=no_progress)
    assert result.skipped == "needs pictures, texts or vectors"


@given(st.lists(st.integers(0, 6), max_size=30))
def test_groups_are_what_repeats_numbered_by_first_row(content):
    group = groups_of(np.array(content, dtype=np.int32))
    for row, value in enumerate(content):
        assert (group[row] >= 0) == (content.count(value) > 1)
        assert all((group[row] == group[other]) == (value == content[other]) for other in range(row) if group[row] >= 0)
    firsts = [int(np.argmax(group == number)) for number in range(int(group.max(initial=-1)) + 1)]
    assert firsts == sorted(firsts)


def test_a_picture_without_pixels_in_common_is_alone(tmp_path):
    files = {"a.png": png(Image.new("RGB", (8, 8), "red")), "b.png": png(Image.new("RGB", (8, 8), "blue"))}
    assert not ExactDuplicate()(pictures_case(tmp_path, files), progress=no_progress).flagged().any()


def test_vectors_are_compared_in_blocks_between_which_a_person_can_cancel(monkeypatch):
    vectors = np.random.default_rng(0).normal(size=(40, 3))
    vectors[20:30] = vectors[:10]
    whole, said = ExactDuplicate()(vectors_case(vectors), progress=no_progress), []
    monkeypatch.setattr(exact_duplicate, "BLOCK", 10)
    again = ExactDuplicate()(vectors_case(vectors), progress=lambda fraction, _: said.append(fraction))
    assert again.raw.tobytes() == whole.raw.tobytes()
    assert said == sorted(said)
    assert len(said) >= 4 + 2 + 3  # blocks of all rows, of those that may be equal, and the steps after them


def test_texts_are_compared_in_blocks_too(monkeypatch):
    texts = ["one", " one ", None, "two", "e\u0301", "\xe9", "three"]
    evidence, said = texts_case(texts), []
    whole = exact_duplicate.content_of(evidence)
    monkeypatch.setattr(exact_duplicate, "BLOCK", 2)
    np.testing.assert_array_equal(exact_duplicate.content_of(evidence, lambda fraction, _: said.append(fraction)), whole)
    assert said == [start / 7 for start in (0, 2, 4, 6)]
    assert (whole[0] == whole[1], whole[4] == whole[5], len(set(whole.tolist()))) == (True, True, 5)
