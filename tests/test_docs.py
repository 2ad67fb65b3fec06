"""What the README says, compared with what is there."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from glyffuser import __version__, sample

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```\w*\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
TREE = next(block for block in BLOCKS if block.startswith("app.py"))
NOT_IN_THE_TREE = {"__init__.py", "__main__.py"}


def tracked_files() -> list[Path]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [Path(line) for line in listed.splitlines()]


def test_the_tree_names_every_module():
    modules = {path.name for path in (ROOT / "glyffuser").glob("*.py")} - NOT_IN_THE_TREE
    for room in ("data", "training", "evaluation", "explorer", "ui"):
        modules |= {path.name for path in (ROOT / "glyffuser" / room).glob("*.py")} - NOT_IN_THE_TREE
    assert {name for name in modules if name not in TREE} == set()


def test_whatever_the_tree_names_is_there():
    there = {path.name for path in ROOT.rglob("*") if ".venv" not in path.parts}
    named = re.findall(r"[\w-]+\.(?:py|txt|md|jsonl)|[\w-]+/|Makefile", TREE)
    assert {name for name in named if name.rstrip("/") not in there} == set()


def test_every_top_level_name_is_in_the_readme():
    hidden_or_usual = {"LICENSE", "README.md", "CHANGELOG.md", "pyproject.toml", "Dockerfile", "docs"}
    names = {path.parts[0] for path in tracked_files() if not path.parts[0].startswith(".")} - hidden_or_usual
    assert {name for name in names if name not in README} == set()


def test_every_make_command_exists_and_is_told_of():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)[1].split())
    assert targets == set(re.findall(r"make ([a-z]+)\b", "\n".join(BLOCKS)))
    assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in targets)


@pytest.mark.parametrize("line", re.findall(r"^python -m glyffuser\.sample (.*)$", README, re.MULTILINE))
def test_the_commands_of_the_readme_are_understood(line):
    sample._parser().parse_args(shlex.split(line))


@pytest.mark.parametrize(
    "module",
    [
        "glyffuser.sample",
        "glyffuser.bench",
        "glyffuser.training",
        "glyffuser.training.prior",
        "glyffuser.training.smoke",
        "glyffuser.evaluation",
        "glyffuser.evaluation.reader_training",
        "glyffuser.explorer",
    ],
)
def test_every_command_explains_itself(module):
    result = subprocess.run([sys.executable, "-m", module, "--help"], cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0 and "default" in result.stdout


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
    for file in ("requirements.txt", "requirements-dev.txt"):
        for line in (ROOT / file).read_text().splitlines():
            if name := re.match(r"[a-z][\w-]*", line):
                assert name[0].lower() in pinned, f"{name[0]} of {file} is not in constraints.txt"


def test_links_to_files_lead_somewhere():
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", README):
        assert (ROOT / target).is_file(), target


def test_no_shipped_file_is_a_pointer_to_another_store():
    for path in tracked_files():
        if path.suffix in {".safetensors", ".png", ".jsonl"}:
            assert not (ROOT / path).read_bytes().startswith(b"version https://git-lfs"), path
