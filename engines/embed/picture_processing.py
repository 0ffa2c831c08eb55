"""Prepare pictures as a model's own preprocessor_config.json says, with Pillow alone, so that torchvision is not needed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt
from PIL import Image

from engines.embed.model_files import PICTURE_FILES, ModelFiles, read_json
from engines.embed.model_loading import quiet
from engines.errors import ParameterError

if TYPE_CHECKING:
    import torch

FLOAT_RESIZE = "DINOv3ViTImageProcessor"
"""The one processor that resizes fractions instead of bytes; the library has it for torchvision only."""
LONGEST = 16
"""A picture that is more times as long as wide is cut to its middle where it would otherwise be resized to a huge one."""
SHAPES = ((61, 97), (97, 61), (333, 500))
"""Heights and widths of the pictures that a processor is tried on."""


class PictureProcessing(Protocol):
    """How one picture becomes the model's input: ``prepare`` in decode threads, ``tensors`` for a batch beside the model."""

    @property
    def side(self) -> int:
        """Give what both sides of a decoded picture need to have at least."""
        ...

    def prepare(self, picture: Image.Image) -> npt.NDArray[Any]:
        """Turn an upright RGB picture into an array that has the same shape for every picture."""
        ...

    def tensors(self, prepared: npt.NDArray[Any], device: str) -> dict[str, torch.Tensor]:
        """Give a batch (b, ...) of prepared pictures as the model's named inputs, fractions as float32."""
        ...


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Resize, crop to the middle, scale: what most models do. ``size`` is (height, width), or the shorter side alone.

    Pictures stay bytes until they are a batch, a quarter of the memory: value = byte * factor - mean, divided by deviation, as the library
    has it. ``fractions``: resize after scaling to fractions, without rounding to bytes in between.
    """

    size: tuple[int, int] | int
    crop: tuple[int, int] | None
    resample: int
    factor: float
    mean: tuple[float, float, float]
    deviation: tuple[float, float, float]
    fractions: bool = False

    @property
    def side(self) -> int:
        """Give what the shorter side of a picture is resized to, at most."""
        return self.size if isinstance(self.size, int) else max(self.size)

    def prepare(self, picture: Image.Image) -> npt.NDArray[Any]:
        """Resize and crop to uint8 (h, w, 3), or float32 where it is resized as fractions."""
        if isinstance(self.size, int):
            picture = _middle(picture)
        height, width = self._resized(picture.height, picture.width)
        size, resample = (width, height), Image.Resampling(self.resample)
        if not self.fractions:
            return self._cut(picture.resize(size, resample))
        channels = (np.asarray(picture, dtype=np.float32) * np.float32(self.factor)).transpose(2, 0, 1)
        return np.stack([self._cut(Image.fromarray(channel).resize(size, resample)) for channel in channels], axis=-1)

    def tensors(self, prepared: npt.NDArray[Any], device: str) -> dict[str, torch.Tensor]:
        """Scale a batch (b, h, w, 3) to float32 (b, 3, h, w)."""
        import torch

        values = torch.from_numpy(prepared).to(device).permute(0, 3, 1, 2).to(torch.float32)
        if not self.fractions:
            values = values * self.factor
        mean, deviation = (torch.tensor(three, device=device).view(1, 3, 1, 1) for three in (self.mean, self.deviation))
        return {"pixel_values": ((values - mean) / deviation).contiguous()}

    def _resized(self, height: int, width: int) -> tuple[int, int]:
        if not isinstance(self.size, int):
            return self.size
        short, long = min(height, width), max(height, width)
        grown = int(self.size * long / short)
        return (grown, self.size) if height > width else (self.size, grown)

    def _cut(self, picture: Image.Image) -> npt.NDArray[Any]:
        if self.crop is not None:
            top, left = (picture.height - self.crop[0]) // 2, (picture.width - self.crop[1]) // 2
            picture = picture.crop((left, top, left + self.crop[1], top + self.crop[0]))
        return np.array(picture)


@dataclass(frozen=True, kw_only=True)
class Library:
    """Leave the pictures to the library's own processor, in its variant for Pillow; several named arrays travel as fields of one."""

    processor: Any
    dtype: np.dtype[Any]
    side: int

    def prepare(self, picture: Image.Image) -> npt.NDArray[Any]:
        """Give what the processor makes of one picture as a structured scalar array."""
        packed = np.zeros((), dtype=self.dtype)
        for name, values in _processed(self.processor, _middle(picture)).items():
            packed[name] = values
        return packed

    def tensors(self, prepared: npt.NDArray[Any], device: str) -> dict[str, torch.Tensor]:
        """Unpack the fields of a batch."""
        import torch

        names = self.dtype.names or ()
        return {name: torch.from_numpy(np.ascontiguousarray(prepared[name])).to(device) for name in names}


def picture_processing(files: ModelFiles) -> PictureProcessing:
    """Read how a model wants its pictures: by our own ``Plan`` where that gives what the library's processor gives, else by the latter.

    Raises:
        ParameterError: when the model does not say how, its processor needs torchvision, or gives pictures of different sizes.
    """
    settings = _settings(files)
    if str(settings.get("image_processor_type", "")).removesuffix("Fast") == FLOAT_RESIZE:
        plan = read_plan({**_DINOV3, **{key: value for key, value in settings.items() if value is not None}}, fractions=True)
        if plan is None:
            raise ParameterError(
                f"{files.folder}: no fixed size is set for its pictures", "look at its preprocessor_config.json"
            )
        return plan
    processor = _library_processor(files)
    probes = [_probe(*shape) for shape in SHAPES]
    try:
        expected = [_processed(processor, probe) for probe in probes]
    except Exception as error:  # any third-party processor may run here
        raise ParameterError(f"the picture processor of {files.folder} fails: {error}", "choose another model") from error
    plan = read_plan(processor.to_dict())
    if plan is not None and all(_agrees(plan, probe, values) for probe, values in zip(probes, expected, strict=True)):
        return plan
    kinds = [{name: (values.dtype, values.shape) for name, values in arrays.items()} for arrays in expected]
    if any(kind != kinds[0] for kind in kinds):
        raise ParameterError(
            f"{files.folder} makes pictures of different sizes, which cannot be encoded in batches",
            "set do_center_crop and crop_size in its preprocessor_config.json",
        )
    fields = [(name, dtype, shape) for name, (dtype, shape) in kinds[0].items()]
    return Library(processor=processor, dtype=np.dtype(fields), side=_side(processor, expected[0]))


def read_plan(settings: Mapping[str, Any], *, fractions: bool = False) -> Plan | None:
    """Read the settings of a processor as a plan; None where they say something that a plan cannot."""
    size, crop = settings.get("size") or {}, settings.get("crop_size") or {}
    cropped = bool(settings.get("do_center_crop"))
    if (
        not settings.get("do_resize")
        or settings.get("do_pad")
        or not isinstance(size, Mapping)
        or not isinstance(crop, Mapping)
    ):
        return None
    given = {key for key, value in size.items() if value is not None}
    if given == {"height", "width"}:
        resized: tuple[int, int] | int = (int(size["height"]), int(size["width"]))
    elif given == {"shortest_edge"} and cropped:
        resized = int(size["shortest_edge"])
    else:
        return None
    if cropped and not (crop.get("height") and crop.get("width")):
        return None
    normalized = bool(settings.get("do_normalize"))
    mean = _three(settings.get("image_mean")) if normalized else (0.0, 0.0, 0.0)
    deviation = _three(settings.get("image_std")) if normalized else (1.0, 1.0, 1.0)
    if mean is None or deviation is None:
        return None
    resample = settings.get("resample")
    return Plan(
        size=resized,
        crop=(int(crop["height"]), int(crop["width"])) if cropped else None,
        resample=int(Image.Resampling.BILINEAR if resample is None else resample),
        factor=float(settings.get("rescale_factor") or 1 / 255) if settings.get("do_rescale") else 1.0,
        mean=mean,
        deviation=deviation,
        fractions=fractions,
    )


_DINOV3: dict[str, Any] = {
    "do_resize": True,
    "size": {"height": 224, "width": 224},
    "resample": 2,
    "do_rescale": True,
    "rescale_factor": 1 / 255,
    "do_normalize": True,
    "image_mean": [0.485, 0.456, 0.406],
    "image_std": [0.229, 0.224, 0.225],
}
"""What the library takes where the file is silent."""


def _three(values: Any) -> tuple[float, float, float] | None:
    if not isinstance(values, Sequence) or len(values) != 3 or not all(isinstance(value, int | float) for value in values):
        return None
    return float(values[0]), float(values[1]), float(values[2])


def _settings(files: ModelFiles) -> dict[str, Any]:
    """Read the settings of pictures; newer models keep them beside others in one file."""
    for name in PICTURE_FILES:
        settings = read_json(files.folder, name)
        if settings is not None and name == "processor_config.json":
            settings = settings.get("image_processor")
        if isinstance(settings, dict):
            return settings
    raise ParameterError(
        f"{files.folder} does not say how its pictures are prepared: it has no preprocessor_config.json",
        "get that file from where the model came from; for models of texts use --encoder with a data set of texts",
    )


def _library_processor(files: ModelFiles) -> Any:
    from transformers import AutoImageProcessor

    load: Any = AutoImageProcessor.from_pretrained
    try:
        with quiet():
            processor = load(files.folder, backend="pil", local_files_only=True, trust_remote_code=False)
    except Exception as error:
        raise ParameterError(
            f"the pictures of {files.folder} cannot be prepared: {_first_line(error)}",
            "its processor may need torchvision, or code that comes with the model, neither of which is used here",
        ) from error
    if getattr(processor, "backend", "pil") != "pil":
        raise ParameterError(
            f"the picture processor of {files.folder} needs torchvision, which is not used here", "choose another model"
        )
    return processor


def _processed(processor: Any, picture: Image.Image) -> dict[str, npt.NDArray[Any]]:
    made = processor(images=picture, return_tensors="np")
    return {str(name): np.asarray(values)[0] for name, values in made.items()}


def _agrees(plan: Plan, probe: Image.Image, expected: Mapping[str, npt.NDArray[Any]]) -> bool:
    if set(expected) != {"pixel_values"}:
        return False
    ours = plan.tensors(plan.prepare(probe)[None], "cpu")["pixel_values"][0].numpy()
    return ours.shape == expected["pixel_values"].shape and bool(np.abs(ours - expected["pixel_values"]).max() < 1e-5)


def _side(processor: Any, example: Mapping[str, npt.NDArray[Any]]) -> int:
    """Guess what side a processor that we do not read ourselves wants, rather too large than too small."""
    size = getattr(processor, "size", None) or {}
    sides = [int(value) for value in dict(size).values() if isinstance(value, int)]
    patches, patch = getattr(processor, "max_num_patches", None), getattr(processor, "patch_size", None)
    if isinstance(patches, int) and isinstance(patch, int):
        sides.append(math.isqrt(patches) * patch)
    if not sides:
        sides = list(example["pixel_values"].shape[-2:]) if "pixel_values" in example else [512]
    crop = getattr(processor, "crop_pct", None)
    return math.ceil(max(sides) / crop) if isinstance(crop, float) and 0 < crop < 1 else max(sides)


def _middle(picture: Image.Image) -> Image.Image:
    """Cut a picture that is more than ``LONGEST`` times as long as wide to its middle."""
    width, height = picture.size
    longest = LONGEST * min(width, height)
    if max(width, height) <= longest:
        return picture
    left, top = max(width - longest, 0) // 2, max(height - longest, 0) // 2
    return picture.crop((left, top, left + min(width, longest), top + min(height, longest)))


def _probe(height: int, width: int) -> Image.Image:
    return Image.fromarray(np.random.default_rng(height).integers(0, 256, (height, width, 3), dtype=np.uint8))


def _first_line(error: Exception) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)[:200]


__all__ = ["Library", "PictureProcessing", "Plan", "picture_processing", "read_plan"]
