import json
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest
from playwright.sync_api import expect

from engines.errors import EnvironmentFault, ParameterError
from explorer.look import OPTIONS, icon, style_sheet
from explorer.server import listen
from tests.browser import wait_for_map, watched_page

SCRIPT = """
from explorer.server import serve
from tests.fakes_app import FakeExplorer
serve(FakeExplorer(240, hostile=True), browser=False, token="the-token")
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """Serve a data set with hostile names in a process of its own, as the product does; gives the process, its port and its log."""
    log = tmp_path_factory.mktemp("server") / "log"
    with log.open("w") as out:
        process = subprocess.Popen([sys.executable, "-c", SCRIPT], stdout=out, stderr=subprocess.STDOUT)
    for _ in range(600):
        found = re.search(r"http://localhost:(\d+)/\?token=the-token", log.read_text())
        if found or process.poll() is not None:
            break
        time.sleep(0.1)
    assert found, log.read_text()
    yield process, int(found.group(1)), log
    process.kill()


def status(port, path="/", **headers):
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def handshake(port, **headers):
    """Ask for a websocket and return the first line of the answer."""
    lines = {
        "Host": f"localhost:{port}", "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", **headers,
    }  # fmt: skip
    with socket.create_connection(("127.0.0.1", port), timeout=60) as sock:
        sock.sendall(
            ("GET /_stcore/stream HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in lines.items()) + "\r\n").encode()
        )
        return sock.recv(1000).decode().splitlines()[0]


def test_it_listens_on_this_machine_only(served):
    _, port, _ = served
    own = socket.gethostbyname(socket.gethostname())
    if own.startswith("127."):
        pytest.skip("this machine has no other address")
    with pytest.raises(OSError, match=r"refused|timed out"):
        socket.create_connection((own, port), timeout=3)


def test_the_gates_stand_before_streamlit(served):
    _, port, _ = served
    cookie = {"Cookie": f"dataset-explorer-{port}=the-token"}
    assert status(port, "/_stcore/health") == 200
    assert status(port) == 401
    assert status(port, **cookie) == 200
    assert status(port, Host="evil.example", **cookie) == 400
    assert status(port, Origin="http://evil.example", **cookie) == 403
    assert status(port, "/_stcore/metrics") == 401
    assert status(port, "/api/v1/anything/thumb/0.jpg") == 401


def test_websockets_need_token_host_and_origin(served):
    _, port, _ = served
    cookie = {"Cookie": f"dataset-explorer-{port}=the-token"}
    assert " 101 " in handshake(port, **cookie)
    assert " 101 " in handshake(port, Origin=f"http://localhost:{port}", **cookie)
    assert " 403 " in handshake(port)
    assert " 403 " in handshake(port, Origin="http://evil.example", **cookie)
    assert " 403 " in handshake(port, Host="evil.example", Origin="http://evil.example", **cookie)


@pytest.mark.parametrize(
    "path", ["/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "//etc/passwd", "/api/v1/x/../../../etc/passwd"]
)
def test_no_path_leads_out(served, path):
    _, port, _ = served
    with socket.create_connection(("127.0.0.1", port), timeout=60) as sock:
        sock.sendall(
            f"GET {path} HTTP/1.1\r\nHost: localhost\r\nCookie: dataset-explorer-{port}=the-token\r\nConnection: close\r\n\r\n".encode()
        )
        answer = b""
        while part := sock.recv(65536):
            answer += part
    assert b"root:" not in answer


@pytest.mark.browser
def test_hostile_names_are_shown_as_text_on_every_page(browser, served):
    _, port, log = served
    with watched_page(browser, viewport={"width": 1280, "height": 800}) as (page, watch):
        opened = []
        page.on("dialog", lambda dialog: (opened.append(dialog.message), dialog.dismiss()))
        page.goto(f"http://localhost:{port}/?token=the-token")
        wait_for_map(page)
        assert "token" not in page.url
        page.locator(".st-key-left").get_by_text("<img src=x onerror=alert(1)>", exact=False).first.click()
        expect(page.locator(".st-key-right strong").first).to_contain_text("shown")
        for name in ("Issues", "Clusters", "Export", "Runs"):
            page.locator(".st-key-top-bar").get_by_role("button", name=name).click()
            expect(page.locator(".st-key-top-bar [aria-current]")).to_contain_text(name)
            expect(page.locator(".st-key-queue, .st-key-clusters, .st-key-page")).to_be_visible()
        assert not opened
        watch.check(f"localhost:{port}")
        assert not watch.console, watch.console
    assert "Traceback" not in log.read_text()


def test_control_c_ends_it_without_a_traceback(served):
    process, port, log = served
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0
    assert "Traceback" not in log.read_text()
    with pytest.raises(OSError):  # noqa: PT011  refused on every system, in other words
        socket.create_connection(("127.0.0.1", port), timeout=3)


def test_a_taken_port_is_told_in_words_and_a_free_one_is_found():
    with listen("127.0.0.1", None) as first:
        port = first.getsockname()[1]
        with pytest.raises(EnvironmentFault, match=f"port {port} on 127.0.0.1 cannot be used") as told:
            listen("127.0.0.1", port)
        assert "--port" in told.value.hint
        with listen("127.0.0.1", None) as second:
            assert second.getsockname()[1] != port


def test_an_unknown_host_is_told_in_words():
    with pytest.raises(ParameterError, match="no address of this machine"):
        listen("no.such.host.invalid", None)


def test_the_listening_socket_names_its_protocol():
    # Without it asyncio leaves Nagle's algorithm on, and each small answer waits 44 ms.
    with listen("127.0.0.1", None) as sock:
        assert sock.proto == socket.IPPROTO_TCP


def test_streamlit_is_told_to_stay_at_home():
    from streamlit import config

    known = config._config_options_template
    assert set(OPTIONS) <= set(known)
    assert OPTIONS["browser.gatherUsageStats"] is False
    assert OPTIONS["server.enableStaticServing"] is False


def test_the_look_is_complete():
    assert ".st-key-middle" in style_sheet()
    assert "http" not in style_sheet()
    assert icon().read_bytes().startswith(b"\x89PNG")
    assert json.dumps(dict(OPTIONS))
