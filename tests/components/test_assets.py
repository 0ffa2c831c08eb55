"""The files that the browser gets come from the package and from nowhere else."""

from pathlib import Path

import pytest

import components
from components.assets import asset_url, assets, assets_hash, find_asset

FOLDER = Path(components.__file__).parent


def test_every_script_and_style_of_the_package_is_served() -> None:
    on_disk = {f"components/{path.relative_to(FOLDER).as_posix()}" for kind in ("*.js", "*.css") for path in FOLDER.rglob(kind)}
    assert set(assets()) == on_disk
    assert {"components/map/index.js", "components/map/map.css", "components/gallery/index.js"} <= on_disk


def test_an_asset_is_found_by_hash_and_path_only() -> None:
    url = asset_url("components/map/index.js")
    _, hash_, path = url.removeprefix("/api/v1/").split("/", 2)
    found = find_asset(hash_, path)
    assert found is not None
    assert found.body == (FOLDER / "map" / "index.js").read_bytes()
    assert found.content_type.startswith("text/javascript")
    assert find_asset("0" * 16, path) is None
    for other in ("components/assets.py", "components/../pyproject.toml", "/etc/passwd", "", "components/map/index.js/"):
        assert find_asset(assets_hash(), other) is None


def test_an_unknown_asset_has_no_url() -> None:
    with pytest.raises(KeyError, match="no asset"):
        asset_url("components/map/nothing.js")


def test_scripts_name_no_other_host_and_write_no_html() -> None:
    for path, asset in assets().items():
        text = asset.body.decode()
        assert "innerHTML" not in text, path
        assert "insertAdjacentHTML" not in text, path
        assert "://" not in text.replace("http://www.w3.org/2000/svg", ""), path
