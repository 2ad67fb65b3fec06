from glyffuser.data.characters import RADICALS
from glyffuser.data.probe import PROBE
from glyffuser.data.radical_names import RADICAL_NAMES


def test_every_radical_has_a_name_of_its_own():
    assert len(RADICAL_NAMES) == len(set(RADICAL_NAMES)) == len(RADICALS)
    assert all(name and "\n" not in name for name in RADICAL_NAMES)


def test_known_radicals_stand_in_their_place():
    names = {1: "one", 85: "water", 140: "grass", 167: "gold", 195: "fish", 214: "flute"}
    assert all(RADICAL_NAMES[number - 1] == name for number, name in names.items())


def test_the_probe_asks_for_radicals_by_their_names():
    assert len(PROBE) == len({word for word, _radical in PROBE}) == 36
    assert all(RADICAL_NAMES[radical - 1] == word for word, radical in PROBE)
