from glyffuser.data.characters import RADICALS
from glyffuser.data.probe import PROBE
from glyffuser.data.radical_names import RADICAL_NAMES


def test_every_radical_has_a_distinct_name():
    assert len(RADICAL_NAMES) == len(set(RADICAL_NAMES)) == len(RADICALS)
    assert all(name and "\n" not in name for name in RADICAL_NAMES)


def test_names_are_ordered_by_radical_number():
    names = {1: "one", 85: "water", 140: "grass", 167: "gold", 195: "fish", 214: "flute"}
    assert all(RADICAL_NAMES[number - 1] == name for number, name in names.items())


def test_the_probe_words_are_names_of_their_radicals():
    assert len(PROBE) == len({word for word, _radical in PROBE}) == 36
    assert all(RADICAL_NAMES[radical - 1] == word for word, radical in PROBE)
