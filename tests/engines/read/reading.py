"""Read a source as the tests of single readers want it: rows, and the vectors where there is one kind of them."""

import tempfile
from pathlib import Path
from typing import Any

from engines import read as stage
from engines.artifacts import Dataset
from engines.protocols import SourceOptions


def read(source: Path, options: SourceOptions | None = None) -> tuple[Dataset, Any]:
    with tempfile.TemporaryDirectory() as scratch:
        reading = stage.read(source, options, scratch=Path(scratch))
    return reading.dataset, next(iter(reading.vectors.values()), None)
