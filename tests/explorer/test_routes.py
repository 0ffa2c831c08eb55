import io
import json

import numpy as np
import pytest
from PIL import Image
from starlette.applications import Starlette
from starlette.testclient import TestClient

from components.assets import asset_url
from explorer.cards import ds_key
from explorer.routes import data_routes
from explorer.shared import install
from tests.fakes_app import FakeExplorer


@pytest.fixture
def client(shared):
    return TestClient(Starlette(routes=data_routes(shared)))


def base(shared):
    return f"/api/v1/{ds_key(shared.ex)}"


@pytest.mark.parametrize("kind", ["points", "state", "selection", "color/label"])
def test_published_frames_are_served_and_cached_forever(client, shared, kind):
    rev = shared.blobs.publish(kind, b"\x01\x02")
    answer = client.get(f"{base(shared)}/{kind}/{rev}.bin")
    assert answer.content == b"\x01\x02"
    assert answer.headers["cache-control"] == "private, max-age=31536000, immutable"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"


@pytest.mark.parametrize("kind", ["points", "state", "selection", "color/label"])
def test_what_was_not_published_is_unknown(client, shared, kind):
    answer = client.get(f"{base(shared)}/{kind}/{'0' * 20}.bin")
    assert answer.status_code == 404
    assert answer.headers["cache-control"] == "no-store"


def test_a_frame_of_another_data_set_is_unknown(client, shared):
    rev = shared.blobs.publish("state", b"\x01")
    assert client.get(f"/api/v1/another/state/{rev}.bin").status_code == 404


@pytest.mark.parametrize(("kind", "side"), [("thumb", 192), ("image", 1280)])
def test_pictures_are_small_jpegs(client, shared, kind, side):
    answer = client.get(f"{base(shared)}/{kind}/3.jpg")
    assert answer.headers["content-type"] == "image/jpeg"
    with Image.open(io.BytesIO(answer.content)) as picture:
        assert picture.format == "JPEG"
        assert max(picture.size) <= side


@pytest.mark.parametrize(
    "row", ["240", "-1", "1e2", "0x1", "99999999999", "٣", "..%2f..%2fetc%2fpasswd", "%2e%2e", "3%00", "%2fetc%2fpasswd", " 3"]
)
@pytest.mark.parametrize("kind", ["thumb/{}.jpg", "image/{}.jpg", "info/{}.json"])
def test_anything_but_a_row_of_the_data_set_is_unknown(client, shared, kind, row):
    assert client.get(f"{base(shared)}/{kind.format(row)}").status_code == 404


def test_the_hover_text_says_label_and_findings(client, shared):
    row = int(shared.ex.shapes.wrong[0])
    card = client.get(f"{base(shared)}/info/{row}.json").json()
    assert card["row"] == row
    assert card["id"] == shared.ex.dataset.ids[row]
    assert card["title"] == card["id"].rpartition("/")[2]
    assert card["thumb"] is True
    assert card["lines"][0].startswith(f"given {shared.ex.dataset.labels[row]} · label issue 0.")


def test_the_hover_text_is_not_cached_since_decisions_change_it(client, shared):
    first = client.get(f"{base(shared)}/info/3.json")
    assert first.headers["cache-control"] == "no-store"
    shared.ex.decide("exclude", [3])
    assert "excluded" in client.get(f"{base(shared)}/info/3.json").json()["lines"]


def test_hostile_names_stay_text(tmp_path):
    ex = FakeExplorer(240, hostile=True, folder=tmp_path).analyze()
    client = TestClient(Starlette(routes=data_routes(install(ex))))
    row = next(row for row, label in enumerate(ex.dataset.labels) if label and "<img" in label)
    answer = client.get(f"/api/v1/{ds_key(ex)}/info/{row}.json")
    assert answer.headers["content-type"] == "application/json"
    assert "<img" in json.loads(answer.text)["id"]


def test_while_the_rows_are_being_read_every_row_is_unknown(tmp_path):
    ex = FakeExplorer(240, folder=tmp_path)
    client = TestClient(Starlette(routes=data_routes(install(ex))))
    assert client.get(f"/api/v1/{ds_key(ex)}/thumb/0.jpg").status_code == 404
    assert client.get(f"/api/v1/{ds_key(ex)}/info/0.json").status_code == 404


def test_assets_come_by_their_hash_only(client):
    url = asset_url("components/top_bar/index.js")
    answer = client.get(url)
    assert answer.headers["content-type"].startswith("text/javascript")
    assert b"export default" in answer.content
    assert client.get(url.replace("top_bar", "../explorer")).status_code == 404
    assert client.get(url.replace("/components/top_bar/index.js", "/components/top_bar/face.py")).status_code == 404
    assert client.get(url.replace(url.split("/")[4], "0" * 16)).status_code == 404


def test_other_rows_have_other_addresses_since_pictures_are_cached(shared):
    before = ds_key(shared.ex)
    other = shared.ex.dataset.take(np.arange(3))
    shared.ex.values.dataset = other
    assert ds_key(shared.ex) != before


def test_a_whole_text_is_plain_text(tmp_path):
    shared = install(FakeExplorer(240, kind="texts", folder=tmp_path).analyze())
    client = TestClient(Starlette(routes=data_routes(shared)))
    answer = client.get(f"{base(shared)}/text/3.txt")
    assert answer.text == shared.ex.text(3)
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert client.get(f"{base(shared)}/text/240.txt").status_code == 404


def test_a_huge_text_is_cut_and_says_so(shared, monkeypatch):
    monkeypatch.setattr(FakeExplorer, "text", lambda *_: "a" * 1_000_500)
    answer = TestClient(Starlette(routes=data_routes(shared))).get(f"{base(shared)}/text/3.txt")
    assert answer.text.endswith("… and 500 more characters.")


def test_a_picture_has_no_text(client, shared):
    assert client.get(f"{base(shared)}/text/3.txt").status_code == 404
