"""The cleaning rules on real rows of Unihan 17, and what holds for every cleaned row."""

import re

import pytest

from glyffuser.data.characters import load_characters
from glyffuser.data.definitions import (
    OVERRIDES,
    POINTER,
    balance_parentheses,
    clean_definition,
    fold_to_ascii,
    is_weak,
    pointed_characters,
    resolve_parentheses,
    split_outside_parentheses,
)

# Rule: [(raw, senses)].
ROWS = {
    "senses and clauses": [
        ("good, excellent, fine; well", ["good, excellent, fine", "well"]),
        ("red colored hard and solid mud (soil; clay; earth)", ["red colored hard and solid mud (soil; clay; earth)"]),
        ("love; long for, yearn for; love", ["love", "long for, yearn for"]),
        ("Love; love", ["Love"]),
        ("to go ;; ; to walk", ["to go", "to walk"]),
    ],
    "parenthesis that points": [
        ("(same as 丘) hillock or mound", ["hillock or mound"]),
        ("(same as U+4E18 丘) hillock or mound", ["hillock or mound"]),
        ("(same as U+4E18) hillock or mound", ["hillock or mound"]),
        ("(same as 〡 HANGZHOU NUMERAL ONE) number one; line", ["number one", "line"]),
        ("wall; fence, (interchangeable with 兑) a hole", ["wall", "fence, a hole"]),
        ("dry measure equal to some five or ten dou (see 舒)", ["dry measure equal to some five or ten dou"]),
        ("(variant of 耜) a farming instrument; a spade", ["a farming instrument", "a spade"]),
        ("drizzle; (variant) valley; (variant) mold", ["drizzle", "valley", "mold"]),
        ("iron, etc. (also used figuratively), to dip into water", ["iron, to dip into water"]),
        ("old name for the Wǎ (佤) ethnic group", ["old name for the Wa ethnic group"]),
    ],
    "parenthesis that names a form": [
        ("(a variant) pouring with rain", ["pouring with rain"]),
        ("(an ancient form) leaves sprouting", ["leaves sprouting"]),
        ("(abbreviated form) to hold; to grasp", ["to hold", "to grasp"]),
        ("(archaic form) his, her, its, their; that", ["his, her, its, their", "that"]),
        ("(corrupted form) mouthful", ["mouthful"]),
        ("(corrupted and non-classical form) to reach", ["to reach"]),
        ("(non-classical form) a kind of fish", ["a kind of fish"]),
        ("(simplified form) the oscines", ["the oscines"]),
        ("(standard form) a small pigeon", ["a small pigeon"]),
        ("to protect from dust (vulgar form)", ["to protect from dust"]),
        ("(non-standard Japanese variant of 喜), to like, love", ["to like, love"]),
        ("to eat, ((non-classical form of 膾) minced meat", ["to eat, minced meat"]),
    ],
    "parenthesis that stays": [
        ("bread (Persian 'naan')", ["bread (Persian 'naan')"]),
        ("to drink (wine (red))", ["to drink (wine (red))"]),
        ("to drink (wine (same as 酒) only)", ["to drink (wine only)"]),
        ("(literally) to look but see nothing", ["(literally) to look but see nothing"]),
        ("walking rapidly, (said of a horse)", ["walking rapidly, said of a horse"]),
        ("silicon (element 14, Si)", ["silicon (element 14, Si)"]),
    ],
    "clause that points": [
        ("holy, sage; simplification of 堊 chalk; daub with chalk", ["holy, sage", "chalk", "daub with chalk"]),
        ("variant of U+801C 耜: a farming tool", ["a farming tool"]),
        ("non-standard form of U+559C 喜 to like", ["to like"]),
        ("one's father; used as a synonym for 你 when referring to deity", ["one's father"]),
        ("a crack, as in porcelain", ["a crack"]),
        ("a red spotted lizard, used as medicine", ["a red spotted lizard"]),
        ("Asia; second; used as a prefix to names", ["Asia", "second", "used as a prefix to names"]),
        ("if only; compound form of 只要", ["if only"]),
        ("old form of 貫; component in 贯,貫,實, etc.; not to be confused with 毋", []),
        ("used for sound", []),
    ],
    "Han and codes inside a clause": [
        ("another name for 知母", []),
        ("another name for 黃岑 (Scutellaria baikalensis)", ["Scutellaria baikalensis"]),
        ("island; (Cant.) 大嶼山 daai6jyu4saan1 Lantau Island", ["island", "Lantau Island"]),
        ("easy (same as 舒); 摴蒲 is the name of a traditional play", ["easy", "name of a traditional play"]),
        ("community of 傣族 (under the feudal system)", ["community (under the feudal system)"]),
        ("songs of the people of 楚, a kind of music", ["songs of the people, a kind of music"]),
        ("old translation of U+92AA 銪 Eu", ["old translation of Eu"]),
        ("spear of 𨊰", ["spear"]),
    ],
    "notes on the whole row": [
        ("kernel, seed; enjoy, feast [?]", ["kernel, seed", "enjoy, feast"]),
        ("[kokuji] to pull out hair, etc.", ["to pull out hair"]),
        ("[nǐ] Nihonium (Nh); [niè] (same as 鑷) tweezers", ["Nihonium (Nh)", "tweezers"]),
        ("overall [questionable variant]", ["overall [questionable variant]"]),
        ("one; Kangxi radical 1", ["one"]),
        ("simplified Kangxi radical 149", ["simplified"]),
        ("peel, peel off, to shell, strip; hexagram ䷖", ["peel, peel off, to shell, strip"]),
    ],
    "clauses that are notes": [
        ("dog; radical number 94", ["dog"]),
        ("Radical 122", []),
        ("dog; rad. no. 94", ["dog"]),
        ("dog; rad. 94", ["dog"]),
        ("kwukyel", []),
        ("potassium (K)", ["potassium"]),
    ],
    "ASCII": [
        ("one of Shùn’s ministers", ["one of Shun's ministers"]),
        ("(used with 乓) “ping” of “ping pong”", ['"ping" of "ping pong"']),
        ("tamale—made by wrapping", ["tamale-made by wrapping"]),
        ("a measure of 16 dǒu", ["a measure of 16 dou"]),
        ("determinative star μ Geminorum (Tejat)", ["determinative star Geminorum (Tejat)"]),
        ("a place in He\u0301bei", ["a place in Hebei"]),
    ],
    "edges": [
        ("cart, carriage etc.", ["cart, carriage etc."]),
        ("an axle, etc.", ["an axle"]),
        ("to testify)", ["to testify"]),
        ("(a hawk", ["a hawk"]),
        ("a big mule (same as 驢) an ass", ["a big mule an ass"]),
        ("'kimono' sleeve", ["'kimono' sleeve"]),
        ("the dogs'", ["the dogs"]),
        ("-- rather, / well .", ["rather, well"]),
        ("()", []),
        ("", []),
    ],
}


@pytest.mark.parametrize(("raw", "senses"), [row for rows in ROWS.values() for row in rows])
def test_senses(raw, senses):
    assert list(clean_definition(raw).senses) == senses


@pytest.mark.parametrize(
    ("raw", "senses", "tags"),
    [
        ("(Cant.) row", ["row"], ["Cantonese"]),
        ("(J) centimetre", ["centimetre"], ["Japanese"]),
        ("Buddhist image; the dead (Japanese)", ["Buddhist image", "the dead"], ["Japanese"]),
        ("mountain pass (Korean)", ["mountain pass"], ["Korean"]),
        ("(dial.) to kill; to slaughter", ["to kill", "to slaughter"], ["dialect"]),
        ("beautiful eyes, (dialect) a pair; two", ["beautiful eyes, a pair", "two"], ["dialect"]),
        ("(a dialect) to engrave", ["to engrave"], ["dialect"]),
        ("(coll.) hold; grip", ["hold", "grip"], ["colloquial"]),
        ("(J) snow; (Cant.) rain; (Cant.) hail", ["snow", "rain", "hail"], ["Cantonese", "Japanese"]),
        ("Japanese cypress", ["Japanese cypress"], []),
    ],
)
def test_tags(raw, senses, tags):
    cleaned = clean_definition(raw)
    assert (list(cleaned.senses), list(cleaned.tags)) == (senses, tags)


@pytest.mark.parametrize(
    ("raw", "characters"),
    [
        ("(same as 獌 貙)", "獌貙"),
        ("(variant of U+4E03 七)", "七"),
        ("same as 七 and U+4E18", "丘七"),
        ("another name for 知母", ""),
        ("(simplified form of 𨊰)", "𨊰"),
        ("kwukyel", ""),
    ],
)
def test_pointed_characters(raw, characters):
    assert pointed_characters(raw) == list(characters)


@pytest.mark.parametrize(
    "sense",
    [
        "a name", "surname", "place name", "last name", "a family name", "name of a person", "name of a place",
        "used in names", "used in girl's name", "person's name", "phonetic", "Interjection", "exclamation",
        "onomatopoetic",
    ],
)  # fmt: skip
def test_weak_senses(sense):
    assert is_weak([sense])
    assert is_weak([sense, "surname"])
    assert not is_weak([sense, "hill"])


@pytest.mark.parametrize("sense", ["name of a river", "name of a variety of grass", "phonetic symbol", "to name"])
def test_strong_senses(sense):
    assert not is_weak([sense])


def test_overrides_are_clean_already():
    assert {chr(codepoint) for codepoint in OVERRIDES} == {"鋁", "铝"}
    for definition in OVERRIDES.values():
        assert clean_definition(definition).senses == (definition,)


@pytest.mark.parametrize(
    ("text", "balanced"),
    [("(a) b", "(a) b"), ("a) b", "a  b"), ("((a) b", " (a) b"), ("(a (b) c", " a (b) c"), (")(", "  ")],
)
def test_balance_parentheses(text, balanced):
    assert balance_parentheses(text) == balanced


def test_innermost_parentheses_are_decided_first():
    tags = set()
    assert resolve_parentheses("(a (Cant.) b (same as 丘)) c ((d) e)", tags) == "(a   b) c ((d) e)"
    assert tags == {"Cantonese"}


def test_split_outside_parentheses():
    assert split_outside_parentheses("a; b (c; d (e; f)); g;", ";") == ["a", " b (c; d (e; f))", " g", ""]


def test_letters_are_folded_never_dropped():
    assert fold_to_ascii("Tǎ’ěr ‘fù’ – ﬁ") == "Ta'er 'fu' - fi"


@pytest.mark.parametrize("char", "⼀⿰々〇㐀䷖丘豈𨊰")
def test_every_kind_of_han_character_points(char):
    assert pointed_characters(f"(same as {char})") == [char]
    assert clean_definition(f"hill of {char}").senses == ("hill",)


@pytest.fixture(scope="module")
def all_senses():
    return [sense for character in load_characters() for sense in character.senses]


def test_every_sense_is_ascii_without_pointers(all_senses):
    assert len(all_senses) > 36_000
    assert [sense for sense in all_senses if not (sense.isascii() and sense.isprintable())] == []
    assert [sense for sense in all_senses if POINTER.search(sense) or "U+" in sense] == []


def test_every_sense_has_balanced_parentheses(all_senses):
    assert [sense for sense in all_senses if balance_parentheses(sense) != sense or "()" in sense] == []


def test_every_sense_has_clean_edges(all_senses):
    assert [sense for sense in all_senses if not re.match(r"[A-Za-z0-9('\"\[]", sense)] == []
    assert [sense for sense in all_senses if not re.search(r"([A-Za-z0-9)'\"\]?!]|\betc\.)$", sense)] == []
    assert [sense for sense in all_senses if "  " in sense or " ," in sense or " ;" in sense] == []


def test_every_sense_says_something(all_senses):
    assert [sense for sense in all_senses if not re.search("[A-Za-z]", sense)] == []


def test_senses_of_a_character_are_distinct():
    for character in load_characters():
        assert len({sense.lower() for sense in character.senses}) == len(character.senses), character.char


def test_cleaning_a_clean_definition_changes_nothing():
    for character in load_characters():
        assert clean_definition(character.definition).senses == character.senses, character.char
