"""Sizes that the code keeps to, so that each piece can be read at a glance."""

import pytest
from figures import Function, code_files, folder_table, functions, functions_in, num_lines, tracked_files

MAX_FUNCTION_LINES = 60
MAX_FILE_LINES = 320


def test_functions_are_counted_with_those_inside_them():
    source = "def outer():\n    '''Doc.'''\n    async def inner():\n        return 1\n\n    return inner\n"
    assert functions_in(source, "a.py") == [Function("a.py:1", "outer", 6), Function("a.py:3", "inner", 2)]
    assert functions_in("class A:\n    @property\n    def b(self):\n        return 1", "a.py")[0].length == 2


def test_no_function_is_too_long():
    found = functions("glyffuser")
    assert len(found) > 100, "no functions were found"
    assert [one for one in found if one.length > MAX_FUNCTION_LINES] == []


@pytest.mark.parametrize("folder", ["glyffuser", "tests/web"])
def test_no_file_is_too_long(folder):
    lengths = {path.as_posix(): num_lines(path) for path in code_files(folder)}
    assert lengths, "no files were found"
    assert {path: lines for path, lines in lengths.items() if lines > MAX_FILE_LINES} == {}


def test_the_table_of_folders_counts_every_file_once():
    rows = [row.split(" | ") for row in folder_table("glyffuser").splitlines()[2:]]
    assert sum(int(row[1]) for row in rows) == len(code_files("glyffuser"))
    assert sum(int(row[2].replace(",", "")) for row in rows) == sum(map(num_lines, code_files("glyffuser")))
    assert {path.parent.as_posix() for path in tracked_files("glyffuser") if path.suffix == ".py"} <= {
        row[0].removeprefix("| ").removesuffix("/") for row in rows
    }
