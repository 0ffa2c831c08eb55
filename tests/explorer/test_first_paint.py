from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import FileResponse, PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from explorer.first_paint import FirstPaint, head

PAGE = "<html><head><title>Streamlit</title></head><body>page</body></html>"
HTML = {"accept": "text/html,*/*"}


def client(tmp_path):
    (tmp_path / "index.html").write_text(PAGE, encoding="utf-8")
    (tmp_path / "data.json").write_text("</head>", encoding="utf-8")
    return TestClient(
        Starlette(
            routes=[
                Route("/", lambda _: FileResponse(tmp_path / "index.html")),
                Route("/data", lambda _: FileResponse(tmp_path / "data.json")),
                Route("/missing", lambda _: PlainTextResponse("none", status_code=404)),
            ],
            middleware=[Middleware(FirstPaint)],
        )
    )


def test_a_page_carries_our_style_and_name(tmp_path):
    answer = client(tmp_path).get("/", headers=HTML)
    assert "stToolbar" in answer.text
    assert answer.text.index("<style>") < answer.text.index("</head>")
    assert "<title>dataset-explorer</title>" in answer.text
    assert int(answer.headers["content-length"]) == len(answer.content)


def test_a_page_is_never_taken_from_before_an_upgrade(tmp_path):
    known = TestClient(Starlette(routes=[Route("/", lambda _: FileResponse(tmp_path / "index.html"))]))
    opened = client(tmp_path)
    tag = known.get("/").headers["etag"]
    answer = opened.get("/", headers={**HTML, "if-none-match": tag})
    assert answer.status_code == 200
    assert "etag" not in answer.headers
    assert "last-modified" not in answer.headers


def test_what_is_no_page_passes_unchanged(tmp_path):
    opened = client(tmp_path)
    assert opened.get("/data", headers=HTML).text == "</head>"
    assert opened.get("/missing", headers=HTML).text == "none"
    assert opened.get("/", headers={"accept": "application/json"}).text == PAGE


def test_the_style_asks_no_other_machine():
    assert b"http" not in head()
    assert b"@import" not in head()
