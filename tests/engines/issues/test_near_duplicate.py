import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageEnhance
from sklearn.datasets import load_digits

from engines.issues.candidates import hash_pairs
from engines.issues.near_duplicate import NearDuplicate
from engines.protocols import no_progress
from tests.engines.issues.cases import blobs, pictures_case, png, scene, vectors_case


def jpeg(picture, quality):
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def altered(picture):
    w, h = picture.size
    crop = picture.crop((round(w * 0.02), round(h * 0.03), round(w * 0.97), round(h * 0.98)))
    return {
        "jpeg40": jpeg(picture, 40),
        "jpeg15": jpeg(picture, 15),
        "small": png(picture.resize((round(w * 0.6), round(h * 0.6)), Image.Resampling.BICUBIC)),
        "large": png(picture.resize((round(w * 1.5), round(h * 1.5)), Image.Resampling.BICUBIC)),
        "crop": png(crop),
        "bright": png(ImageEnhance.Brightness(picture).enhance(1.2)),
        "dark": png(ImageEnhance.Brightness(picture).enhance(0.7)),
        "gray": png(picture.convert("L")),
        "all": jpeg(ImageEnhance.Brightness(crop.resize((90, 90))).enhance(1.2), 40),
    }


def pairs_of(evidence, result, threshold=0.5):
    ids = evidence.dataset.ids
    a, b, score = (result.pairs.column(name).to_numpy() for name in ("a", "b", "score"))
    strong = result.severity_of(score) >= threshold
    return {(ids[x], ids[y]) for x, y in zip(a[strong], b[strong], strict=True)}


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    files = {f"p{seed:03d}.png": png(scene(seed)) for seed in range(60)}
    expected = set()
    for seed, kind in enumerate(altered(scene(0))):
        files[f"p{seed:03d}x.png"] = altered(scene(seed))[kind]
        expected.add((f"p{seed:03d}.png", f"p{seed:03d}x.png"))
    evidence = pictures_case(tmp_path_factory.mktemp("drawn"), files)
    return evidence, NearDuplicate()(evidence, progress=no_progress), expected


def test_every_kind_of_copy_is_found_and_nothing_else(drawn):
    evidence, result, expected = drawn
    assert pairs_of(evidence, result) == expected


def test_the_larger_one_is_kept_and_the_reason_names_the_partner(drawn):
    evidence, result, _ = drawn
    ids = evidence.dataset.ids
    row = ids.index("p002.png")
    assert result.details.column("suggestion")[row].as_py() == "p002.png"
    assert result.details.column("suggestion")[ids.index("p002x.png")].as_py() == "p002.png"
    assert "p002x.png" in result.details.column("reason")[row].as_py()
    assert result.details.column("suggestion")[ids.index("p003.png")].as_py() == "p003x.png"


def test_groups_can_be_cut_finer(drawn):
    _, result, expected = drawn
    coarse, fine = result.groups(0.5), result.groups(0.9)
    assert coarse.max() + 1 == len(expected)
    assert (fine >= 0).sum() < (coarse >= 0).sum()


def test_the_same_pixels_in_another_file_score_highest(tmp_path):
    files = {f"p{seed}.png": png(scene(seed)) for seed in range(12)}
    scene(3).save(tmp_path / "x.bmp")
    files["p3x.bmp"] = (tmp_path / "x.bmp").read_bytes()
    evidence = pictures_case(tmp_path, files)
    result = NearDuplicate()(evidence, progress=no_progress)
    assert pairs_of(evidence, result) == {("p3.png", "p3x.bmp")}
    row = evidence.dataset.ids.index("p3.png")
    assert result.details.column("reason")[row].as_py() == "Has the same pixels as p3x.bmp, in another file."
    assert result.raw[row] == result.raw.max() == 10


def test_exact_copies_join_the_group_of_their_near_duplicate_only(tmp_path):
    files = {f"p{seed:02d}.png": png(scene(seed)) for seed in range(15)}
    files |= {"copy.png": files["p01.png"], "near.jpg": jpeg(scene(1), 40), "other.png": files["p02.png"]}
    evidence = pictures_case(tmp_path, files)
    result = NearDuplicate()(evidence, progress=no_progress)
    assert pairs_of(evidence, result) == {("copy.png", "near.jpg"), ("near.jpg", "p01.png")}


def test_flat_pictures_are_not_duplicates_of_each_other(tmp_path):
    rng = np.random.default_rng(0)
    colors = [tuple(int(c) for c in rng.integers(0, 256, 3)) for _ in range(40)]
    files = {f"p{row:02d}.png": png(Image.new("RGB", (40 + row, 40), color)) for row, color in enumerate(colors)}
    result = NearDuplicate()(pictures_case(tmp_path, files), progress=no_progress)
    assert not result.flagged().any()


def test_what_differs_in_color_alone_is_no_copy(tmp_path):
    files = {f"p{seed}.png": png(scene(seed)) for seed in range(20)}
    for name, color in (("red", (230, 30, 40)), ("blue", (40, 90, 230)), ("green", (30, 150, 60)), ("black", (40, 40, 40))):
        heart = Image.new("RGB", (120, 120), (244, 246, 250))
        ImageDraw.Draw(heart).polygon([(60, 105), (15, 50), (35, 20), (60, 40), (85, 20), (105, 50)], fill=color)
        files[f"{name}.png"] = png(heart)
    files["red copy.jpg"] = jpeg(Image.open(io.BytesIO(files["red.png"])), 40)
    evidence = pictures_case(tmp_path, files)
    assert pairs_of(evidence, NearDuplicate()(evidence, progress=no_progress)) == {("red copy.jpg", "red.png")}


def test_digits_resemble_each_other_without_being_duplicates(tmp_path):
    digits = load_digits().images[:300] * (255 / 16)
    pictures = [Image.fromarray(d.astype(np.uint8)).resize((48, 48), Image.Resampling.BICUBIC) for d in digits]
    files = {f"d{row:03d}.png": png(picture) for row, picture in enumerate(pictures)}
    files |= {f"d{row:03d}x.jpg": jpeg(pictures[row], 40) for row in range(0, 300, 30)}
    evidence = pictures_case(tmp_path, files)
    found = pairs_of(evidence, NearDuplicate()(evidence, progress=no_progress))
    planted = {(f"d{row:03d}.png", f"d{row:03d}x.jpg") for row in range(0, 300, 30)}
    assert len(found & planted) >= 9
    assert len(found - planted) <= 1


def test_vectors_alone():
    rng = np.random.default_rng(0)
    vectors, _ = blobs(300, d=40)
    copies = vectors[:10] + 0.005 * rng.normal(size=(10, 40))
    scaled = vectors[20:22] * 3
    evidence = vectors_case(np.concatenate([vectors, copies, scaled]))
    evidence_result = NearDuplicate()(evidence, progress=no_progress)
    found = pairs_of(evidence, evidence_result)
    assert {(f"r{row:05d}", f"r{300 + row:05d}") for row in range(10)} <= found
    assert len(found) <= 13


@pytest.mark.parametrize("d", [1, 2, 3, 8])
def test_chance_neighbors_in_few_dimensions_are_not_flagged(d):
    vectors = np.random.default_rng(d).normal(size=(600, d))
    result = NearDuplicate()(vectors_case(vectors), progress=no_progress)
    assert result.flagged().mean() <= 0.02


def test_many_copies_of_one_picture_are_still_found(tmp_path):
    files = {f"p{seed:02d}.png": png(scene(seed)) for seed in range(40)}
    files |= {f"q{quality}.jpg": jpeg(scene(0), quality) for quality in range(60, 96, 2)}
    evidence = pictures_case(tmp_path, files)
    group = NearDuplicate()(evidence, progress=no_progress).groups()
    ids = evidence.dataset.ids
    copies = [row for row, name in enumerate(ids) if name[0] == "q" or name == "p00.png"]
    assert len(set(group[copies].tolist())) == 1
    assert group[copies[0]] >= 0
    assert (group >= 0).sum() == len(copies)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_hash_candidates_hold_every_pair_within_three_bits(seed):
    rng = np.random.default_rng(seed)
    one = rng.integers(0, 2**63, size=40, dtype=np.uint64)
    bits = rng.integers(0, 64, size=(40, 3)).astype(np.uint64)
    near = one ^ np.bitwise_or.reduce(np.uint64(1) << bits, axis=1)
    other = rng.integers(0, 2**63, size=80, dtype=np.uint64)
    a, b = hash_pairs([np.concatenate([one, near]), other])
    assert {(row, row + 40) for row in range(40)} <= set(zip(a.tolist(), b.tolist(), strict=True))
    assert (a < b).all()


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000))
def test_the_order_of_rows_does_not_matter(seed):
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(40, 12)).astype(np.float32)
    vectors = np.concatenate([vectors, vectors[:4] + 0.001 * rng.normal(size=(4, 12)).astype(np.float32)])
    order = rng.permutation(44)
    one = NearDuplicate()(vectors_case(vectors), progress=no_progress)
    other = NearDuplicate()(vectors_case(vectors[order]), progress=no_progress)
    np.testing.assert_allclose(one.raw[order], other.raw, atol=2e-2)
