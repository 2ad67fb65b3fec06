import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from glyffuser.ui.static_files import StaticFiles


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "module.js").write_text("export const one = 1;")
    (tmp_path / "secret.py").write_text("password = 1")
    return tmp_path


def test_files_are_served_for_ever_under_an_address_that_shows_no_path(folder):
    static_files = StaticFiles()
    address = static_files.serve("modules", folder)
    assert address.startswith("glyff/modules-") and not any(part in address for part in folder.parts[1:])
    answer = TestClient(Starlette(routes=static_files.routes())).get(f"/{address}/inner/module.js")
    assert answer.status_code == 200 and answer.text == "export const one = 1;"
    assert answer.headers["content-type"].startswith("text/javascript")
    assert "immutable" in answer.headers["cache-control"]


@pytest.mark.parametrize(
    "path", ["secret.py", "inner", "", "missing.js", "../secret.py", "%2e%2e/secret.py", "inner/%00.js"]
)
def test_nothing_else_is_served(folder, path):
    static_files = StaticFiles()
    address = static_files.serve("modules", folder / "inner" if ".." in path or "%2e" in path else folder)
    client = TestClient(Starlette(routes=static_files.routes()), raise_server_exceptions=False)
    answer = client.get(f"/{address}/{path}")
    assert answer.status_code == 404 and "password" not in answer.text


def test_the_address_changes_with_the_content_and_only_with_it(folder):
    first = StaticFiles().serve("modules", folder)
    (folder / "secret.py").write_text("password = 2")
    assert StaticFiles().serve("modules", folder) == first
    (folder / "inner" / "module.js").write_text("export const one = 2;")
    assert StaticFiles().serve("modules", folder) != first


@pytest.mark.parametrize("name", ["a#b", "50% off?", "ü 字 &c"])
def test_a_folder_of_any_name_is_served(tmp_path, name):
    (tmp_path / name).mkdir()
    (tmp_path / name / "module.js").write_text("export const one = 1;", encoding="utf-8")
    static_files = StaticFiles()
    address = static_files.serve("modules", tmp_path / name)
    answer = TestClient(Starlette(routes=static_files.routes())).get(f"/{address}/module.js")
    assert answer.status_code == 200 and answer.text == "export const one = 1;"


def test_a_folder_is_served_once(folder):
    static_files = StaticFiles()
    assert static_files.serve("modules", folder) == static_files.serve("modules", folder)
    assert len(static_files.routes()) == 1
