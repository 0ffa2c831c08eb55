"""Colors are distinct, stable and readable on both grounds."""

import numpy as np
import pytest

from components import palette


def lightness(color: str) -> float:
    rgb = np.array([int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    lms = np.cbrt(np.array([[0.4122, 0.5363, 0.0514], [0.2119, 0.6807, 0.1074], [0.0883, 0.2817, 0.6300]]) @ linear)
    return float(np.array([0.2105, 0.7936, -0.0041]) @ lms)


@pytest.mark.parametrize("n", [0, 1, 20, 24, 25, 100, 600])
def test_there_are_as_many_as_asked(n: int) -> None:
    colors = palette.categorical(n)
    assert len(colors) == n
    assert len(set(colors)) == min(n, 512)
    assert all(len(color) == 7 and color[0] == "#" and int(color[1:], 16) >= 0 for color in colors)


def test_a_longer_list_begins_with_the_shorter_one() -> None:
    assert palette.categorical(60)[:24] == palette.categorical(24)
    assert palette.categorical(60)[:40] == palette.categorical(40)


def test_categories_read_on_white_and_on_black() -> None:
    assert all(0.42 <= lightness(color) <= 0.87 for color in palette.categorical(100))


def test_the_ramp_grows_evenly_in_lightness() -> None:
    steps = np.diff([lightness(color) for color in palette.sequential(64)])
    assert np.all(steps > 0)
    assert steps.max() < 2.2 * steps.mean()
