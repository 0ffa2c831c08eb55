"""Data sets whose media are no files of their own: members of a zip or tar file, and texts."""

import io
import struct
import tarfile
import zipfile
from dataclasses import replace

import numpy as np
import pyarrow as pa
from PIL import Image

from engines.media import media_table
from tests.engines.export.made import dataset


def pictures(count, side=8):
    """Make PNG pictures that differ."""
    made = []
    for number in range(count):
        buffer = io.BytesIO()
        Image.new("RGB", (side, side), (number * 37 % 256, number * 11 % 256, 99)).save(buffer, "PNG")
        made.append(buffer.getvalue())
    return made


def in_zip(root, files, labels, splits=None, own=None, *, packed=True):
    """Make a data set of the members of a zip file."""
    path = root / "all.zip"
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    places = []
    with zipfile.ZipFile(path) as archive, path.open("rb") as raw:
        for info in archive.infolist():
            raw.seek(info.header_offset + 26)
            name_length, extra_length = struct.unpack("<HH", raw.read(4))
            places.append((info.header_offset + 30 + name_length + extra_length, info.compress_size))
    return _inside(path, files, labels, splits, own, places, "deflate" if packed else "")


def in_tar(root, files, labels, splits=None, own=None):
    """Make a data set of the members of a tar file."""
    path = root / "all.tar"
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    with tarfile.open(path) as archive:
        places = [(member.offset_data, member.size) for member in archive.getmembers()]
    return _inside(path, files, labels, splits, own, places, "")


def _inside(path, files, labels, splits, own, places, codec):
    data = dataset(path.parent, list(files), labels, splits, own)
    media = media_table(
        pa.array([path.name.encode()] * len(files), pa.binary()),
        np.array([offset for offset, _ in places], dtype=np.int64),
        np.array([length for _, length in places], dtype=np.int64),
        [codec] * len(files),
    )
    return replace(data, media=media, source=str(path), root=str(path.parent))


def texts(root, held, labels, *, name=None, own=None, splits=None):
    """Make a data set of texts out of a table whose column of texts has a name."""
    root.mkdir(parents=True, exist_ok=True)
    data = dataset(root, [f"t{number}" for number in range(len(held))], labels, splits, own)
    rows = data.rows.set_column(1, "path", pa.nulls(len(held), pa.string()))
    origin = {"roles": {"text": name}} if name else {}
    return replace(data, kind="texts", rows=rows, media=media_table(pa.array(held, pa.string())), origin=origin)
