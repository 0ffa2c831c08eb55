import json
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file

from engines.embed import model_files
from engines.embed.model_files import CONVERT, find, is_hub_id
from engines.errors import Cancelled, EnvironmentFault, ParameterError


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "dataset-explorer" / "model_hashes.json"


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "model"
    made.mkdir()
    (made / "config.json").write_text('{"model_type": "vit"}')
    save_file({"a": np.arange(400_000, dtype=np.float32)}, made / "model.safetensors")
    return made


def shard(folder):
    for number in (1, 2):
        save_file({f"part{number}": np.full(3, number, dtype=np.float32)}, folder / f"model-0000{number}-of-00002.safetensors")
    (folder / "model.safetensors").unlink()
    weight_map = {f"part{number}": f"model-0000{number}-of-00002.safetensors" for number in (1, 2)}
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": weight_map}))


def test_a_folder_is_found_and_read(folder):
    files = find(str(folder))
    assert files.model_type == "vit"
    assert [path.name for path in files.weights] == ["model.safetensors"]
    assert files.bytes_of_weights == (folder / "model.safetensors").stat().st_size


def test_shards_are_found_by_their_index(folder):
    shard(folder)
    assert [path.name for path in find(str(folder)).weights] == [f"model-0000{n}-of-00002.safetensors" for n in (1, 2)]
    (folder / "model-00002-of-00002.safetensors").unlink()
    with pytest.raises(EnvironmentFault, match="1 of 2 files of weights are missing"):
        find(str(folder))


@pytest.mark.parametrize("listed", [{"weight_map": {"a": "../../etc/passwd"}}, {"weight_map": {}}, {}, {"weight_map": [1]}])
def test_an_index_that_points_elsewhere_is_refused(folder, listed):
    shard(folder)
    (folder / "model.safetensors.index.json").write_text(json.dumps(listed))
    with pytest.raises(ParameterError, match="lists no weights"):
        find(str(folder))


def test_pickled_weights_are_refused_with_the_line_that_converts_them(folder):
    import torch

    weights = {"a": torch.arange(6.0).reshape(2, 3).T, "b": torch.ones(2)}
    (folder / "model.safetensors").unlink()
    torch.save(weights, folder / "pytorch_model.bin")
    with pytest.raises(ParameterError, match="pickle") as caught:
        find(str(folder))
    assert CONVERT in caught.value.hint
    program = CONVERT.removeprefix('python -c "').removesuffix('"')
    subprocess.run([sys.executable, "-c", program], cwd=folder, check=True)
    converted = load_file(find(str(folder)).weights[0])
    np.testing.assert_array_equal(converted["a"], weights["a"].numpy())


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ([], "no weights at all"),
        (["open_clip_model.safetensors"], "another library's format"),
        (["model.onnx"], "another library's format"),
    ],
)
def test_a_folder_without_usable_weights_says_what_it_holds(folder, names, words):
    (folder / "model.safetensors").unlink()
    for name in names:
        (folder / name).write_bytes(b"x")
    with pytest.raises(ParameterError, match=words):
        find(str(folder))


def test_what_is_no_model_is_refused(folder, tmp_path):
    with pytest.raises(ParameterError, match="no model is named"):
        find("")
    with pytest.raises(ParameterError, match="there is no model folder"):
        find(str(tmp_path / "nowhere"))
    with pytest.raises(ParameterError, match="is a file"):
        find(str(folder / "model.safetensors"))
    (folder / "config.json").write_text("[]")
    with pytest.raises(ParameterError, match="holds no JSON object"):
        find(str(folder))
    (folder / "config.json").unlink()
    with pytest.raises(ParameterError, match=r"holds no config\.json"):
        find(str(folder))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_broken_safetensors_never_pass_silently(folder, data):
    whole = (folder / "model.safetensors").read_bytes()
    broken = folder / "broken"
    broken.mkdir(exist_ok=True)
    (broken / "config.json").write_text("{}")
    kind = data.draw(st.sampled_from(["cut", "noise", "header"]))
    if kind == "cut":
        content = whole[: data.draw(st.integers(0, len(whole) - 1))]
    elif kind == "noise":
        content = data.draw(st.binary(max_size=200))
    else:
        content = data.draw(st.binary(min_size=8, max_size=8)) + whole[8:]
    (broken / "model.safetensors").write_bytes(content)
    if content != whole:
        with pytest.raises(ParameterError, match="broken or cut short"):
            find(str(broken))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(raw=st.binary(max_size=80))
def test_a_config_of_any_bytes_is_read_or_refused(folder, raw):
    (folder / "config.json").write_bytes(raw)
    try:
        value = json.loads(raw.decode())
    except ValueError:
        value = None
    if isinstance(value, dict):
        assert find(str(folder)).config == value
    else:
        with pytest.raises(ParameterError, match="JSON"):
            find(str(folder))


def test_the_hash_is_of_the_content(folder, tmp_path):
    import shutil

    first = find(str(folder)).content_hash()
    copy = shutil.copytree(folder, tmp_path / "copy")
    (copy / "README.md").write_text("words")
    (copy / "optimizer.bin").write_bytes(b"x")
    assert find(str(copy)).content_hash() == first
    (copy / "tokenizer.json").write_text("{}")
    with_tokenizer = find(str(copy)).content_hash()
    assert with_tokenizer != first
    raw = bytearray((copy / "model.safetensors").read_bytes())
    raw[-1] ^= 1
    (copy / "model.safetensors").write_bytes(raw)
    assert find(str(copy)).content_hash() not in (first, with_tokenizer)


def test_a_large_file_is_hashed_once(folder, cache, monkeypatch):
    first = find(str(folder)).content_hash()
    assert cache.exists()
    read = []
    chunks = model_files._chunks
    monkeypatch.setattr(model_files, "_chunks", lambda path: (read.append(path.name), chunks(path))[1])
    assert find(str(folder)).content_hash() == first
    assert read == ["config.json"]
    os.utime(folder / "model.safetensors", ns=(1, 1))
    assert find(str(folder)).content_hash() == first
    assert read[1:] == ["config.json", "model.safetensors"]


@pytest.mark.parametrize("content", [b"", b"[1]", b"\xff", b'{"x": 3}'])
def test_a_broken_memory_of_hashes_only_costs_time(folder, cache, content):
    first = find(str(folder)).content_hash()
    cache.write_bytes(content)
    assert find(str(folder)).content_hash() == first


def test_hashing_can_be_cancelled(folder):
    def stop(fraction, message):
        raise Cancelled

    with pytest.raises(Cancelled):
        find(str(folder)).content_hash(stop)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("owner/name", True),
        ("Owner-1/name.v2_x", True),
        ("./a/b", False),
        ("/a/b", False),
        ("a/b/c", False),
        ("~/b", False),
        ("..", False),
    ],
)
def test_hub_ids_are_known_by_their_form(name, expected):
    assert is_hub_id(name) is expected


def test_a_folder_wins_over_a_hub_id(folder, monkeypatch):
    monkeypatch.chdir(folder.parent.parent)
    assert not is_hub_id(f"{folder.parent.name}/{folder.name}")
    assert find(f"{folder.parent.name}/{folder.name}").folder == folder.resolve()
