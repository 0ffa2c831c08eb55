import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from explorer.security import HostGate, TokenGate, host_name, is_loopback

TOKEN = "s3cret-token"
STREAM = "ws://localhost:8765/_stcore/stream"


async def page(_request):
    return PlainTextResponse("in")


async def stream(websocket: WebSocket):
    await websocket.accept()
    await websocket.send_text("in")
    await websocket.close()


def client(addresses=False, **options):
    app = Starlette(
        routes=[
            Route("/", page),
            Route("/_stcore/health", page),
            Route("/x/y", page),
            WebSocketRoute("/_stcore/stream", stream),
        ],
        middleware=[Middleware(HostGate, addresses=addresses), Middleware(TokenGate, token=TOKEN, port=8765)],
    )
    return TestClient(app, base_url="http://localhost:8765", follow_redirects=False, **options)


def entered():
    opened = client()
    assert opened.get("/", params={"token": TOKEN}).status_code == 303
    return opened


def refused(opened, **headers):
    with pytest.raises(WebSocketDisconnect), opened.websocket_connect(STREAM, headers=headers) as socket:
        socket.receive_text()
    return True


@pytest.mark.parametrize("params", [{}, {"token": ""}, {"token": "wrong"}, {"token": TOKEN + "x"}])
def test_without_the_token_nothing_is_served(params):
    opened = client()
    assert opened.get("/", params=params).status_code == 401
    assert not opened.cookies


def test_the_token_becomes_a_cookie_and_leaves_the_address():
    answer = client().get("/x/y", params={"token": TOKEN, "page": "issues"})
    assert answer.status_code == 303
    assert answer.headers["location"] == "/x/y?page=issues"
    cookie = answer.headers["set-cookie"]
    assert "dataset-explorer-8765=" in cookie
    assert "HttpOnly" in cookie
    assert "samesite=strict" in cookie.lower()


def test_a_path_cannot_turn_the_redirect_to_another_host():
    answer = client().get("http://localhost:8765//evil.example/a", params={"token": TOKEN})
    assert answer.headers["location"] == "/evil.example/a"


def test_the_cookie_lets_in_pages_and_websockets():
    opened = entered()
    assert opened.get("/").text == "in"
    with opened.websocket_connect(STREAM) as socket:
        assert socket.receive_text() == "in"


def test_a_cookie_of_another_port_does_not_count():
    opened = client(cookies={"dataset-explorer-9999": TOKEN})
    assert opened.get("/").status_code == 401


def test_cookies_of_other_programs_do_not_lock_out():
    opened = client(headers={"cookie": f'bad{{"=1; dataset-explorer-8765={TOKEN}; other="x'})
    assert opened.get("/").status_code == 200


def test_a_wrong_token_with_a_right_cookie_keeps_the_session():
    opened = entered()
    answer = opened.get("/", params={"token": "old"})
    assert answer.status_code == 303
    assert "set-cookie" not in answer.headers
    assert opened.get("/").status_code == 200


def test_a_websocket_without_the_token_is_refused():
    assert refused(client())
    assert refused(client(cookies={"dataset-explorer-8765": "wrong"}))


def test_health_needs_no_token():
    assert client().get("/_stcore/health").status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8765", "localhost.evil.example", "", "user@localhost", "10.0.0.7"]
)
def test_another_host_is_refused_before_anything(host):
    opened = entered()
    assert opened.get("/", headers={"host": host}).status_code == 400
    assert refused(opened, host=host)


@pytest.mark.parametrize("host", ["localhost:1", "127.0.0.1:9000", "LOCALHOST", "localhost.", "[::1]:8765"])
def test_any_port_of_this_machine_is_accepted_for_tunnels(host):
    assert entered().get("/", headers={"host": host, "cookie": f"dataset-explorer-8765={TOKEN}"}).status_code == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://localhost.evil.example:8765", "file://"])
def test_another_origin_is_refused(origin):
    opened = entered()
    assert opened.get("/", headers={"origin": origin}).status_code == 403
    assert refused(opened, origin=origin)


def test_our_origin_through_a_tunnel_is_accepted():
    opened = entered()
    with opened.websocket_connect(STREAM, headers={"origin": "http://localhost:9999"}) as socket:
        assert socket.receive_text() == "in"


def test_addresses_are_accepted_only_where_the_person_listens_on_the_network():
    far = {"host": "10.0.0.7:8765", "cookie": f"dataset-explorer-8765={TOKEN}"}
    assert client(addresses=True).get("/", headers=far).status_code == 200
    assert client(addresses=True).get("/", headers={**far, "host": "evil.example"}).status_code == 400


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("localhost:80", "localhost"), ("HTTP://LocalHost", "localhost"), ("[::1]:80", "::1"), ("a b", "a b"), ("localhost:port", None),
        ("http://localhost/path", None), (None, None), ("", None),
    ],
)  # fmt: skip
def test_host_name(value, name):
    assert host_name(value) == name


def test_is_loopback():
    assert is_loopback("127.0.0.1")
    assert is_loopback("::1")
    assert is_loopback("localhost")
    assert not is_loopback("0.0.0.0")
    assert not is_loopback("example.org")
