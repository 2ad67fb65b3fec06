"""The import rule of the README, read from the code with ast."""

import ast
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = sorted((ROOT / "glyffuser").rglob("*.py"))

BASE = {"config", "images", "checkpoint", "command", "shipped"}
PARTS = {
    "data",
    "text",
    "prior",
    "prompts",
    "unet",
    "spacing",
    "diffusion",
    "guidance",
    "checks",
    "request",
    "projection",
    "newness",
    "radicals",
    "defects",
}
SAMPLING = {"pipeline", "side_by_side", "one_step", "attention", "new_meaning", "compare", "sample"}
# room -> rooms that it may import from
RULE = {
    "__init__": set(),
    "config": set(),
    "checkpoint": set(),
    "command": set(),
    "defects": set(),
    "images": {"config"},
    "checks": {"config"},
    **dict.fromkeys(("data", "text", "prior", "unet", "spacing", "projection", "radicals"), BASE),
    "diffusion": BASE | {"spacing"},
    "guidance": BASE | {"unet"},
    "request": BASE | {"text", "diffusion", "spacing", "checks"},
    "shipped": {"checkpoint", "command"},
    "prompts": BASE | {"text", "prior", "unet"},
    "newness": BASE | {"projection"},
    "pipeline": BASE | PARTS,
    "side_by_side": BASE | PARTS,
    "one_step": BASE | PARTS | {"pipeline"},
    "new_meaning": BASE | PARTS | {"pipeline", "side_by_side"},
    "compare": BASE | PARTS | {"pipeline", "side_by_side"},
    "attention": BASE | PARTS | {"pipeline"},
    "sample": BASE | PARTS | {"pipeline"},
    "training": BASE | PARTS | SAMPLING,
    "evaluation": BASE | PARTS | SAMPLING,
    "map": BASE | PARTS | SAMPLING,
    "ui": BASE | PARTS | SAMPLING | {"map", "__version__"},
    "bench": BASE | PARTS | SAMPLING | {"ui"},
    "bench_browser": BASE | PARTS | SAMPLING | {"ui", "bench"},
}


def room_of(module: Path) -> str:
    return module.relative_to(ROOT / "glyffuser").parts[0].removesuffix(".py")


def imports_of(source: str) -> set[str]:
    """Everything a source text imports, by its full name: `from a import b` is a.b."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "a relative import"
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def rooms_in(source: str) -> set[str]:
    """The rooms a source text imports from; "" for the bare package, which leads to all of them."""
    return {f"{name}.".split(".")[1] for name in imports_of(source) if name.split(".")[0] == "glyffuser"}


def test_every_way_to_import_is_seen():
    source = "import glyffuser.bench as b, os\ndef f():\n    from glyffuser import ui, text as t"
    assert imports_of(source) == {"glyffuser.bench", "os", "glyffuser.ui", "glyffuser.text"}
    assert rooms_in(f"{source}\nfrom glyffuser.data.glyphs import draw") == {"bench", "ui", "text", "data"}
    assert imports_of("from diffusers import UNet2DConditionModel") == {"diffusers.UNet2DConditionModel"}
    assert rooms_in("import glyffuser") == {""}


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_room_imports_only_from_the_rooms_below(module):
    room, used = room_of(module), rooms_in(module.read_text(encoding="utf-8"))
    assert used - {room} <= RULE[room], f"{room} may not import {used - {room} - RULE[room]}"


def test_every_room_has_a_rule():
    assert {room_of(module) for module in MODULES} == set(RULE)


def test_the_app_imports_what_starts_it_and_nothing_else():
    assert imports_of((ROOT / "app.py").read_text(encoding="utf-8")) == {"sys", "glyffuser.ui.app"}


def test_only_the_start_of_the_page_loads_a_checkpoint():
    starts = {ROOT / "glyffuser/ui/app.py", ROOT / "glyffuser/ui/example_runs.py"}
    for module in set((ROOT / "glyffuser/ui").rglob("*.py")) - starts:
        assert "glyffuser.checkpoint.checkpoint_folder" not in imports_of(module.read_text(encoding="utf-8")), module


def test_the_diffusion_never_sees_the_network():
    source = (ROOT / "glyffuser" / "diffusion.py").read_text(encoding="utf-8")
    assert not any("unet" in name.lower() for name in imports_of(source))


def test_every_module_says_what_it_is_for():
    for module in MODULES:
        name = ".".join(module.relative_to(ROOT).with_suffix("").parts)
        assert importlib.import_module(name.removesuffix(".__init__")).__doc__, f"{name} has no docstring"
