import pytest

from engines.errors import SourceError
from engines.protocols import Reader
from engines.read import ENGINES
from tests.engines.read.reading import read


def test_every_reader_keeps_the_promise(tmp_path):
    for name in ENGINES.names():
        kind = ENGINES.load(name)
        reader: Reader = kind()
        assert callable(reader)
        assert not kind.reads(tmp_path / "nothing-there")


def test_a_wrong_path_names_what_is_near(tmp_path):
    (tmp_path / "pictures").mkdir()
    with pytest.raises(SourceError, match="does not exist") as caught:
        read(tmp_path / "picture")
    assert "did you mean" in caught.value.hint
    assert "pictures" in caught.value.hint


def test_a_path_below_a_file_does_not_exist(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(SourceError, match="does not exist"):
        read(tmp_path / "file" / "below")


def test_a_single_picture_is_refused_with_its_folder(tmp_path):
    (tmp_path / "a.jpg").write_bytes(b"x")
    with pytest.raises(SourceError, match="is one picture") as caught:
        read(tmp_path / "a.jpg")
    assert str(tmp_path) in caught.value.hint


def test_another_kind_of_file_is_refused_with_what_is_supported(tmp_path):
    (tmp_path / "a.docx").write_bytes(b"x")
    with pytest.raises(SourceError, match="cannot be read as a data set") as caught:
        read(tmp_path / "a.docx")
    assert ".npz" in caught.value.hint
    assert caught.value.exit_code == 2
