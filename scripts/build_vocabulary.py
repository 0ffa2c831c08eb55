"""Build ``engines/name/data/nouns.txt``: concrete nouns that a person would call a cluster of pictures by, frequent ones first.

::

    python scripts/build_vocabulary.py [--wordnet /usr/share/wordnet] [--scowl /usr/share/dict/scowl]

``--wordnet``: the folder with WordNet 3.0, as Debian's package wordnet-base installs it; all nouns but those of ``vocabulary_words.py``
come from it. ``--scowl``: the word lists of Debian's package scowl (Kevin Atkinson), which tell how common a word is; a word that is
in none of the lists up to size 50 is left out.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from scripts.vocabulary_words import EXTRA, UNFIT, UNFIT_ABOVE, UNFIT_GLOSS

DATA = Path(__file__).parent.parent / "engines" / "name" / "data"
TARGET = DATA / "nouns.txt"
CLASSES = DATA / "imagenet_wordnet.json"

KINDS = {5: "animal", 6: "artifact", 8: "body", 13: "food", 17: "object", 20: "plant", 27: "substance"}
"""Numbers of WordNet's files of nouns (lexnames(5WN)) whose nouns can be seen; persons, acts and events are listed by hand."""
SIZES = (10, 20, 35, 40, 50)
COMMON = {"animal": 50, "artifact": 35, "body": 35, "food": 50, "object": 35, "plant": 50, "substance": 35}
"""The largest list of scowl from which a word of a kind is taken."""
PAIRS = {"food": 20}
"""The same for both words of a noun of two words; of other kinds only those that were met in tagged texts are taken."""
_PLAIN = re.compile(r"[a-z]{2,}(?:[ -][a-z]{2,}){0,2}")


@dataclass(frozen=True)
class Noun:
    """One synset: its file's number, its lemmas, what is above it, its gloss, and whether it is a single thing of a kind (a name)."""

    kind: int
    lemmas: tuple[str, ...]
    parents: tuple[str, ...]
    gloss: str
    instance: bool


def read_nouns(file: Path) -> dict[str, Noun]:
    """Read ``data.noun`` (see wndb(5WN)) by offset."""
    found = {}
    for line in file.read_text("utf-8").splitlines():
        if line.startswith(" "):
            continue
        head, _, gloss = line.partition(" | ")
        fields = head.split()
        count = int(fields[3], 16)
        lemmas = tuple(fields[4 + 2 * place].replace("_", " ") for place in range(count))
        rest = fields[5 + 2 * count :]
        pointers = [rest[place : place + 4] for place in range(0, len(rest) - 3, 4)]
        parents = tuple(target for symbol, target, *_ in pointers if symbol in ("@", "@i"))
        instance = any(symbol == "@i" for symbol, *_ in pointers)
        found[fields[0]] = Noun(int(fields[1]), lemmas, parents, gloss.strip(), instance)
    return found


def read_senses(file: Path) -> dict[str, list[str]]:
    """Read ``index.noun``: the synsets of each lemma, the most frequent sense first."""
    found = {}
    for line in file.read_text("utf-8").splitlines():
        if not line.startswith(" "):
            fields = line.split()
            found[fields[0].replace("_", " ")] = fields[-int(fields[2]) :]
    return found


def read_counts(file: Path) -> tuple[Counter[str], Counter[str]]:
    """Read ``cntlist.rev``: how often each lemma was tagged in texts as the first sense of a noun, and as anything but a noun."""
    first, other = Counter[str](), Counter[str]()
    for line in file.read_text("utf-8").splitlines():
        sense, number, count = line.split()
        lemma, _, rest = sense.replace("_", " ").partition("%")
        if not rest.startswith("1:"):
            other[lemma] += int(count)
        elif number == "1":
            first[lemma] += int(count)
    return first, other


def read_sizes(folder: Path) -> dict[str, int]:
    """Give for each common word the smallest of scowl's lists that holds it."""
    found: dict[str, int] = {}
    for size in SIZES:
        for kind in ("english-words", "american-words"):
            for word in (folder / f"{kind}.{size}").read_text("iso-8859-1").split():
                found.setdefault(word, size)
    return found


@dataclass(frozen=True)
class Choice:
    """What decides whether a synset lends its name to clusters."""

    nouns: dict[str, Noun]
    senses: dict[str, list[str]]
    counts: Counter[str]
    elsewhere: Counter[str]
    sizes: dict[str, int]

    def unfit(self, offset: str) -> bool:
        """Tell whether a noun, or something above it, is nothing that a person wants to see as a name."""
        noun = self.nouns[offset]
        if UNFIT_GLOSS.search(noun.gloss) or UNFIT & {lemma.lower() for lemma in noun.lemmas}:
            return True
        return any(lemma in UNFIT_ABOVE for above in self._above(offset) for lemma in self.nouns[above].lemmas[:1])

    def _above(self, offset: str) -> Iterator[str]:
        waiting = [offset]
        while waiting:
            at = waiting.pop()
            yield at
            waiting.extend(self.nouns[at].parents)

    def size(self, lemma: str, kind: str) -> int | None:
        """Give how common a lemma is, None where it is too rare for its kind."""
        parts = re.split(r"[ -]", lemma)
        limit = COMMON[kind] if len(parts) == 1 else PAIRS.get(kind, 20 if self.counts[lemma] else 0)
        if len(parts) > 2 or not all(part in self.sizes and self.sizes[part] <= limit for part in parts):
            return None
        return max(self.sizes[part] for part in parts) + 15 * (len(parts) - 1)

    def _other_word(self, lemma: str) -> bool:
        """Tell whether a lemma is a plural of another one, or mostly a verb or an adjective."""
        singulars = (lemma[:-1], lemma.removesuffix("es")) if lemma.endswith("s") and not lemma.endswith("ss") else ()
        return any(single in self.senses for single in singulars) or self.elsewhere[lemma] > self.counts[lemma]

    def name(self, offset: str) -> tuple[int, int, str] | None:
        """Choose the lemma by which a synset is known: the most common one of those that mean first of all this synset."""
        noun = self.nouns[offset]
        if noun.kind not in KINDS or noun.instance or self.unfit(offset):
            return None
        ranked = []
        for place, lemma in enumerate(noun.lemmas):
            if not _PLAIN.fullmatch(lemma) or self.senses[lemma][0] != offset or self._other_word(lemma):
                continue
            size = self.size(lemma, KINDS[noun.kind])
            # A synset's later lemmas of two words are descriptions rather than names.
            if size is not None and (place == 0 or " " not in lemma):
                ranked.append((size, -self.counts[lemma], place, lemma))
        return (*min(ranked)[:2], min(ranked)[3]) if ranked else None


def class_names(unfit: Choice) -> list[str]:
    """Give the names of the classes of ImageNet and of what is above them, where a cluster may be called by them."""
    table = json.loads(CLASSES.read_text("utf-8"))
    names = [node["name"] for node in table["nodes"] if node["name"] and not unfit.unfit(node["id"][1:])]
    return [name for name in names if "(" not in name]


def main() -> None:
    """Write the list."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wordnet", type=Path, default=Path("/usr/share/wordnet"))
    parser.add_argument("--scowl", type=Path, default=Path("/usr/share/dict/scowl"))
    given = parser.parse_args()
    nouns = read_nouns(given.wordnet / "data.noun")
    counts = read_counts(given.wordnet / "cntlist.rev")
    choice = Choice(nouns, read_senses(given.wordnet / "index.noun"), *counts, read_sizes(given.scowl))
    chosen = sorted(filter(None, map(choice.name, nouns)))
    words = [word for _, _, word in chosen]
    known = {word.lower() for word in words}
    further = [word for word in (*EXTRA, *class_names(choice)) if word.lower() not in known]
    words += dict.fromkeys(further)
    head = (
        "# Nouns from WordNet 3.0, Copyright 2006 by Princeton University; see NOTICE. Made by scripts/build_vocabulary.py.\n"
    )
    TARGET.write_text(head + "".join(f"{word}\n" for word in words), encoding="utf-8")
    print(f"{TARGET}: {len(words)} words, {TARGET.stat().st_size} bytes")


if __name__ == "__main__":
    main()
