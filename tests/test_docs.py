"""What the README says, compared with what is there."""

import argparse
import importlib
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from glyffuser import __version__

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```\w*\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
TREE = next(block for block in BLOCKS if block.startswith("app.py"))
NOT_IN_THE_TREE = {"__init__.py", "__main__.py"}
COMMANDS = [
    "glyffuser.sample",
    "glyffuser.shipped",
    "glyffuser.bench",
    "glyffuser.bench_browser",
    "glyffuser.training",
    "glyffuser.training.prior",
    "glyffuser.training.distill",
    "glyffuser.training.export",
    "glyffuser.training.onnx_graph",
    "glyffuser.training.smoke",
    "glyffuser.evaluation",
    "glyffuser.training.radical_classifier",
    "glyffuser.data",
    "glyffuser.map",
    "glyffuser.ui.example_runs",
    "glyffuser.ui.components.own_device.vendor",
]


def tracked_files() -> list[Path]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [Path(line) for line in listed.splitlines()]


def paths_in(tree: str) -> set[str]:
    """Every file and folder that a tree names, by its path: what a line begins with, and what is told beside it."""
    paths, folder, entry = set(), "", ""
    for line in tree.splitlines():
        indent, told = len(line) - len(line.lstrip()), line
        if indent <= 2:  # deeper lines go on with the one above
            name, _, told = line.strip().partition(" ")
            if not indent:
                folder = name if name.endswith("/") else ""
            entry = name if not indent else folder + name
            paths.add(entry)
        inside = entry if entry.endswith("/") else folder
        paths.update(inside + other for other in re.findall(r"[\w-]+\.(?:py|txt|md|jsonl)|\w+/", told))
    return paths


def test_equal_names_in_a_tree_are_told_apart():
    tree = """
app.py       a page; b.txt
room/
  prior.py   one
  training/  prior.py (another),
             loop.py
docs/x.md    a text"""
    inside = {"room/", "room/prior.py", "room/training/", "room/training/prior.py", "room/training/loop.py"}
    assert paths_in(tree.strip()) == {"app.py", "b.txt", "docs/x.md"} | inside


def test_the_tree_names_every_module():
    modules = {path for path in (ROOT / "glyffuser").rglob("*.py") if path.name not in NOT_IN_THE_TREE}
    assert {str(path.relative_to(ROOT)) for path in modules} - paths_in(TREE) == set()


def test_whatever_the_tree_names_is_there():
    assert {path for path in paths_in(TREE) if not (ROOT / path).exists()} == set()


def test_every_top_level_name_is_in_the_readme():
    hidden_or_usual = {
        "LICENSE", "README.md", "CHANGELOG.md", "pyproject.toml", "Dockerfile", "docs",
        "CONTRIBUTING.md", "SECURITY.md", "CITATION.cff",
    }  # fmt: skip
    names = {path.parts[0] for path in tracked_files() if not path.parts[0].startswith(".")} - hidden_or_usual
    assert {name for name in names if name not in README} == set()


def test_every_make_command_exists_and_is_told_of():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)[1].split())
    assert targets == set(re.findall(r"make ([a-z-]+)\b", "\n".join(BLOCKS)))
    assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in targets)


class CaughtError(Exception):
    """Carries a parser out of the command that made it."""


def parser_of(command: str) -> argparse.ArgumentParser:
    """The parser of a command, caught when it is about to read the command line."""

    def catch(parser, *_):
        raise CaughtError(parser)

    module = importlib.import_module(command)
    if not hasattr(module, "main"):
        module = importlib.import_module(f"{command}.__main__")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(argparse.ArgumentParser, "parse_args", catch)
        with pytest.raises(CaughtError) as caught:
            module.main([])
    return caught.value.args[0]


@pytest.mark.parametrize(("command", "line"), re.findall(r"^python -m (glyffuser\S*) ?(.*)$", README, re.MULTILINE))
def test_the_commands_of_the_readme_are_understood(command, line):
    parser_of(command).parse_args(shlex.split(line))


def test_the_readme_tells_of_commands_that_are_there():
    told = set(re.findall(r"python -m (glyffuser[\w.]*)", README))
    assert {"glyffuser.sample", "glyffuser.training", "glyffuser.evaluation"} <= told <= set(COMMANDS)


def test_the_python_of_the_readme_compiles_and_finds_what_it_imports():
    blocks = re.findall(r"^```python\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
    assert len(blocks) == 2
    for block in blocks:
        compile(block, "README.md", "exec")
        exec("\n".join(line for line in block.splitlines() if line.startswith("from ")), {})


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command):
    parser = parser_of(command)
    assert parser.format_help().startswith(f"usage: python -m {command} ")
    assert all(action.help for action in parser._actions), "an option without a word"


def test_a_command_starts_by_itself():
    result = subprocess.run([sys.executable, "-m", COMMANDS[0], "--help"], cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0 and result.stdout.startswith(f"usage: python -m {COMMANDS[0]} ")


@pytest.mark.parametrize("command", COMMANDS)
def test_help_tells_the_defaults_that_are_there(command):
    for action in parser_of(command)._actions:
        told = re.search(r"default: ([^%)]+)", action.help or "")  # %(default)s is right by itself
        if told and action.default not in (None, "auto"):  # those are found out later
            default = action.default if isinstance(action.default, list) else [action.default]
            assert told[1] == " ".join(map(str, default)).removeprefix(f"{ROOT}/"), action.option_strings


def test_spaces_and_requirements_agree_on_gradio():
    front_matter = yaml.safe_load(README.split("---")[1])
    assert f"gradio=={front_matter['sdk_version']}\n" in (ROOT / "requirements.txt").read_text()
    assert front_matter["app_file"] == "app.py" and (ROOT / "app.py").is_file()
    assert len(front_matter["short_description"]) <= 60


def test_the_versions_agree():
    assert f'version = "{__version__}"' in (ROOT / "pyproject.toml").read_text()
    assert f"## {__version__}" in (ROOT / "CHANGELOG.md").read_text()


def test_constraints_cover_the_requirements():
    pinned = {line.split("==")[0].lower() for line in (ROOT / "constraints.txt").read_text().splitlines()}
    for file in ROOT.glob("requirements*.txt"):
        for line in file.read_text().splitlines():
            if name := re.match(r"[a-z][\w-]*", line):
                assert name[0].lower() in pinned, f"{name[0]} of {file.name} is not in constraints.txt"


def test_links_to_files_lead_somewhere():
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", README):
        assert (ROOT / target).is_file(), target


def test_no_shipped_file_is_a_pointer_to_another_store():
    for path in tracked_files():
        if path.suffix in {".safetensors", ".png", ".jsonl"}:
            assert not (ROOT / path).read_bytes().startswith(b"version https://git-lfs"), path
