"""Small tables made by the real libraries, and the same rows as a folder of pictures."""

import base64
import csv
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import datasets
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

ROWS = [("train", "cat"), ("train", "dog"), ("train", "cat"), ("test", "dog"), ("test", "cat"), ("train", "dog")]
LABELS = ["cat", "dog"]


@dataclass(frozen=True)
class Example:
    """One row as plain values: where its picture lies below the folder, its bytes, its split and label."""

    path: str
    content: bytes
    split: str
    label: str


def picture(number: int) -> bytes:
    pixels = np.random.default_rng(number).integers(0, 255, (9, 11, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, ["PNG", "JPEG", "WEBP", "GIF", "BMP"][number % 5])
    return file.getvalue()


def examples(folder: Path) -> list[Example]:
    """Write the pictures into split and class folders."""
    rows = []
    for number, (split, label) in enumerate(ROWS):
        suffix = ["png", "jpg", "webp", "gif", "bmp"][number % 5]
        row = Example(f"{split}/{label}/{number}.{suffix}", picture(number), split, label)
        (folder / row.path).parent.mkdir(parents=True, exist_ok=True)
        (folder / row.path).write_bytes(row.content)
        rows.append(row)
    return rows


def plain(rows: list[Example], held: str) -> list[dict]:
    """Give the rows as objects; ``held``: how the picture is held."""

    def image(row: Example) -> object:
        text = base64.b64encode(row.content).decode()
        return {
            "path": row.path,
            "uri": f"data:image/png;base64,{text}",
            "base64": text,
            "bytes": row.content,
            "struct": {"bytes": row.content, "path": Path(row.path).name},
            "json": {"bytes": text, "path": None},
            "named": {"bytes": None, "path": row.path},
        }[held]

    return [{"image": image(row), "label": row.label, "split": row.split, "number": n} for n, row in enumerate(rows)]


def write_csv(path: Path, rows: list[dict], delimiter: str = ",") -> None:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)


def arrow(rows: list[dict]) -> pa.Table:
    return pa.Table.from_pylist(rows)


def write_arrow(path: Path, table: pa.Table, *, stream: bool = False, compression: str | None = None) -> None:
    options = pa.ipc.IpcWriteOptions(compression=compression)
    opener = pa.ipc.new_stream if stream else pa.ipc.new_file
    with pa.OSFile(str(path), "wb") as sink, opener(sink, table.schema, options=options) as writer:
        writer.write_table(table, max_chunksize=4)


def hugging_face(rows: list[Example]) -> datasets.DatasetDict:
    """Make a dictionary of data sets with pictures as bytes and classes as numbers."""
    features = datasets.Features(
        {"image": datasets.Image(), "label": datasets.ClassLabel(names=LABELS), "number": datasets.Value("int64")}
    )
    found = {}
    for split in ("train", "test"):
        chosen = [(number, row) for number, row in enumerate(rows) if row.split == split]
        columns = {
            "image": [{"bytes": row.content, "path": None} for _, row in chosen],
            "label": [LABELS.index(row.label) for _, row in chosen],
            "number": [number for number, _ in chosen],
        }
        found[split] = datasets.Dataset.from_dict(columns, features=features)
    return datasets.DatasetDict(found)


def _json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value))


def _lines(path: Path, rows: list[dict]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def _columns(rows: list[dict]) -> dict[str, list]:
    return {name: [row[name] for row in rows] for name in rows[0]}


def _parts(folder: Path, rows: list[Example]) -> Path:
    """Write Parquet files as a hub keeps them: a folder ``data`` with shards of splits."""
    for split, whole in hugging_face(rows).items():
        (folder / "hub" / "data").mkdir(parents=True, exist_ok=True)
        for shard in range(2):
            part = whole.shard(num_shards=2, index=shard, contiguous=True)
            part.to_parquet(str(folder / "hub" / "data" / f"{split}-{shard:05d}-of-00002.parquet"))
    (folder / "hub" / "README.md").write_text("a card")
    return folder / "hub"


def _saved(folder: Path, rows: list[Example]) -> Path:
    hugging_face(rows).save_to_disk(str(folder / "saved"), num_shards={"train": 2, "test": 1})
    return folder / "saved"


def _file(name: str, write: Callable[[Path], None]) -> Callable[[Path], Path]:
    def made(folder: Path) -> Path:
        write(folder / name)
        return folder / name

    return made


def makers(rows: list[Example]) -> dict[str, Callable[[Path], Path]]:
    """Give by name what writes the rows below a folder (that of the pictures) and says what to open."""

    def table(held: str) -> pa.Table:
        return arrow(plain(rows, held))

    return {
        "csv of paths": _file("t.csv", lambda path: write_csv(path, plain(rows, "path"))),
        "csv with semicolons": _file("t.csv", lambda path: write_csv(path, plain(rows, "path"), ";")),
        "tsv of data URIs": _file("t.tsv", lambda path: write_csv(path, plain(rows, "uri"), "\t")),
        "csv of base64": _file("t.csv", lambda path: write_csv(path, plain(rows, "base64"))),
        "jsonl of paths": _file("t.jsonl", lambda path: _lines(path, plain(rows, "path"))),
        "jsonl of structs": _file("t.ndjson", lambda path: _lines(path, plain(rows, "json"))),
        "jsonl of named structs": _file("t.jsonl", lambda path: _lines(path, plain(rows, "named"))),
        "json array": _file("t.json", lambda path: _json(path, plain(rows, "uri"))),
        "json of columns": _file("t.json", lambda path: _json(path, _columns(plain(rows, "path")))),
        "json with data": _file("t.json", lambda path: _json(path, {"version": 1, "data": plain(rows, "path")})),
        "parquet of bytes": _file("t.parquet", lambda path: pq.write_table(table("bytes"), path, row_group_size=4)),
        "parquet of structs": _file("t.parquet", lambda path: pq.write_table(table("struct"), path)),
        "parquet of paths": _file("t.parquet", lambda path: pq.write_table(table("path"), path)),
        "arrow file": _file("t.arrow", lambda path: write_arrow(path, table("bytes"))),
        "arrow stream of structs": _file("t.arrow", lambda path: write_arrow(path, table("struct"), stream=True)),
        "feather, compressed": _file("t.feather", lambda path: write_arrow(path, table("struct"), compression="zstd")),
        "hugging face on disk": lambda folder: _saved(folder, rows),
        "hugging face parquet": lambda folder: _parts(folder, rows),
    }


MAKERS = tuple(makers([]))
