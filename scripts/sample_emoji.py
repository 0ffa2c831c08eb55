"""Choose, label, caption and draw the emoji of the sample, from two unpacked npm packages."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

SIDE = 224
INNER = 192
"""The emoji's own box inside the picture; the margin keeps it whole under a central crop."""
BACKGROUND = (244, 246, 250, 255)
"""A soft cool white: emoji have transparent backgrounds, and encoders and thumbnails need one that is the same everywhere."""

# First match wins, by the beginning of the sub-group's name. What is left out has no common look (objects, clothing, weather, games,
# events) or is no thing (symbols, flags); people are left out for their many variants.
LABELS = {
    "faces": ("face-", "cat-face", "monkey-face"),
    "hearts": ("heart",),
    "animals": ("animal-",),
    "plants": ("plant-",),
    "food and drink": ("food-", "drink"),
    "vehicles": ("transport-",),
    "buildings": ("place-building", "place-religious"),
}

# How a person would say the sub-group; captions end with it, and with the wider word.
KINDS = {
    "animal-amphibian": ("amphibian", "animal"), "animal-bird": ("bird", "animal"), "animal-bug": ("bug", "animal"),
    "animal-mammal": ("mammal", "animal"), "animal-marine": ("sea animal",), "animal-reptile": ("reptile", "animal"),
    "cat-face": ("cat face",), "drink": ("drink",), "face-affection": ("loving face",), "face-concerned": ("worried face",),
    "face-costume": ("costume", "face"), "face-glasses": ("face with glasses",), "face-hand": ("face with hand",),
    "face-hat": ("face with hat",), "face-negative": ("angry face",), "face-neutral-skeptical": ("skeptical face",),
    "face-sleepy": ("sleepy face",), "face-smiling": ("smiling face",), "face-tongue": ("face with tongue",),
    "face-unwell": ("unwell face",), "food-asian": ("asian dish", "food"), "food-fruit": ("fruit", "food"),
    "food-prepared": ("meal", "food"), "food-sweet": ("sweets", "food"), "food-vegetable": ("vegetable", "food"),
    "heart": ("heart",), "monkey-face": ("monkey face",), "place-building": ("building",),
    "place-religious": ("religious building",), "plant-flower": ("flower", "plant"), "plant-other": ("plant",),
    "transport-air": ("aircraft", "vehicle"), "transport-ground": ("land vehicle",), "transport-water": ("watercraft", "vehicle"),
}  # fmt: skip

# Street furniture and parts among the vehicles, bricks and the like among the buildings, nests among the plants.
_LEFT_OUT = """
busstop motorway railway_track oil_drum fuelpump wheel rotating_light traffic_light vertical_traffic_light octagonal_sign
construction anchor ring_buoy seat roller_skate nest_with_eggs empty_nest bricks rock wood kaaba
"""
LEFT_OUT = frozenset(_LEFT_OUT.split())


@dataclass(frozen=True)
class Emoji:
    """One emoji of the sample: where its drawing lies, its label, caption, and the groups that the data source gives."""

    file: Path
    stem: str
    label: str
    caption: str
    group: str
    subgroup: str


def choose(drawings: Path, datasource: Path) -> list[Emoji]:
    """List the emoji that have a label and a drawing, in the order of the data source."""
    found: dict[str, Emoji] = {}
    for entry in sorted(json.loads(datasource.read_text("utf-8")), key=lambda entry: int(entry["sort_order"])):
        label = _label(entry)
        codes = [entry["unified"], entry["non_qualified"] or entry["unified"]]
        files = [drawings / f"{code.lower()}.webp" for code in codes]
        file = next((file for file in files if file.exists()), None)
        if label is None or file is None:
            continue
        name = entry["name"].lower()
        caption = _caption(name, entry["subcategory"])
        stem = re.sub(r"[^a-z0-9]+", "-", name).strip("-")[:60]
        group = entry["category"].lower().replace("&", "and")
        found.setdefault(stem, Emoji(file, stem, label, caption, group, entry["subcategory"].replace("&", "and")))
    return list(found.values())


def _caption(name: str, subgroup: str) -> str:
    """Put what kind of thing it is behind the name, from narrow to wide, unless the name says so itself."""
    parts = [name]
    for kind in KINDS[subgroup]:
        if not set(kind.split()) <= set(" ".join(parts).split()):
            parts.append(kind)
    return ", ".join(parts)


def _label(entry: dict[str, str]) -> str | None:
    skip = entry["category"] in ("People & Body", "Symbols", "Flags", "Component") or entry["short_name"] in LEFT_OUT
    if skip:
        return None
    kind = entry["subcategory"]
    return next((label for label, starts in LABELS.items() if kind.startswith(starts)), None)


def draw(emoji: Emoji, *, side: int = SIDE) -> Image.Image:
    """Put the drawing in the middle of a square on the soft background."""
    canvas = Image.new("RGBA", (side, side), BACKGROUND)
    with Image.open(emoji.file) as source:
        drawing = source.convert("RGBA")
    drawing.thumbnail((INNER * side // SIDE,) * 2, Image.Resampling.LANCZOS)
    canvas.alpha_composite(drawing, ((side - drawing.width) // 2, (side - drawing.height) // 2))
    return canvas.convert("RGB")
