import pytest

from engines.read.layout import Place, places, split_in_names


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        ([b"a.jpg", b"b.jpg"], [(None, None, None)] * 2),
        ([b"cat/a.jpg", b"dog/b.jpg"], [(None, "cat", None), (None, "dog", None)]),
        ([b"cat/x/y/a.jpg", b"dog/b.jpg", b"c.jpg"], [(None, "cat", "x/y"), (None, "dog", None), (None, None, None)]),
        ([b"train/cat/a.jpg", b"Test/cat/b.jpg"], [("train", "cat", None), ("Test", "cat", None)]),
        ([b"train/a.jpg", b"val/b.jpg"], [("train", None, None), ("val", None, None)]),
        ([b"train/a.jpg", b"bus/b.jpg"], [(None, "train", None), (None, "bus", None)]),
        ([b"set/cat/a.jpg", b"set/dog/b.jpg"], [(None, "cat", None), (None, "dog", None)]),
        ([b"set/train/cat/a.jpg", b"set/test/cat/b.jpg"], [("train", "cat", None), ("test", "cat", None)]),
        ([b"images/a.jpg", b"images/b.jpg"], [(None, None, "images")] * 2),
        ([b"cat/a.jpg"], [(None, "cat", None)]),
        ([b"train/cat/a.jpg"], [("train", "cat", None)]),
        ([b"train/images/a.jpg", b"val/images/b.jpg"], [("train", None, "images"), ("val", None, "images")]),
        ([b"\xff/a.jpg", b"b/b.jpg"], [(None, "\\xff", None), (None, "b", None)]),
        ([], []),
    ],
)
def test_places(paths, expected):
    assert places(paths) == [Place(*place) for place in expected]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("train/0.tar", "train"),
        ("imagenet-train-0001.tar", "train"),
        ("imagenet1k_Validation.0.tar", "Validation"),
        ("test/train-0.tar", "train"),
        ("train/deep/0.tar", "train"),
        ("latest/contest.tar", None),
        ("", None),
    ],
)
def test_splits_in_names(path, expected):
    assert split_in_names(path) == expected
