"""Other content under the same size, time and inode is not seen until somebody asks to verify; from then on it is, without asking again."""

import base64
import gzip
import io
import json
import os
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engines.embed import own, reading
from engines.ingestion import Ingested, ingest_source
from engines.media import Place, read_place
from engines.pipeline import Run
from engines.protocols import SourceOptions, no_progress
from engines.recipe import Recipe
from engines.store import Store
from tests.corpus import picture, saved

Files = dict[str, bytes]


def members(seed: int) -> Files:
    """Give pictures that hang on a number from 0 to 5, and so do their names; what they are long does not."""
    return {f"d/{seed}{number}.bmp": saved(picture(10 * seed + number), "BMP") for number in range(4)}


def folder(seed: int) -> Files:
    return {f"d/{name[-5:]}": raw for name, raw in members(seed).items()}


def one_of_them(seed: int) -> Files:
    files = folder(0)
    return files | {"d/2.bmp": saved(picture(90 + seed), "BMP")}


def zipped(seed: int) -> Files:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, raw in members(seed).items():
            archive.writestr(name, raw)
    return {"s.zip": stream.getvalue()}


def tarred(seed: int) -> Files:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, raw in members(seed).items():
            head = tarfile.TarInfo(name)
            head.size = len(raw)
            archive.addfile(head, io.BytesIO(raw))
    return {"s.tar": stream.getvalue()}


def packed_tar(seed: int) -> Files:
    return {"s.tar.gz": gzip.compress(tarred(seed)["s.tar"], compresslevel=0, mtime=0)}


def shard(seed: int) -> Files:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, raw in members(seed).items():
            for place, body in ((name[2:], raw), (f"{name[2:-4]}.cls", b"%d" % seed)):
                head = tarfile.TarInfo(place)
                head.size = len(body)
                archive.addfile(head, io.BytesIO(body))
    return {"s.tar": stream.getvalue()}


def parquet(seed: int) -> Files:
    stream = io.BytesIO()
    table = pa.table({"image": pa.array(list(members(seed).values()), pa.binary())})
    pq.write_table(table, stream, compression="none", use_dictionary=False, write_statistics=False)
    return {"s.parquet": stream.getvalue()}


def arrow(seed: int) -> Files:
    stream = io.BytesIO()
    table = pa.table({"image": pa.array(list(members(seed).values()), pa.binary())})
    with pa.ipc.new_file(stream, table.schema) as writer:
        writer.write_table(table)
    return {"s.arrow": stream.getvalue()}


def json_lines(seed: int) -> Files:
    lines = [json.dumps({"image": base64.b64encode(raw).decode()}) for raw in members(seed).values()]
    return {"s.jsonl": "\n".join(lines).encode()}


def table_of_paths(seed: int) -> Files:
    return {"s.csv": "\n".join(["image", *folder(0)]).encode(), **folder(seed)}


def coco(seed: int) -> Files:
    images = [{"id": number, "file_name": name} for number, name in enumerate(folder(0))]
    marks = [{"id": number, "image_id": number, "category_id": 1, "bbox": [0, 0, 9, 9]} for number in range(len(images))]
    told = {"images": images, "annotations": marks, "categories": [{"id": 1, "name": f"kind {seed}"}]}
    return {"s.json": json.dumps(told).encode(), **folder(0)}


def texts(seed: int) -> Files:
    return {"s.csv": "\n".join(["text", *(f"words of {seed} and of {number}" for number in range(8))]).encode()}


def vectors(seed: int) -> Files:
    stream = io.BytesIO()
    np.save(stream, np.random.default_rng(seed).normal(size=(8, 3)).astype(np.float32))
    return {"s.npy": stream.getvalue()}


def table_with_vectors(seed: int) -> Files:
    return texts(0) | vectors(seed)


def lay(root: Path, files: Files) -> Path:
    """Write files, over those that are there in such a way that size, time and inode stay; give the source."""
    for name, raw in files.items():
        place = root / name
        place.parent.mkdir(parents=True, exist_ok=True)
        if not place.exists():
            place.write_bytes(raw)
            continue
        before = place.stat()
        with place.open("r+b") as stream:
            stream.write(raw)
        os.utime(place, ns=(before.st_atime_ns, before.st_mtime_ns))
        after = place.stat()
        assert (after.st_size, after.st_mtime_ns, after.st_ino) == (before.st_size, before.st_mtime_ns, before.st_ino)
    first = next(iter(files))
    return root / (first.partition("/")[0])


def opened(source: Path, store: Store, *, verify: bool = False, encoder: str = "", limit: int | None = None) -> Ingested:
    beside = source.with_suffix(".npy")
    joined = str(beside) if beside.exists() and beside != source else None
    recipe = Recipe(encoders=(encoder,) if encoder and joined is None and source.suffix != ".npy" else ())
    options = SourceOptions(embeddings=joined, limit=limit)
    return ingest_source((source,), options, recipe, store, verify=verify, progress=no_progress)


def told(made: Ingested) -> tuple[object, ...]:
    """Give all that is known about the content of rows."""
    hashes = None if made.facts is None else made.facts.column("content_hash").tolist()
    return made.dataset.ids, made.dataset.labels, made.dataset.media_key, hashes, made.embeddings.vectors.tolist()


PICTURES = [folder, one_of_them, zipped, tarred, packed_tar, shard, parquet, arrow, json_lines, table_of_paths, coco]


@pytest.mark.parametrize("make", [*PICTURES, texts, vectors, table_with_vectors])
def test_what_verify_finds_is_what_is_opened_from_then_on(tmp_path: Path, make: Callable[[int], Files]):
    store, encoder = Store(tmp_path / "space"), "pixels" if make in PICTURES else ""
    source = lay(tmp_path / "source", make(1))
    old = told(opened(source, store, encoder=encoder))
    cut = told(opened(source, store, encoder=encoder, limit=3))
    lay(tmp_path / "source", make(2))
    fresh = Store(tmp_path / "fresh")
    new = told(opened(source, fresh, encoder=encoder))
    assert new != old
    assert told(opened(source, store, encoder=encoder, verify=True)) == new
    assert told(opened(source, store, encoder=encoder)) == new
    # What was opened in another way before is not believed either.
    assert told(opened(source, store, encoder=encoder, limit=3)) == told(opened(source, fresh, encoder=encoder, limit=3)) != cut


def test_without_verify_what_looks_unchanged_is_not_looked_at(tmp_path: Path):
    store = Store(tmp_path / "space")
    source = lay(tmp_path / "source", folder(1))
    old = opened(source, store, encoder="pixels")
    lay(tmp_path / "source", folder(2))
    again = opened(source, store, encoder="pixels")
    assert (told(again), again.cached) == (told(old), True)


def test_verify_of_what_did_not_change_decodes_nothing(tmp_path: Path):
    store = Store(tmp_path / "space")
    source = lay(tmp_path / "source", folder(1))
    old = opened(source, store, encoder="pixels")
    for verify in (True, False):
        again = opened(source, store, encoder="pixels", verify=verify)
        assert (told(again), again.cached) == (told(old), True)


def test_downloads_and_what_is_being_written_survive_verify(tmp_path: Path):
    store = Store(tmp_path / "space")
    source = lay(tmp_path / "source", tarred(1))
    opened(source, store, encoder="pixels")
    (index,) = (store.root / "scratch" / "archives").iterdir()
    others = [store.root / "scratch" / name for name in ("hub-1/data.arrow", "media-1.pack.2.tmp", "vectors/.writing-3.json")]
    for other in [*others, index.with_name("old.arrow")]:
        other.parent.mkdir(exist_ok=True)
        other.write_bytes(b"1")
    opened(source, store, encoder="pixels", verify=True)
    assert all(other.exists() for other in others)
    assert list(index.parent.iterdir()) == [index]


def test_a_second_encoder_does_not_verify_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    source = lay(tmp_path / "source", folder(1))
    mean = own.wrap(lambda found: np.array([np.asarray(one).mean((0, 1)) for one in found]), "pictures", "mean")
    recipe = Recipe(encoders=("pixels", own.register(mean)), projectors=("pca",), checks=("dark",))
    seen: list[bytes] = []

    def counted(place: Place) -> tuple[bytes, tuple[int, int, int] | None]:
        seen.append(place.path)
        return read_place(place)

    monkeypatch.setattr(reading, "read_place", counted)
    try:
        for verify, reads in ((False, 8), (True, 4)):
            seen.clear()
            run = Run(sources=(source,), options=SourceOptions(), recipe=recipe, store=Store(tmp_path / "space"), verify=verify)
            assert set(run().spaces) == {"pixels", "mean"}
            assert (len(seen), len(set(seen))) == (reads, 4)
    finally:
        own.forget("mean")
