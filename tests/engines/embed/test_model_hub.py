import json
import os
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from huggingface_hub import constants, errors
from safetensors.numpy import save, save_file

from engines.embed import model_hub
from engines.embed.model_files import find
from engines.embed.model_hub import download_size, ensure, fetch, is_cached
from engines.errors import Cancelled, EnvironmentFault, ParameterError, UserError

MODEL = "owner/name"


class FakeHub:
    """A hub whose files are in memory and whose cache is a folder."""

    def __init__(self, cache: Path) -> None:
        self.cache = cache
        self.files = {
            "config.json": b'{"model_type": "clip"}',
            "model.safetensors": save({"a": np.zeros(100, dtype=np.float32)}),
            "pytorch_model.bin": b"pickle" * 1000,
            "tokenizer.json": b"{}",
            "README.md": b"words",
            "onnx/model.onnx": b"x" * 999,
        }
        self.asked: list[str] = []
        self.error: Exception | None = None

    def listing(self, model):
        if self.error is not None:
            raise self.error
        return {name: len(content) for name, content in self.files.items()}

    def cached(self, model, name):
        return self.cache / name if (self.cache / name).exists() else None

    def download(self, model, name, count):
        self.asked.append(name)
        for start in range(0, len(self.files[name]), 100):
            count(len(self.files[name][start : start + 100]))
        self.cache.mkdir(exist_ok=True)
        (self.cache / name).write_bytes(self.files[name])


@pytest.fixture
def hub(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "hashes"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(model_hub, "POLL_SECONDS", 0.01)
    made = FakeHub(tmp_path / "hub")
    monkeypatch.setattr(model_hub, "_listing", made.listing)
    monkeypatch.setattr(model_hub, "_cached", made.cached)
    monkeypatch.setattr(model_hub, "_download", made.download)
    return made


def test_a_download_brings_what_is_read_and_nothing_else(hub):
    wanted = ["config.json", "tokenizer.json", "model.safetensors"]
    assert not is_cached(MODEL)
    assert download_size(MODEL) == sum(len(hub.files[name]) for name in wanted)
    said = []
    assert fetch(MODEL, lambda fraction, message: said.append((fraction, message))) == hub.cache
    assert hub.asked == wanted
    assert said[-1] == (1.0, f"downloaded {MODEL}")
    fractions = [fraction for fraction, _ in said]
    assert fractions == sorted(fractions)
    assert is_cached(MODEL)
    assert download_size(MODEL) == 0
    fetch(MODEL)
    assert hub.asked == wanted


def test_shards_are_chosen_by_the_index(hub):
    whole = hub.files.pop("model.safetensors")
    hub.files |= {"model-00001-of-00001.safetensors": whole, "consolidated.safetensors": whole}
    hub.files["model.safetensors.index.json"] = json.dumps({"weight_map": {"a": "model-00001-of-00001.safetensors"}}).encode()
    size = download_size(MODEL)
    fetch(MODEL)
    assert set(hub.asked) == {
        "config.json",
        "tokenizer.json",
        "model.safetensors.index.json",
        "model-00001-of-00001.safetensors",
    }
    assert size == sum(len(hub.files[name]) for name in set(hub.asked))


def test_a_run_is_made_ready(hub):
    ensure(MODEL)
    assert [path.name for path in find(MODEL).weights] == ["model.safetensors"]
    folder = hub.cache.parent / "local"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    save_file({"a": np.zeros(2, dtype=np.float32)}, folder / "model.safetensors")
    ensure(str(folder))
    assert len(hub.asked) == 3


def test_a_download_is_cancelled_even_while_the_line_is_dead(hub, monkeypatch):
    released = threading.Event()
    stopped = []

    def hang(model, name, count):
        released.wait(20)
        try:
            count(1)
        except Exception as error:
            stopped.append(error)
            raise

    monkeypatch.setattr(model_hub, "_download", hang)
    started = time.monotonic()

    def cancel(fraction, message):
        if time.monotonic() > started + 0.1:
            raise Cancelled

    with pytest.raises(Cancelled):
        fetch(MODEL, cancel)
    assert time.monotonic() - started < 5
    released.set()
    until = time.monotonic() + 5
    while not stopped and time.monotonic() < until:
        time.sleep(0.01)
    assert stopped  # the thread behind it ends at its next byte


def test_offline_nothing_is_asked_and_the_error_says_what_to_do(hub, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(model_hub, "_listing", lambda model: pytest.fail("the hub was asked"))
    assert download_size(MODEL) is None
    for call in (fetch, find, ensure):
        with pytest.raises(EnvironmentFault, match=r"not on this machine.*HF_HUB_OFFLINE"):
            call(MODEL)


def test_a_hub_that_does_not_answer_is_not_waited_for(hub, monkeypatch):
    monkeypatch.setattr(model_hub, "ASK_SECONDS", 0.05)
    monkeypatch.setattr(model_hub, "_listing", lambda model: time.sleep(10))
    started = time.monotonic()
    assert download_size(MODEL) is None
    with pytest.raises(EnvironmentFault, match="hf download"):
        fetch(MODEL)
    assert time.monotonic() - started < 5


def http_error(kind):
    import httpx2

    return kind("401", response=httpx2.Response(401, request=httpx2.Request("GET", "http://localhost")))


@pytest.mark.parametrize(
    ("error", "expected", "words"),
    [
        (http_error(errors.GatedRepoError), UserError, "on request only"),
        (http_error(errors.RepositoryNotFoundError), ParameterError, "no public model"),
        (OSError(28, "No space left on device"), EnvironmentFault, "disk is full"),
        (ConnectionError("no route"), EnvironmentFault, "no route"),
    ],
)
def test_what_goes_wrong_is_said_in_words(hub, error, expected, words):
    hub.error = error
    with pytest.raises(expected, match=words):
        fetch(MODEL)


def test_models_without_safetensors_are_refused_before_the_download(hub):
    del hub.files["model.safetensors"]
    with pytest.raises(ParameterError, match="pickle"):
        fetch(MODEL)
    del hub.files["config.json"]
    with pytest.raises(ParameterError, match=r"no config\.json"):
        fetch(MODEL)
    assert hub.asked == []


def test_an_impossible_id_is_not_in_the_cache():
    assert not is_cached("a--b/c..d")


PROGRAM = """
import sys
from engines.embed.model_hub import download_size, fetch, is_cached
print(is_cached("owner/name"), download_size("owner/name"))
said = []
print(fetch("owner/name", lambda fraction, message: said.append(message)))
print(is_cached("owner/name"), download_size("owner/name"), any(" MB" in message for message in said))
"""


def test_the_real_library_brings_a_model_from_a_hub_on_this_machine(tmp_path):
    weights = save({"a": np.arange(300_000, dtype=np.float32)})
    files = {"config.json": b'{"model_type": "clip"}', "model.safetensors": weights, "pytorch_model.bin": b"no"}

    class Hub(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.split("?")[0]
            if path == "/api/models/owner/name":
                siblings = [{"rfilename": name, "size": len(content)} for name, content in files.items()]
                self.answer(json.dumps({"id": "owner/name", "sha": "a" * 40, "siblings": siblings}).encode())
            else:
                self.answer(files[path.rpartition("/")[2]], path.rpartition("/")[2])

        def do_HEAD(self) -> None:
            self.do_GET()

        def answer(self, content: bytes, name: str = "") -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("ETag", f'"{name}{len(content)}"')
            self.send_header("X-Repo-Commit", "a" * 40)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(content)

        def log_message(self, *args) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Hub) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        environment = {
            **os.environ,
            "HF_ENDPOINT": f"http://127.0.0.1:{server.server_port}",
            "HF_HOME": str(tmp_path / "hf"),
            "HF_HUB_OFFLINE": "",
            "NO_PROXY": "127.0.0.1",
        }
        environment.pop("HF_HUB_CACHE", None)
        made = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, env=environment, check=False)
        server.shutdown()
    assert made.returncode == 0, made.stderr
    first, folder, last = made.stdout.splitlines()
    assert first == f"False {len(weights) + len(files['config.json'])}"
    assert last == "True 0 True"
    assert (Path(folder) / "model.safetensors").read_bytes() == weights
    assert not (Path(folder) / "pytorch_model.bin").exists()
    assert made.stderr == ""
