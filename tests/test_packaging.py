"""The package as a stranger gets it: a wheel, installed into a fresh environment, used from another folder."""

import email
import os
import re
import shutil
import socket
import subprocess
import sys
import sysconfig
import time
import tomllib
import urllib.request
import venv
import zipfile
from collections import Counter
from pathlib import Path
from urllib.parse import urljoin

import pytest
from figures import ROOT, tracked_files
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from PIL import Image

FILES = [path.as_posix() for path in tracked_files()]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
EXTRAS = {
    "train": ["requirements-train.txt"],
    "map": ["requirements-map.txt"],
    "dev": ["requirements-train.txt", "requirements-map.txt", "requirements-dev.txt"],
}
MAX_WHEEL_BYTES = 100 * 2**20
"""What the package index takes without asking: its limit is in mebibytes."""


def requirements_in(*files: str) -> set[Requirement]:
    lines = "\n".join((ROOT / file).read_text(encoding="utf-8") for file in files).splitlines()
    return {Requirement(text) for line in lines if (text := line.partition("#")[0].strip())}


def run(*command: object, **options) -> subprocess.CompletedProcess:
    return subprocess.run([*map(str, command)], capture_output=True, text=True, **options)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """Built from a copy of the tracked files, so that nothing else that lies about can get in."""
    source, built = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("built")
    for file in FILES:
        (source / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / file, source / file)
    pip = [sys.executable, "-m", "pip", "wheel", "--no-build-isolation", "--no-deps", "--no-index"]
    result = run(*pip, "--wheel-dir", built, source)
    assert result.returncode == 0, result.stdout + result.stderr
    return next(built.glob("glyffuser-*.whl"))


@pytest.fixture(scope="module")
def commands(wheel, tmp_path_factory) -> Path:
    """The folder of commands of a fresh environment, which takes all other packages from that of the tests."""
    home = tmp_path_factory.mktemp("environment")
    venv.create(home, symlinks=True)
    python = home / "bin" / "python"
    result = run(sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index", wheel)
    assert result.returncode == 0, result.stdout + result.stderr
    packages = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", check=True).stdout.strip()
    theirs = {sysconfig.get_path(name) for name in ("purelib", "platlib")}
    (Path(packages) / "packages_of_the_tests.pth").write_text("\n".join(theirs))
    return home / "bin"


@pytest.fixture
def elsewhere(tmp_path, monkeypatch) -> Path:
    """A folder that has nothing to do with the repository, with an environment that does not name it."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith(("GLYFFUSER_", "PYTHONPATH"))]:
        monkeypatch.delenv(name)
    return tmp_path


def test_the_packages_are_listed():
    listed = set(PROJECT["tool"]["setuptools"]["packages"])
    folders = {Path(file).parent for file in FILES if file.startswith("glyffuser/") and file.endswith(".py")}
    assert {".".join(folder.parts) for folder in folders} | {"glyffuser.checkpoints"} == listed


def test_the_wheel_holds_every_file_and_no_other(wheel, capsys):
    shipped = {file for file in FILES if file.startswith("glyffuser/")}
    shipped |= {f"glyffuser/{file}" for file in FILES if file.startswith("checkpoints/")}
    licences = {file for file in FILES if file == "LICENSE" or file.startswith("LICENSES/")}
    names = set(zipfile.ZipFile(wheel).namelist())
    metadata = {name for name in names if ".dist-info/" in name}
    assert names - metadata == shipped
    assert {name.partition("/licenses/")[2] for name in metadata if "/licenses/" in name} == licences
    assert wheel.stat().st_size < MAX_WHEEL_BYTES
    with capsys.disabled():
        print(f" {wheel.name}: {wheel.stat().st_size / 1e6:.1f} MB ", end="")


def test_the_wheel_asks_for_what_the_lists_of_requirements_say(wheel):
    with zipfile.ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        metadata = email.message_from_bytes(archive.read(name))
    expected = requirements_in("requirements.txt")
    for extra, files in EXTRAS.items():
        for requirement in requirements_in(*files):
            requirement.marker = f'extra == "{extra}"'
            expected.add(Requirement(str(requirement)))
    assert {Requirement(text) for text in metadata.get_all("Requires-Dist")} == expected
    assert set(metadata.get_all("Provides-Extra")) == set(EXTRAS)


def test_no_requirement_is_written_twice_and_each_has_an_exact_version():
    files = sorted(path.name for path in ROOT.glob("requirements*.txt"))
    assert files == sorted({"requirements.txt", *EXTRAS["dev"]})
    names = Counter(canonicalize_name(item.name) for file in files for item in requirements_in(file))
    assert {name for name, times in names.items() if times > 1} == {"torch"}  # training needs a newer one, for Muon
    pinned = {canonicalize_name(item.name): item.specifier for item in requirements_in("constraints.txt")}
    for file in files:
        for item in requirements_in(file):
            exact = re.fullmatch(r"==(\S+)", str(pinned[canonicalize_name(item.name)]))
            assert item.specifier.contains(exact[1]), f"{item} of {file} is not what constraints.txt has: {exact[1]}"


def test_the_package_is_found_with_its_version_and_types(commands, elsewhere):
    code = "import glyffuser; print(glyffuser.__version__, glyffuser.__file__)"
    version, path = run(commands / "python", "-c", code, check=True).stdout.split()
    assert version == PROJECT["project"]["version"]
    assert Path(path).is_relative_to(commands.parent)
    assert (Path(path).parent / "py.typed").is_file()


def test_a_glyph_is_drawn_with_the_checkpoint_of_the_package(commands, elsewhere):
    result = run(commands / "glyffuser-sample", "gold", "--num-inference-steps", 1, "--out", "x.png")
    assert result.returncode == 0, result.stderr
    assert result.stdout == "x.png\n"
    assert Image.open(elsewhere / "x.png").size == (128, 128)


def test_the_exit_status_of_every_command_reaches_the_shell(commands, elsewhere):
    wrong = {
        "glyffuser-sample": (["gold", "--out", "x.png", "--checkpoint", "nothing"], 2),
        "glyffuser-train": (["--glyph-prior", "nothing"], 1),
        "glyffuser-evaluate": (["--num-glyphs", "0"], 2),
    }
    assert {"glyffuser", *wrong} == set(PROJECT["project"]["scripts"])
    running = {
        name: subprocess.Popen(
            [commands / name, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        for name, (arguments, _) in wrong.items()
    }
    for name, process in running.items():
        _, errors = process.communicate(timeout=120)
        assert process.returncode == wrong[name][1], errors
        assert "Traceback" not in errors
        assert errors.strip(), f"{name} does not say what is wrong"


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def fetch(address: str) -> str:
    with urllib.request.urlopen(address, timeout=10) as answer:
        return answer.read().decode()


@pytest.fixture
def served(commands, elsewhere):
    """The address of the page, served by the command `glyffuser`."""
    port, errors = free_port(), elsewhere / "errors.txt"
    with errors.open("w") as sink:
        app = subprocess.Popen(
            [commands / "glyffuser"],
            env=os.environ | {"GRADIO_SERVER_PORT": str(port), "GRADIO_SERVER_NAME": "127.0.0.1"},
            stdout=subprocess.DEVNULL,
            stderr=sink,
        )
    address, deadline = f"http://127.0.0.1:{port}/", time.monotonic() + 120
    try:
        while app.poll() is None and time.monotonic() < deadline:
            try:
                fetch(address)
                break
            except OSError:
                time.sleep(0.2)
        assert app.poll() is None, errors.read_text()
        yield address
    finally:
        app.terminate()
        app.wait(timeout=20)


def test_the_page_is_served_with_its_modules(served):
    config = fetch(served + "config")
    assert '"title":"Glyffuser"' in config.replace('": "', '":"')
    modules = set(re.findall(r'"module_url": ?"([^"]+)"', config))
    assert modules, "no component names its module"
    for module in modules:
        assert "export function mount" in fetch(urljoin(served, module))
