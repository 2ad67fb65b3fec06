"""What surrounds the code: the Makefile, checks before commits and on a server, citation, image, guides."""

import json
import os
import re
import subprocess
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest
import yaml
from figures import ROOT, tracked_files

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
GUIDES = ["CONTRIBUTING.md", "SECURITY.md", "LICENSES/README.md", "docs/FIELD_REPORTS.md"]


def read(file: str) -> str:
    return (ROOT / file).read_text(encoding="utf-8")


def recipe(target: str) -> list[str]:
    """The commands of a target of the Makefile, for the environment in .venv."""
    lines = re.search(rf"^{target}:.*\n((?:\t.*\n)+)", read("Makefile"), re.MULTILINE)[1]
    return [line.strip().replace("$(BIN)", ".venv/bin") for line in lines.splitlines()]


# the Makefile


@pytest.fixture
def fake_project(tmp_path) -> Path:
    """The Makefile with a Python that only notes what it is asked, and makes environments that do the same."""
    python = '#!/bin/sh\necho "$@" >>calls\nif [ "$2" = venv ]; then mkdir -p .venv/bin; cp "$0" .venv/bin/python; fi\n'
    (tmp_path / "python").write_text(python)
    (tmp_path / "python").chmod(0o755)
    for file in ("Makefile", "constraints.txt", *(path.name for path in ROOT.glob("requirements*.txt"))):
        (tmp_path / file).write_text(read(file))
    return tmp_path


def make(folder: Path, target: str) -> list[str]:
    """What Python was asked while a target was made."""
    (folder / "calls").unlink(missing_ok=True)
    subprocess.run(["make", target, "PYTHON=./python"], cwd=folder, check=True, capture_output=True)
    return (folder / "calls").read_text().splitlines() if (folder / "calls").exists() else []


def test_everything_is_installed_once_at_exact_versions(fake_project):
    calls = make(fake_project, ".venv/dev")
    installed = [call for call in calls if " pip install " in f" {call} "]
    assert all("--constraint constraints.txt" in call for call in installed)
    files = re.findall(r"--requirement (\S+)", " ".join(installed))
    assert sorted(files) == sorted(path.name for path in ROOT.glob("requirements*.txt"))
    assert make(fake_project, ".venv/dev") == []


def test_a_half_made_environment_is_made_anew_and_a_whole_one_is_kept(fake_project):
    pip_is_missing = "#!/bin/sh\nexit 1\n"
    (fake_project / ".venv" / "bin").mkdir(parents=True)
    (fake_project / ".venv" / "bin" / "python").write_text(pip_is_missing)
    (fake_project / ".venv" / "bin" / "python").chmod(0o755)
    assert "-m venv --clear .venv" in make(fake_project, ".venv/app")
    (fake_project / ".venv" / "app").unlink()
    assert "-m venv --clear .venv" not in make(fake_project, ".venv/app")


def test_a_make_that_failed_once_works_once_the_cause_is_mended(fake_project):
    """Without python3-venv the environment gets a Python and no pip."""
    whole = (fake_project / "python").read_text(encoding="utf-8")
    without_pip = "#!/bin/sh\nexit 1\n"
    broken = whole.replace(
        'cp "$0" .venv/bin/python', f"printf '{without_pip}' >.venv/bin/python; chmod +x .venv/bin/python; exit 1"
    )
    (fake_project / "python").write_text(broken, encoding="utf-8")
    with pytest.raises(subprocess.CalledProcessError):
        make(fake_project, ".venv/app")
    assert (fake_project / ".venv" / "bin" / "python").exists() and not (fake_project / ".venv" / "app").exists()
    (fake_project / "python").write_text(whole, encoding="utf-8")
    assert "-m venv --clear .venv" in make(fake_project, ".venv/app")


def test_make_test_does_what_make_lint_does_and_runs_all_tests():
    assert re.search(r"^test: lint$", read("Makefile"), re.MULTILINE)
    assert recipe("test")[0] == "tests/web/check.sh .venv/bin/python test"
    assert recipe("test")[-1] == ".venv/bin/python -m pytest"


def test_scripts_can_be_run():
    for path in tracked_files():
        if (ROOT / path).read_bytes().startswith(b"#!/"):
            assert os.access(ROOT / path, os.X_OK), path


# checks before commits and on a server


def test_a_commit_is_checked_as_by_make_lint():
    (repository,) = yaml.safe_load(read(".pre-commit-config.yaml"))["repos"]
    assert repository["repo"] == "local"
    assert {hook["entry"] for hook in repository["hooks"]} == set(recipe("lint"))
    assert all(hook["language"] == "system" and not hook["pass_filenames"] for hook in repository["hooks"])


def test_the_workflow_makes_test_with_every_python_that_is_supported():
    workflow = yaml.safe_load(read(".github/workflows/test.yml"))
    assert {"push", "pull_request"} == set(workflow[True])  # YAML 1.1 reads the key "on" as true
    job = workflow["jobs"]["test"]
    assert [step["run"] for step in job["steps"] if "run" in step] == ["make test PYTHON=python"]
    versions = job["strategy"]["matrix"]["python"]
    assert PROJECT["requires-python"] == f">={versions[0]}"
    assert versions == [f"3.{int(versions[0][2:]) + number}" for number in range(len(versions))]
    space = yaml.safe_load(read("README.md").split("---")[1])
    in_use = [*re.findall(r"FROM python:(\d\.\d+)", read("Dockerfile")), space["python_version"]]
    assert set(in_use) <= set(versions)


def test_npm_packages_are_locked_and_come_from_whichever_registry_is_set_up():
    package, lock = (json.loads(read(f"tests/web/{name}.json")) for name in ("package", "package-lock"))
    assert lock["packages"][""]["devDependencies"] == package["devDependencies"]
    assert all(re.fullmatch(r"[\d.]+", version) for version in package["devDependencies"].values())
    installed = [entry for name, entry in lock["packages"].items() if name]
    assert len(installed) > 50
    assert all("integrity" in entry and "resolved" not in entry for entry in installed)


# citation, image, guides


def test_the_citation_is_of_this_version():
    citation = yaml.safe_load(read("CITATION.cff"))
    assert citation["cff-version"] == "1.2.0"
    assert citation["message"]
    assert citation["title"].lower() == PROJECT["name"]
    assert citation["version"] == PROJECT["version"]
    assert citation["authors"] == PROJECT["authors"]
    assert {reference["url"] for reference in citation["references"]} <= set(
        re.findall(r"\((https:[^)]+)\)", read("README.md"))
    )
    assert all(
        reference["type"] and reference["title"] and reference["authors"] for reference in citation["references"]
    )


def test_the_image_gets_what_it_copies_and_nothing_else():
    copied = {
        name
        for line in re.findall(r"^COPY (?:--\S+ )*(.+) \S+$", read("Dockerfile"), re.MULTILINE)
        for name in line.split()
    }
    rules = [line for line in read(".dockerignore").splitlines() if line and not line.startswith("#")]
    assert rules[0] == "*"
    assert {rule[1:] for rule in rules if rule.startswith("!")} == copied
    assert all((ROOT / name).exists() for name in copied)
    needed = {path.parts[0] for path in tracked_files() if fnmatch(path.as_posix(), "glyffuser/*")}
    assert needed <= copied


def test_the_image_needs_one_folder_that_can_be_written_and_no_user_of_its_own():
    dockerfile = read("Dockerfile")
    assert re.search(r"^VOLUME /tmp$", dockerfile, re.MULTILINE)
    settings = dict(re.findall(r"(\w+)=(/\S*)", dockerfile.partition("ENV ")[2].partition("WORKDIR")[0]))
    assert {"HOME", "HF_HOME"} <= settings.keys()
    assert all(Path(folder).parts[:2] == ("/", "tmp") for folder in settings.values())
    assert "--user" not in dockerfile, "packages in somebody's home are not readable for everybody"
    assert dockerfile.index("\nUSER 1000") > dockerfile.rindex("\nCOPY "), "code belongs to root, and cannot be changed"


def test_every_report_names_a_test_and_an_address():
    rows = [row for row in read("docs/FIELD_REPORTS.md").splitlines() if row.startswith("| [")]
    assert len(rows) > 10
    for row in rows:
        assert re.search(r"\]\(https://github\.com/[\w./-]+/(?:issues|pull)/\d+\)", row), row
        assert re.search(r"`tests/test_\w+\.py` \|$", row), row


@pytest.mark.parametrize("guide", GUIDES)
def test_links_of_guides_lead_somewhere(guide):
    for target in re.findall(r"\]\((?!http)([^)#]+)", read(guide)):
        assert (ROOT / guide).parent.joinpath(target).is_file(), target


@pytest.mark.parametrize("guide", GUIDES)
def test_guides_name_commands_and_files_that_are_there(guide):
    text = read(guide)
    targets = set(re.search(r"^\.PHONY: (.*)$", read("Makefile"), re.MULTILINE)[1].split())
    assert set(re.findall(r"(?:^|`)make ([a-z]+)", text, re.MULTILINE)) <= targets
    for path in re.findall(r"`((?:tests|glyffuser|docs)/[\w./-]+)`", text):
        assert (ROOT / path).exists(), path


def test_the_limits_that_are_promised_are_those_of_the_page():
    from glyffuser.text import MAX_PROMPT_LENGTH
    from glyffuser.ui.components.png_button import MAX_PNG_BYTES
    from glyffuser.ui.finished import MAX_RUNS
    from glyffuser.ui.guard import MAX_BODY_BYTES
    from glyffuser.ui.page import MAX_QUEUE

    promises = " ".join(read("SECURITY.md").split())
    assert f"at most {MAX_QUEUE} events wait" in promises
    assert f"cut to {MAX_PROMPT_LENGTH} characters" in promises
    assert f"newest {MAX_RUNS} runs" in promises
    assert f"at most {MAX_PNG_BYTES // 1000} kB" in promises
    assert f"more than {MAX_BODY_BYTES // 2**20} MB" in promises
