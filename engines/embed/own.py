"""Let a person's own function encode pictures or texts, under a name and a version that stand for what it does."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import field
from functools import cached_property
from types import CodeType
from typing import Annotated, Any, ClassVar

import numpy as np
import numpy.typing as npt
from PIL import Image

from engines.artifacts import Float32
from engines.embed import ENGINES
from engines.errors import DatasetExplorerError, ParameterError
from engines.keys import digest
from engines.parameters import Doc, Range, engine
from engines.protocols import CorpusEncoder, EncodedBatch, PictureEncoder, Progress, TextEncoder, no_progress
from engines.registry import Entry

PictureFunction = Callable[[list[Image.Image]], Any]
TextFunction = Callable[[list[str]], Any]

SIDE = 448

_registered: dict[str, Any] = {}


class _Widths:
    """How many dimensions the vectors of a function have, known from its first answer on."""

    def __init__(self) -> None:
        self.seen: int | None = None


@engine
class OwnPictures:
    """A function from a list of upright RGB pictures (b) to an array (b, d) of numbers.

    It is called by one thread, with up to 16 pictures at once. A row with a NaN or an infinity in it becomes a reject. ``name`` and
    ``version`` stand for the function in the key, together with its own code where it is plain Python: what it calls and the
    weights that it holds cannot be seen, so give another ``version`` when these change.
    """

    modality: ClassVar[str] = "pictures"
    vocabulary: ClassVar[str] = ""
    packages: ClassVar[tuple[str, ...]] = ("pillow",)

    function: PictureFunction = field(metadata={"speed_only": True}, repr=False)
    name: Annotated[str, Doc("what the encoder is called")]
    version: Annotated[str, Doc("change it when the function gives other vectors")] = "1"
    side: Annotated[int, Range(0, 2048), Doc("longer than this no shorter side of a picture is; 0 = as it was decoded")] = SIDE

    @property
    def input_side(self) -> int:
        """Give what both sides of a decoded picture need to have at least."""
        return self.side or 1 << 30

    @property
    def content_key(self) -> str:
        """Hash the function's own code."""
        return _code_of(self.function)

    @cached_property
    def _widths(self) -> _Widths:
        return _Widths()

    def prepare(self, picture: Image.Image) -> npt.NDArray[Any]:
        """Shrink a large picture, keeping its shape; it travels as an object, since pictures have many sizes."""
        shorter = min(picture.size)
        if self.side and shorter > self.side:
            width, height = (max(1, round(length * self.side / shorter)) for length in picture.size)
            picture = picture.resize((width, height), Image.Resampling.LANCZOS)
        packed = np.empty((), dtype=object)
        packed[()] = picture
        return packed

    def __call__(self, prepared: npt.NDArray[Any]) -> EncodedBatch:
        """Encode a batch of pictures.

        Raises:
            ParameterError: when the function fails, or gives something else than one vector of a fixed length per picture.
        """
        vectors = _answer(self.function, prepared.tolist(), self.name, "pictures", self._widths)
        return EncodedBatch(vectors=vectors, probabilities=np.empty((len(vectors), 0), dtype=np.float16))


@engine
class OwnJoint(OwnPictures):
    """Two functions that end in one space: pictures as ``OwnPictures``, and ``texts`` from a list of texts (b) to an array (b, d)."""

    texts: TextFunction = field(metadata={"speed_only": True}, repr=False)

    @property
    def content_key(self) -> str:
        """Hash the code of both functions."""
        return digest(_code_of(self.function), _code_of(self.texts))

    def encode_texts(self, texts: Sequence[str], *, progress: Progress = no_progress) -> Float32:
        """Encode texts to float32 (b, d), in the space of the pictures.

        Raises:
            ParameterError: when the function fails, or gives something else than one vector of the pictures' length per text.
        """
        vectors = _answer(self.texts, list(texts), self.name, "texts", self._widths)
        progress(1.0, f"encoded {len(texts):,} texts")
        return vectors


@engine
class OwnTexts:
    """A function from a list of texts (b) to an array (b, d) of numbers; else as ``OwnPictures``."""

    modality: ClassVar[str] = "texts"
    packages: ClassVar[tuple[str, ...]] = ()

    function: TextFunction = field(metadata={"speed_only": True}, repr=False)
    name: Annotated[str, Doc("what the encoder is called")]
    version: Annotated[str, Doc("change it when the function gives other vectors")] = "1"

    @property
    def content_key(self) -> str:
        """Hash the function's own code."""
        return _code_of(self.function)

    @cached_property
    def _widths(self) -> _Widths:
        return _Widths()

    def encode_texts(self, texts: Sequence[str], *, progress: Progress = no_progress) -> Float32:
        """Encode texts to float32 (b, d).

        Raises:
            ParameterError: when the function fails, or gives something else than one vector of a fixed length per text.
        """
        vectors = _answer(self.function, list(texts), self.name, "texts", self._widths)
        progress(1.0, f"encoded {len(texts):,} texts")
        return vectors


def wrap(
    function: Callable[[Any], Any],
    kind: str,
    name: str | None = None,
    version: str | int = "1",
    *,
    texts: TextFunction | None = None,
    side: int = SIDE,
) -> OwnPictures | OwnTexts:
    """Make an encoder of a function: ``kind`` "pictures" (list of PIL images) or "texts" (list of str), to an array (b, d).

    ``texts``: for pictures, a second function that brings texts into the same space, so that clusters are named and words are searched
    by it.

    Raises:
        ParameterError: for another kind, or something that cannot be called.
    """
    for given in (function, texts):
        if given is not None and not callable(given):
            raise ParameterError(f"an encoder must be a function, not {type(given).__name__}", "give a function of a list")
    called = str(name or getattr(function, "__name__", type(function).__name__))
    if kind == "texts" and texts is None:
        return OwnTexts(function=function, name=called, version=str(version))
    if kind != "pictures":
        raise ParameterError(f"no function encodes {kind!r}", "kind is 'pictures' or 'texts'")
    if texts is not None:
        return OwnJoint(function=function, texts=texts, name=called, version=str(version), side=side)
    return OwnPictures(function=function, name=called, version=str(version), side=side)


def register(encoder: Any) -> str:
    """Make an encoder known by name in this process, so that a recipe can name it; give the name. The same name again replaces it.

    Raises:
        ParameterError: for something that is no encoder, or a name that an engine has already.
    """
    name = str(getattr(encoder, "name", type(encoder).__name__))
    plain: object = encoder
    fits = isinstance(plain, PictureEncoder | TextEncoder | CorpusEncoder) and not isinstance(plain, type)
    if not fits or not dataclasses.is_dataclass(plain):
        raise ParameterError(
            f"{name} is no encoder", "give a function, or an @engine dataclass that keeps a promise of engines/protocols.py"
        )
    if not name or any(sign in name for sign in "/\\") or (name in ENGINES.entries and name not in _registered):
        raise ParameterError(f"an encoder cannot be called {name!r}", "give it a name of its own, without a slash")
    _registered[name] = encoder
    kind = type(encoder)
    ENGINES.entries[name] = Entry(f"{kind.__module__}:{kind.__qualname__}", "given in Python", modality=encoder.modality)
    return name


def registered(name: str) -> Any | None:
    """Give the encoder that was registered under a name in this process, or None."""
    return _registered.get(name)


def forget(name: str) -> None:
    """Take an encoder out again."""
    if _registered.pop(name, None) is not None:
        ENGINES.entries.pop(name, None)


def _answer(function: Callable[[Any], Any], given: list[Any], name: str, kind: str, widths: _Widths) -> Float32:
    """Ask the function and check what it gives."""
    if not given:
        return np.empty((0, widths.seen or 0), dtype=np.float32)
    try:
        answer = function(given)
    except DatasetExplorerError:
        raise
    except Exception as error:
        raise ParameterError(
            f"the encoder {name} failed at {len(given)} {kind}: {type(error).__name__}: {error}",
            "try it on a list of them yourself",
        ) from error
    wanted = f"it must give an array of shape ({len(given)}, d) for {len(given)} {kind}"
    try:
        array = np.asarray(answer)
        if array.dtype.kind not in "fiub":
            raise ValueError(f"values of type {array.dtype}")
    except Exception as error:  # a tensor on a graphics card, a ragged list, None
        raise ParameterError(f"the encoder {name} gives no array of numbers: {error}", wanted) from error
    if array.ndim != 2 or len(array) != len(given) or not array.shape[1]:
        raise ParameterError(f"the encoder {name} gives an array of shape {array.shape}", wanted)
    if widths.seen not in (None, array.shape[1]):
        raise ParameterError(
            f"the encoder {name} gives vectors of {array.shape[1]} numbers, before of {widths.seen}",
            "all vectors of an encoder have one length",
        )
    widths.seen = array.shape[1]
    with np.errstate(over="ignore", invalid="ignore"):
        return np.ascontiguousarray(array, dtype=np.float32)


def _code_of(function: Any) -> str:
    """Hash the code of a plain function, whatever file and line it stands in; of other callables only what they are called."""
    code = getattr(function, "__code__", None)
    if isinstance(code, CodeType):
        defaults = (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values())
        return digest(*_parts(code), "", *map(_constant, defaults))
    kind = type(function)
    return digest(kind.__module__, kind.__qualname__)


def _parts(code: CodeType) -> list[bytes | str]:
    parts: list[bytes | str] = [code.co_code, *code.co_names, *code.co_varnames]
    for constant in code.co_consts:
        parts += _parts(constant) if isinstance(constant, CodeType) else [_constant(constant)]
    return parts


def _constant(value: Any) -> str:
    """Write a constant the same way in every process: no addresses, no order of hashes."""
    if isinstance(value, frozenset):
        return repr(sorted(map(_constant, value)))
    if isinstance(value, tuple):
        return repr([_constant(item) for item in value])
    return repr(value) if isinstance(value, int | float | complex | str | bytes | None) else type(value).__name__


__all__ = ["OwnJoint", "OwnPictures", "OwnTexts", "forget", "register", "registered", "wrap"]
