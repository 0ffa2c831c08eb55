"""Build ``engines/name/data/imagenet_wordnet.json``: the 1000 ImageNet classes and everything above them in WordNet.

::

    python scripts/build_wordnet_table.py --synsets imagenet_synsets.txt [--wordnet /usr/share/wordnet]

``--synsets``: the ids of the classes in order, one a line; ``timm/data/_info/imagenet_synsets.txt`` of the wheel timm 1.0.31
(Apache-2.0) was taken. ``--wordnet``: the folder with WordNet 3.0's ``data.noun``, as Debian's package wordnet-base installs it.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

GLOSS_WORDS = 12
TARGET = Path(__file__).parent.parent / "engines" / "name" / "data" / "imagenet_wordnet.json"

# Nodes that are true but say nothing to a person: too general, or words of a taxonomist or a merchant. They stay in the table,
# since masses add up through them, but no cluster is named after them.
_UNREADABLE = """
entity physical_entity object whole artifact living_thing organism instrumentality chordate vertebrate placental device
covering conveyance commodity consumer_goods matter implement substance solid produce natural_object plant_part plant_organ
reproductive_structure aquatic_vertebrate abstraction causal_agent relation part agent article piece system attribute
communication location shape point round_shape thing unit craft restraint obstruction establishment nutriment foodstuff
geological_formation natural_elevation diapsid anapsid saurian oscine passerine colubrid_snake chelonian elasmobranch
gallinaceous_bird gallinacean lepidopterous_insect musteline_mammal metatherian prototherian edentate pachyderm proboscidean
heavier-than-air_craft lighter-than-air_craft self-propelled_vehicle wheeled_vehicle durables mechanism mechanical_device
protective_covering furnishing equipment spiny-finned_fish soft-finned_fish teleost_fish bony_fish even-toed_ungulate
odd-toed_ungulate ruminant bovid equine leporid lagomorph anseriform_bird phasianid coraciiform_bird piciform_bird
dictyopterous_insect hymenopterous_insect orthopterous_insect homopterous_insect odonate ambystomid iguanid agamid ganoid
cypriniform_fish percoid_fish cyprinid procyonid viverrine corvine_bird scarabaeid_beetle lamellicorn_beetle elapid
constrictor domestic_animal hunting_dog working_dog sporting_dog toy_dog watchdog canine natural_depression source_of_illumination
fluid supporting_structure place_of_business mercantile_establishment piece_of_cloth ware edge_tool cutting_implement
beating-reed_instrument double-reed_instrument single-reed_instrument free-reed_instrument cloth_covering
electro-acoustic_transducer transducer data_input_device vascular_plant spermatophyte angiosperm movable_barrier
attire outerwear control framework support top fastener starches course ingredient flavorer surface sheet
drug_of_abuse drygoods soft_goods white_goods solanaceous_vegetable sign signal visual_signal geographic_point mechanism fare
material creation excavation padding connection defensive_structure medium horizontal_surface product wrapping design
concoction workplace area building_complex measure attachment contestant applicator globule apparatus work piece_of_work peer
strengthener institution lifting_device acoustic_device optical_device signaling_device rotating_mechanism entanglement
structural_member associate player participant accessory reproducer converging_lens upright circle ligament rig
danaid nymphalid pierid phalanger acarine neuropteron phasmid dipterous_insect apodiform_bird cuculiform_bird ratite
pelecaniform_seabird sphenisciform_seabird pelagic_bird plectognath scorpaenoid scorpaenid salmonid teiid_lizard lacertid_lizard
anguid_lizard archosaur ornithischian ceratopsian malacostracan_crustacean anthozoan coelenterate gastropod cephalopod
Old_World_monkey New_World_monkey anthropoid_ape great_ape lesser_ape beverage toiletry true_lobster pome grain oilseed
chordophone convertible turner wind_instrument electrical_device electronic_device memory_device negotiator
"""
UNREADABLE = frozenset(_UNREADABLE.split())
# Where the first lemma that is free is not the word that people use.
SAID = {
    "n00021265": "nutrient",
    "n02062017": "sea mammal",
    "n02370806": "hoofed mammal",
    "n02958343": "car",
    "n02959942": "railway car",
    "n03502509": "headgear",
    "n03636649": "lamp",
    "n03636248": "light",
    "n07555863": "food",
}


@dataclass(frozen=True)
class Synset:
    """One noun of WordNet: its lemmas, most frequent first, the offsets of its hypernyms, and what it is."""

    lemmas: tuple[str, ...]
    parents: tuple[str, ...]
    gloss: str


def read_nouns(file: Path) -> dict[str, Synset]:
    """Read ``data.noun`` (see wndb(5WN)) by offset."""
    found = {}
    for line in file.read_text("utf-8").splitlines():
        if line.startswith(" "):
            continue
        head, _, gloss = line.partition(" | ")
        fields = head.split()
        count = int(fields[3], 16)
        lemmas = tuple(fields[4 + 2 * place] for place in range(count))
        rest = fields[5 + 2 * count :]
        pointers = [rest[place : place + 4] for place in range(0, len(rest) - 3, 4)]
        parents = tuple(target for symbol, target, *_ in pointers if symbol in ("@", "@i"))
        # Examples follow the explanation in quotes; its first words are what the search by meaning needs.
        said = " ".join(gloss.strip().partition('; "')[0].split()[:GLOSS_WORDS])
        found[fields[0]] = Synset(lemmas, parents, said)
    return found


def above(classes: list[str], nouns: dict[str, Synset]) -> list[str]:
    """List the classes and everything above them, parents before children, by depth."""

    @cache
    def depth(offset: str) -> int:
        return 1 + max((depth(parent) for parent in nouns[offset].parents), default=-1)

    found: set[str] = set()
    waiting = list(classes)
    while waiting:
        offset = waiting.pop()
        if offset not in found:
            found.add(offset)
            waiting.extend(nouns[offset].parents)
    return sorted(found, key=lambda offset: (depth(offset), offset))


def spoken(order: list[str], classes: set[str], nouns: dict[str, Synset]) -> dict[str, str]:
    """Choose a different name for every node that a cluster may be named after; the most frequent lemma that is free."""
    names: dict[str, str] = {}
    taken: set[str] = set()
    # Inner nodes come first: "dog" belongs to all dogs before it belongs to a breed.
    for offset in sorted(order, key=lambda offset: offset in classes):
        synset = nouns[offset]
        if offset not in classes and synset.lemmas[0] in UNREADABLE:
            continue
        lemmas = [lemma.replace("_", " ") for lemma in synset.lemmas]
        lemmas = [SAID[f"n{offset}"], *lemmas] if f"n{offset}" in SAID else lemmas
        parent = nouns[synset.parents[0]].lemmas[0].replace("_", " ")
        name = next((lemma for lemma in lemmas if lemma.lower() not in taken), f"{lemmas[0]} ({parent})")
        taken.add(name.lower())
        names[offset] = name
    return names


def main() -> None:
    """Write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--synsets", type=Path, required=True)
    parser.add_argument("--wordnet", type=Path, default=Path("/usr/share/wordnet"))
    given = parser.parse_args()
    nouns = read_nouns(given.wordnet / "data.noun")
    classes = [line.strip().removeprefix("n") for line in given.synsets.read_text("utf-8").split()]
    order = above(classes, nouns)
    place = {offset: number for number, offset in enumerate(order)}
    known = set(classes)
    names = spoken(order, known, nouns)
    nodes = [
        {
            "id": f"n{offset}",
            "name": names.get(offset),
            "lemmas": [lemma.replace("_", " ") for lemma in nouns[offset].lemmas],
            "parents": [place[parent] for parent in nouns[offset].parents],
            **({"gloss": nouns[offset].gloss} if offset in known else {}),
        }
        for offset in order
    ]
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    lines = ",\n".join(json.dumps(node, separators=(",", ":")) for node in nodes)
    numbers = json.dumps([place[offset] for offset in classes], separators=(",", ":"))
    source = "WordNet 3.0, Copyright 2006 by Princeton University; see NOTICE"
    TARGET.write_text(f'{{"source":"{source}",\n"classes":{numbers},\n"nodes":[\n{lines}\n]}}\n', encoding="utf-8")
    print(f"{TARGET}: {len(nodes)} nodes, {len(classes)} classes, {TARGET.stat().st_size} bytes")


if __name__ == "__main__":
    main()
