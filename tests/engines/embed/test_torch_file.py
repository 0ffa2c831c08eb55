import io
import pickle
from collections import OrderedDict

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.embed.torch_file import MAGIC, NotWeights, read_tensors


def written(tensors: dict[str, torch.Tensor]) -> bytes:
    stream = io.BytesIO()
    torch.save(OrderedDict(tensors), stream, _use_new_zipfile_serialization=False)
    return stream.getvalue()


@pytest.fixture(scope="module")
def whole() -> bytes:
    base = torch.arange(60, dtype=torch.float32)
    return written(
        {
            "plain": base.reshape(3, 4, 5),
            "turned": base.reshape(3, 4, 5).permute(2, 0, 1),
            "part": base[7:19].reshape(3, 4),
            "count": torch.tensor(12345678901),
            "none": torch.zeros(0, 4),
        }
    )


def test_tensors_are_those_that_torch_reads(whole, tmp_path):
    path = tmp_path / "a.pth"
    path.write_bytes(whole)
    expected = torch.load(path, weights_only=True)
    found = read_tensors(path)
    assert list(found) == list(expected)
    for name, tensor in expected.items():
        np.testing.assert_array_equal(found[name], tensor.numpy())
        assert found[name].dtype == tensor.numpy().dtype
        assert found[name].flags.c_contiguous


class Trap:
    def __reduce__(self):
        return (exec, ("raise SystemExit('the pickle was run')",))


@pytest.mark.parametrize("place", [0, 3])
def test_nothing_in_the_file_is_run(tmp_path, place):
    parts = [MAGIC, 1001, {}, OrderedDict(), []]
    parts[place] = Trap()
    (tmp_path / "trap.pth").write_bytes(b"".join(pickle.dumps(part, protocol=2) for part in parts))
    with pytest.raises(NotWeights, match=r"it asks for \w+\.exec"):
        read_tensors(tmp_path / "trap.pth")


@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_a_damaged_file_is_refused_or_read(whole, tmp_path_factory, data):
    cut = data.draw(st.integers(0, len(whole)))
    raw = bytearray(whole[:cut])
    for _ in range(data.draw(st.integers(0, 3))):
        if raw:
            raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("damaged") / "a.pth"
    path.write_bytes(bytes(raw))
    try:
        found = read_tensors(path)
    except NotWeights:
        return
    assert all(isinstance(array, np.ndarray) for array in found.values())


def test_other_files_are_refused(tmp_path):
    for number, raw in enumerate((b"", b"PK\x03\x04zip", pickle.dumps(5), b"\x80\x02K\x05.")):
        (tmp_path / f"{number}").write_bytes(raw)
        with pytest.raises(NotWeights):
            read_tensors(tmp_path / f"{number}")
