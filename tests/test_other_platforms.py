"""What other systems do differently, found by reading the code."""

import ast

import pytest
from figures import ROOT, code_files

TEXT_CALLS = ("open", "read_text", "write_text")
FILES = [path for path in [*code_files("glyffuser"), ROOT / "app.py"] if path.suffix == ".py"]


def name_of(call: ast.Call) -> str:
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def calls_without_encoding(source: str) -> list[str]:
    """Calls that read or write text in whatever encoding the system has; a mode with "b" means bytes."""
    found = []
    for call in ast.walk(ast.parse(source)):
        if not isinstance(call, ast.Call) or name_of(call) not in TEXT_CALLS:
            continue
        owner = ast.unparse(call.func)
        modes = [
            ast.unparse(part) for part in [*call.args, *(word.value for word in call.keywords if word.arg == "mode")]
        ]
        is_binary = any(mode in ("'rb'", "'wb'", "'r+b'", "'ab'") for mode in modes)
        is_other = owner in ("Image.open", "tarfile.open", "webbrowser.open")
        if not is_binary and not is_other and "encoding" not in {word.arg for word in call.keywords}:
            found.append(ast.unparse(call))
    return found


def test_calls_without_encoding_are_seen():
    seen = calls_without_encoding("a.read_text()\nopen(p)\nopen(p, mode='w')\nq.write_text(t)")
    assert sorted(seen) == ["a.read_text()", "open(p)", "open(p, mode='w')", "q.write_text(t)"]
    assert calls_without_encoding("open(p, 'rb')\nImage.open(p)\np.open(encoding='utf-8')") == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.name))
def test_text_is_read_and_written_in_utf_8(path):
    assert calls_without_encoding((ROOT / path).read_text(encoding="utf-8")) == []
