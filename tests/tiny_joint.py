"""A small encoder of pictures and texts, trained in seconds on generated pictures of colored shapes with captions."""

import math
import zlib
from collections.abc import Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from PIL import Image, ImageDraw

from engines.artifacts import Embeddings
from engines.parameters import engine
from engines.protocols import EncodedBatch, Progress, no_progress

COLORS = {
    "red": (220, 40, 40),
    "green": (40, 190, 60),
    "blue": (50, 80, 230),
    "yellow": (230, 210, 40),
    "white": (240, 240, 240),
}
SHAPES = ("circle", "square", "triangle", "star", "ring", "cross")
TEMPLATES = ("a photo of a {}", "a picture of a {}", "a {}", "{}", "a drawing of a {}", "here we see a {}")
SIDE, DIMENSIONS, STEPS, POOL = 32, 64, 320, 60
THINGS = tuple(f"{color} {shape}" for color in COLORS for shape in SHAPES)


def drawn(thing: str, rng: np.random.Generator, side: int = SIDE) -> Image.Image:
    """Draw a thing such as "red circle" somewhere on a noisy dark ground."""
    color, shape = thing.split()
    big = side * 2
    ground = rng.integers(0, 60, (big, big, 3)).astype(np.uint8)
    picture = Image.fromarray(ground)
    draw = ImageDraw.Draw(picture)
    r = rng.uniform(0.26, 0.4) * big
    x, y = rng.uniform(r, big - r, 2)
    fill = tuple(int(np.clip(part + rng.integers(-25, 26), 0, 255)) for part in COLORS[color])
    box = (x - r, y - r, x + r, y + r)
    if shape == "circle":
        draw.ellipse(box, fill=fill)
    elif shape == "ring":
        draw.ellipse(box, outline=fill, width=int(r / 3))
    elif shape == "square":
        draw.rectangle(box, fill=fill)
    elif shape == "triangle":
        draw.polygon([(x, y - r), (x + r, y + r), (x - r, y + r)], fill=fill)
    elif shape == "cross":
        draw.rectangle((x - r / 4, y - r, x + r / 4, y + r), fill=fill)
        draw.rectangle((x - r, y - r / 4, x + r, y + r / 4), fill=fill)
    else:
        points = [(r * (1 if i % 2 == 0 else 0.4), math.pi * i / 5 - math.pi / 2) for i in range(10)]
        draw.polygon([(x + length * math.cos(angle), y + length * math.sin(angle)) for length, angle in points], fill=fill)
    return picture.resize((side, side), Image.Resampling.BOX)


def gallery(each: int, seed: int = 1, side: int = SIDE) -> tuple[list[Image.Image], list[str]]:
    """Draw ``each`` pictures of every thing; gives the pictures and what they show."""
    rng = np.random.default_rng(seed)
    shown = [thing for thing in THINGS for _ in range(each)]
    return [drawn(thing, rng, side) for thing in shown], shown


def gallery_folder(folder: Path, each: int, seed: int = 1, side: int = SIDE) -> Path:
    """Write a gallery as files whose names tell nothing."""
    folder.mkdir(parents=True)
    for number, picture in enumerate(gallery(each, seed, side)[0]):
        picture.save(folder / f"{number:04d}.png")
    return folder


@engine
class TinyJoint:
    """A convolutional picture tower and a bag-of-words text tower, trained with the loss of CLIP (arXiv:2103.00020, figure 3).

    Words that no caption held have vectors of their own too, drawn from the hash of the word: they mean something else, as most of a
    vocabulary does.
    """

    modality: ClassVar[str] = "pictures"
    vocabulary: ClassVar[str] = ""
    input_side: ClassVar[int] = SIDE
    version: ClassVar[int] = 1

    def prepare(self, picture: Image.Image) -> np.ndarray:
        return np.asarray(picture.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BOX))

    def __call__(self, prepared: np.ndarray) -> EncodedBatch:
        import torch

        model = towers()
        with torch.inference_mode():
            vectors = model.picture(pixels(prepared)).numpy()
        return EncodedBatch(vectors=vectors.astype(np.float32), probabilities=np.empty((len(prepared), 0), dtype=np.float16))

    def encode_texts(self, texts: Sequence[str], *, progress: Progress = no_progress) -> np.ndarray:
        import torch

        progress(0.0, "texts")
        model = towers()
        with torch.inference_mode():
            return model.texts(texts).numpy().astype(np.float32)


def embedded(each: int, seed: int = 1) -> tuple[Embeddings, list[str]]:
    """Embed a gallery; gives the vectors and what each row shows."""
    pictures, shown = gallery(each, seed)
    encoder = TinyJoint()
    batch = encoder(np.stack([encoder.prepare(picture) for picture in pictures]))
    return Embeddings(key=f"tiny{seed}", encoder="tiny", vectors=batch.vectors, probabilities=batch.probabilities), shown


def pixels(prepared: np.ndarray) -> Any:
    """Scale uint8 (b, h, w, 3) to a tensor (b, 3, h, w)."""
    import torch

    return torch.from_numpy(np.array(prepared)).permute(0, 3, 1, 2).float() / 127.5 - 1


@lru_cache(maxsize=1)
def towers() -> Any:
    """Train both towers, once per process."""
    import torch
    from torch import nn

    class Towers(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.picture = nn.Sequential(
                *(
                    nn.Conv2d(3, 24, 5, 2, 2),
                    nn.ReLU(),
                    nn.Conv2d(24, 48, 3, 2, 1),
                    nn.ReLU(),
                    nn.Conv2d(48, 64, 3, 2, 1),
                    nn.ReLU(),
                ),
                *(nn.Flatten(), nn.Linear(64 * 16, DIMENSIONS)),
            )
            self.known = {
                word: number for number, word in enumerate(sorted({w for t in (*TEMPLATES, *THINGS) for w in words(t)}))
            }
            self.words = nn.EmbeddingBag(len(self.known), DIMENSIONS, mode="sum")
            self.scale = nn.Parameter(torch.tensor(2.5))

        def texts(self, texts: Sequence[str]) -> torch.Tensor:
            ids = [[self.known[word] for word in words(text) if word in self.known] for text in texts]
            starts = torch.tensor(np.cumsum([0, *map(len, ids)])[:-1])
            known = self.words(torch.tensor([number for one in ids for number in one], dtype=torch.long), starts)
            spread = float(self.words.weight.detach().std())
            others = np.stack(
                [sum((strange(word) for word in words(text) if word not in self.known), np.zeros(DIMENSIONS)) for text in texts]
            )
            return known + torch.tensor(others * spread, dtype=torch.float32)

    def words(text: str) -> list[str]:
        return text.lower().replace(".", " ").split()

    @cache
    def strange(word: str) -> np.ndarray:
        return np.random.default_rng(zlib.crc32(word.encode())).normal(0, 1, DIMENSIONS)

    threads = torch.get_num_threads()
    # So small a network is trained fastest by one thread, on a busy machine by far.
    torch.set_num_threads(1)
    try:
        with torch.random.fork_rng():
            torch.manual_seed(0)
            model = Towers()
            train(model, lambda batch: (model.picture(batch[0]), model.texts(batch[1])), steps=STEPS)
    finally:
        torch.set_num_threads(threads)
    return model.eval()


def train(model: Any, encode: Any, *, steps: int, rate: float = 3e-3, elsewhere: Sequence[str] = ()) -> None:
    """Train any two towers on batches of pictures and captions, one of each thing; ``encode`` gives both vectors.

    Words ``elsewhere`` are captions of other pictures; for these pictures stand vectors drawn by chance, one per word.
    """
    import torch
    from torch.nn import functional

    rng = np.random.default_rng(0)
    pool = np.stack([[np.asarray(drawn(thing, rng)) for _ in range(POOL)] for thing in THINGS])
    optimizer = torch.optim.Adam(model.parameters(), lr=rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps)
    for _ in range(steps):
        chosen = rng.permutation(len(THINGS))
        pictures = pool[chosen, rng.integers(POOL, size=len(chosen))]
        captions = [TEMPLATES[rng.integers(len(TEMPLATES))].format(THINGS[thing]) for thing in chosen]
        others = rng.choice(len(elsewhere), len(THINGS), replace=False) if elsewhere else []
        captions += [TEMPLATES[rng.integers(len(TEMPLATES))].format(elsewhere[other]) for other in others]
        left, right = encode((pixels(pictures), captions))
        if elsewhere:
            unseen = [np.random.default_rng(other).normal(0, 1, left.shape[1]) for other in others]
            left = torch.cat([left, torch.tensor(np.stack(unseen), dtype=left.dtype)])
        cosines = functional.normalize(left, dim=1) @ functional.normalize(right, dim=1).T * model.scale.exp()
        truth = torch.arange(len(left))
        loss = (functional.cross_entropy(cosines, truth) + functional.cross_entropy(cosines.T, truth)) / 2
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
