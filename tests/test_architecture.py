"""The import rule of the README, read from the code with ast."""

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = sorted((ROOT / "glyffuser").rglob("*.py"))

BASE = {"config", "images"}
PARTS = {"data", "text", "prior", "unet", "diffusion"}
SAMPLING = {"pipeline", "single_step", "attention", "redraw", "sample"}
# room -> rooms that it may import from
RULE = {
    "config": set(),
    "images": {"config"},
    **{part: BASE for part in PARTS},
    "pipeline": BASE | PARTS,
    "single_step": BASE | PARTS | {"pipeline"},
    "redraw": BASE | PARTS | {"pipeline"},
    "attention": BASE | PARTS | {"pipeline"},
    "sample": BASE | PARTS | {"pipeline"},
    "training": BASE | PARTS | SAMPLING,
    "evaluation": BASE | PARTS | SAMPLING,
    "explorer": BASE | PARTS | SAMPLING,
    "ui": BASE | PARTS | SAMPLING | {"explorer", "evaluation"},
    "bench": BASE | PARTS | SAMPLING | {"ui"},
}


def room_of(module: Path) -> str:
    return module.relative_to(ROOT / "glyffuser").parts[0].removesuffix(".py")


def imports_of(module: Path) -> set[str]:
    """Everything a module imports, by its full name."""
    names = set()
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports relatively"
            names.add(node.module)
    return names


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_room_imports_only_from_the_rooms_below(module):
    room = room_of(module)
    if room == "__init__":
        return
    used = {name.split(".")[1] for name in imports_of(module) if name.startswith("glyffuser.")}
    assert used - {room} <= RULE[room], f"{room} may not import {used - {room} - RULE[room]}"


def test_every_room_has_a_rule():
    assert {room_of(module) for module in MODULES} - {"__init__"} <= set(RULE)


def test_the_app_imports_the_page_and_what_starts_it():
    used = {name for name in imports_of(ROOT / "app.py") if name.startswith("glyffuser")}
    assert used == {"glyffuser.pipeline", "glyffuser.sample", "glyffuser.ui.page"}


def test_the_page_starts_without_the_heavy_packages():
    code = (
        "import sys, glyffuser.ui.page;"
        "print([m for m in ('umap', 'numba', 'sklearn', 'matplotlib', 'sentence_transformers') if m in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_the_diffusion_never_sees_the_network():
    assert not any("unet" in name.lower() for name in imports_of(ROOT / "glyffuser" / "diffusion.py"))


def test_every_module_says_what_it_is_for():
    for module in MODULES:
        name = ".".join(module.relative_to(ROOT).with_suffix("").parts)
        if not name.endswith("__main__"):
            assert importlib.import_module(name.removesuffix(".__init__")).__doc__, f"{name} has no docstring"
