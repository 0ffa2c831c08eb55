"""Decide which part each column of a table plays: what a person said, else by name and by what the first rows hold."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pyarrow as pa

from engines.errors import SourceError
from engines.protocols import SourceOptions
from engines.read.layout import SPLITS
from engines.read.table_profile import Profile
from engines.read.table_search import NONE, Roles, Search

IMAGE_NAMES = (
    *("image", "img", "picture", "photo", "images", "image_path", "img_path", "image_file", "file_name", "filename"),
    *("file_path", "filepath", "path", "file", "jpg", "png", "image_bytes", "thumbnail"),
)
TEXT_NAMES = (
    *("text", "texts", "sentence", "question", "content", "review", "document", "body", "message", "comment", "abstract"),
    *("utterance", "query", "prompt", "post", "tweet", "article", "passage", "paragraph", "description", "summary", "title"),
    *("headline", "caption", "instruction", "input"),
)
LABEL_NAMES = (
    *("label", "labels", "class", "category", "categories", "target", "y", "class_name", "label_name", "label_text"),
    *("classes", "tag", "intent", "sentiment", "species"),
)
ID_NAMES = ("id", "ids", "uuid", "guid", "uid")
"""A column with such a name holds the ids; where they repeat, that is an error."""
MAYBE_IDS = (
    *("sample_id", "example_id", "row_id", "item_id", "image_id", "text_id", "doc_id", "document_id", "record_id", "idx"),
    *("key", "index"),
)
"""A column with such a name, or one that ends with ``_id``, holds the ids where no value repeats."""
SPLIT_NAMES = ("split", "subset", "partition", "set", "fold")
CAPTION_NAMES = ("caption", "captions", "alt_text", "alt", "description")
DATE_NAMES = ("date", "datetime", "timestamp", "time", "created_at", "taken_at", "published", "published_at")
LATITUDE_NAMES = ("latitude", "lat")
LONGITUDE_NAMES = ("longitude", "lon", "lng", "long")
WEIGHT_NAMES = ("weight", "sample_weight", "weights")
VECTOR_NAMES = frozenset(
    {"embedding", "embeddings", "emb", "vector", "vectors", "vec", "feature", "features", "latent", "hidden"}
)
NO_VECTORS = frozenset({"ids", "mask", "tokens", "token", "bbox", "box", "boxes", "shape", "size", "label", "labels"})
SHORTEST_VECTOR = 8
ONE_HOT = ("label_", "class_", "labels_", "classes_")


def infer_roles(
    source: str, columns: Sequence[Profile], options: SourceOptions, reachable: Callable[[Sequence[Any]], bool]
) -> Roles:
    """Decide which column plays which part.

    ``reachable`` tells whether one of some paths leads to a file on this machine.

    Raises:
        SourceError: for a column that is not there or does not fit, and for two that fit equally well.
    """
    search = Search(source, {column.name: column for column in columns}, options, reachable)
    found = search.found
    # What a person named comes first, so that nothing else takes it.
    told = {part: search.chosen(part) for part in ("image", "text", "split", "id", "caption")}
    for part, (_, name) in told.items():
        _check_type(search, part, name)
        setattr(found, part, name)
    if options.features is not None:
        _features(search, options.features)
    _label(search)
    if not told["split"][0]:
        found.split = search.named("split", SPLIT_NAMES, _is_split)
    if not told["id"][0]:
        _id(search)
    wants_other = told["text"][1] is not None or bool(found.features or found.vectors)
    if not told["image"][0] and not wants_other:
        found.image = _image(search)
    if not found.vectors and not found.features:
        found.vectors = [column.name for column in columns if _is_vector(column) and column.name not in search.taken]
    if found.image is not None:
        _caption(search, asked=told["caption"][0])
    elif not told["text"][0] and not found.features:
        found.text = _text(search)
        if found.text is None and not found.vectors:
            # Pictures that are not here are better than nothing: every row of theirs says so.
            found.image = _image(search, anywhere=True)
    _others(search)
    return found


def _features(search: Search, wanted: str) -> None:
    """Take the columns that ``--features`` names: lists of numbers are vectors, others make a table."""
    names = [wanted] if wanted in search.columns else [name.strip() for name in wanted.split(",") if name.strip()]
    for name in names:
        if name not in search.columns:
            raise search.unknown("features", name)
    vectors = [name for name in names if search.columns[name].list_length]
    if vectors and len(vectors) < len(names):
        other = next(name for name in names if name not in vectors)
        raise SourceError(
            f"--features: {vectors[0]!r} holds lists of numbers and {other!r} does not", "name columns of one sort"
        )
    search.found.vectors, search.found.features = vectors, [] if vectors else names
    search.found.why["features"] = "--features"


def _image(search: Search, *, anywhere: bool = False) -> str | None:
    """Find the column of pictures; one of paths counts where one of them leads to a file, or ``anywhere``."""
    ranked = []
    for column in search.columns.values():
        if column.name in search.taken or not (column.payload or column.picture_paths):
            continue
        here = column.payload or search.reachable(column.few)
        if here or anywhere:
            ranked.append(((not column.payload, not here, _name_rank(column, IMAGE_NAMES)), column))
    return search.best("image", ranked)


def _check_type(search: Search, part: str, name: str | None) -> None:
    """Refuse a column that a person named for a part which its values cannot play.

    Raises:
        SourceError: it names the type of the values.
    """
    if name is None:
        return
    column = search.columns[name]
    kind = column.type
    nested = pa.types.is_nested(kind)
    held = pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind)
    wrong = {
        "image": (column.typed and column.numbers is not None and len(column.present) > 0) or (nested and not column.is_struct),
        "id": nested or held,
        "split": nested or held,
        "label": held or pa.types.is_struct(kind) or pa.types.is_map(kind),
        "caption": held,
    }
    if wrong.get(part, False):
        raise SourceError(f"--{part}: the column {name!r} of {search.source} holds {kind}", "name another column")


def _name_rank(column: Profile, names: Sequence[str]) -> int:
    """Rank a column by its name: the usual names in their order, then names with such a word in them, then others."""
    if column.plain in names:
        return names.index(column.plain)
    return len(names) if set(column.tokens) & set(names) else len(names) + 1


def _label(search: Search) -> None:
    """Find the label: a column of classes, or columns that say by 0 and 1 to which class a row belongs."""
    found, wanted = search.found, search.options.label
    if wanted is not None and wanted not in search.columns and wanted != NONE:
        parts = [part.strip() for part in wanted.split(",")]
        if len(parts) < 2 or any(part not in search.columns for part in parts):
            raise search.unknown("label", wanted)
        found.one_hot, found.why["label"] = parts, "--label"
        return
    told, found.label = search.chosen("label")
    _check_type(search, "label", found.label)
    if not told:
        classes = [column for column in search.columns.values() if column.feature.get("_type") == "ClassLabel"]
        found.label = search.named("label", LABEL_NAMES, _is_label)
        if found.label is None:
            endings = [
                column
                for column in search.columns.values()
                if column.tokens[-1] in ("label", "class", "category") and column.name not in search.taken and _is_label(column)
            ]
            ranked = [(0, column) for column in classes or endings]
            found.label = search.best("label", ranked)
        if found.label is None:
            found.one_hot = _one_hot(search)
    if found.label is not None:
        found.label_name = _sibling(search, search.columns[found.label])


def _is_label(column: Profile) -> bool:
    """Tell whether a column may hold classes: not lists of vectors, not numbers with fractions, not free text."""
    if column.numbers is not None and not column.whole:
        return False
    if column.is_text:
        return column.mean_words < 8 or column.distinct * 5 < len(column.present)
    return not column.is_struct and (column.numbers is not None or hasattr(column.type, "value_type"))


def _sibling(search: Search, label: Profile) -> str | None:
    """Find the column that gives the names of numbered classes; each number must have one name."""
    if not label.whole or label.feature.get("_type") == "ClassLabel":
        return None
    names = {f"{label.plain}_{ending}" for ending in ("name", "text", "str", "names", "string")} | {"class_name", "label_name"}
    for column in search.columns.values():
        if column.plain in names and column.is_text and column.name not in search.taken:
            pairs = set(zip(label.values.to_pylist(), column.values.to_pylist(), strict=True))
            if len({number for number, _ in pairs}) == len(pairs):
                return column.name
    return None


def _one_hot(search: Search) -> list[str]:
    """Find columns ``label_a, label_b`` of zeros and ones."""
    for start in ONE_HOT:
        group = [column for column in search.columns.values() if column.name.lower().startswith(start)]
        zeros_and_ones = all(column.whole and set(map(float, column.few)) <= {0.0, 1.0} for column in group)
        if len(group) > 1 and zeros_and_ones:
            search.found.why["label"] = f"columns {start}... of zeros and ones"
            return [column.name for column in group]
    return []


def _is_split(column: Profile) -> bool:
    if not column.is_text or not len(column.present) or column.distinct > 20:
        return False
    known = {name.decode() for name in SPLITS} | {"training", "testing", "eval", "evaluation", "holdout", "unlabeled"}
    return column.plain == "split" or {str(value).strip().lower() for value in column.few} <= known


def _id(search: Search) -> None:
    """Find the ids by name; what is only perhaps an id is looked at again when all rows are known."""

    def fits(column: Profile) -> bool:
        return column.is_text or (column.whole and not pa.types.is_boolean(column.type))

    found = search.found
    found.id = search.named("id", ID_NAMES, fits)
    if found.id is not None:
        return
    found.id_candidate = search.named("id", MAYBE_IDS, lambda column: fits(column) and _unique(column))
    if found.id_candidate is None:
        ending = [
            column
            for column in search.columns.values()
            if len(column.tokens) > 1 and column.tokens[-1] == "id" and fits(column) and _unique(column)
        ]
        if len(ending) == 1:
            found.id_candidate, found.why["id"] = ending[0].name, "by its name, and no value repeats"


def _unique(column: Profile) -> bool:
    return len(column.present) == len(column.values) == column.distinct and not column.picture_paths


def _is_vector(column: Profile) -> bool:
    length = column.list_length
    if not length or set(column.tokens) & NO_VECTORS:
        return False
    named = bool(set(column.tokens) & VECTOR_NAMES)
    return (length >= 2 and named) or length >= SHORTEST_VECTOR


def _text(search: Search) -> str | None:
    """Find the column of texts: by its name first, else the longest free text.

    Raises:
        SourceError: when two columns are equally good.
    """
    texts = [
        column
        for column in search.columns.values()
        if column.is_text and column.name not in search.taken and len(column.present) and not column.is_address
    ]
    texts = [column for column in texts if column.typed or column.numbers is None]
    exact = [column for column in texts if column.plain in TEXT_NAMES]
    if exact:
        return search.best("text", [(_name_rank(column, TEXT_NAMES), column) for column in exact])
    named = [column for column in texts if set(column.tokens) & set(TEXT_NAMES) and _free(column, 3)]
    if named:
        return search.best("text", _by_length(named))
    numbers = any(
        column.numbers is not None and len(column.present) and column.name not in search.taken
        for column in search.columns.values()
    )
    # Beside numbers a short text is a name of something; alone it is what the table is about.
    return search.best("text", _by_length([column for column in texts if _free(column, 7 if numbers else 2)]))


def _free(column: Profile, words: int) -> bool:
    return column.mean_words >= words and column.distinct * 2 > len(column.present)


def _by_length(columns: Sequence[Profile]) -> list[tuple[int, Profile]]:
    """Rank by length; what is not half as long as the longest is no candidate, others are equally good."""
    longest = max((column.mean_length for column in columns), default=0.0)
    return [(0 if column.mean_length * 2 > longest else 1, column) for column in columns]


def _caption(search: Search, *, asked: bool) -> None:
    """Find what is said about each picture: a column of captions, else one of texts by its name."""
    found = search.found
    if asked or found.caption is not None:
        return
    if found.text is not None:
        found.caption, found.text = found.text, None
        return

    def fits(column: Profile) -> bool:
        return (column.is_text and not column.is_address) or (
            column.plain in CAPTION_NAMES and hasattr(column.type, "value_type")
        )

    found.caption = search.named("caption", CAPTION_NAMES, fits) or search.named("caption", TEXT_NAMES, fits)


def _others(search: Search) -> None:
    """Note columns that stay a person's own and yet mean something: dates, places, weights."""
    found = search.found

    def is_date(column: Profile) -> bool:
        return column.is_text or column.numbers is not None or str(column.type).startswith(("date", "timestamp"))

    def is_number(column: Profile) -> bool:
        return column.numbers is not None and len(column.present) > 0

    found.date = search.named("date", DATE_NAMES, is_date)
    if found.date is None:
        dated = [column for column in search.columns.values() if str(column.type).startswith(("date", "timestamp"))]
        if len(dated) == 1:
            found.date, found.why["date"] = dated[0].name, "by its type"
    latitude = search.named("latitude", LATITUDE_NAMES, is_number)
    longitude = search.named("longitude", LONGITUDE_NAMES, is_number)
    if latitude is not None and longitude is not None:
        found.latitude, found.longitude = latitude, longitude
    found.weight = search.named("weight", WEIGHT_NAMES, is_number)


__all__ = ["infer_roles"]
