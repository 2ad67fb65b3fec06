"""How commands end: on Ctrl-C, and where an extra is not installed."""

import importlib
import importlib.metadata
import importlib.util
import re
import signal
import subprocess
import sys

import pytest
from figures import ROOT

from glyffuser import command
from glyffuser.command import EXTRAS, check_extra, ends_in_one_line
from glyffuser.config import InputError

COMMANDS = [
    "glyffuser.bench",
    "glyffuser.bench_browser",
    "glyffuser.data.__main__",
    "glyffuser.evaluation.__main__",
    "glyffuser.map.__main__",
    "glyffuser.sample",
    "glyffuser.training.__main__",
    "glyffuser.training.export",
    "glyffuser.training.onnx_graph",
    "glyffuser.training.prior",
    "glyffuser.training.radical_classifier",
    "glyffuser.training.smoke",
    "glyffuser.ui.app",
    "glyffuser.ui.components.own_device.vendor",
    "glyffuser.ui.example_runs",
]


@pytest.mark.parametrize("name", COMMANDS)
def test_ctrl_c_gives_one_line(name, monkeypatch, capsys):
    def interrupt(*_):
        raise KeyboardInterrupt

    main = importlib.import_module(name).main
    monkeypatch.setattr("argparse.ArgumentParser.parse_args", interrupt)
    assert main([]) == 130
    assert capsys.readouterr().err.strip() == "stopped by Ctrl-C"


@pytest.mark.parametrize("error", [FileNotFoundError(2, "No such file", "x.otf"), InputError("key", "no font")])
def test_what_cannot_be_used_gives_one_line(error, capsys):
    def main(_: list[str] | None = None) -> int:
        raise error

    assert ends_in_one_line(main)() == 2
    assert capsys.readouterr().err == f"{error}\n"


def test_a_fault_of_ours_is_not_hidden():
    def main(_: list[str] | None = None) -> int:
        raise ValueError("two plus two is five")

    with pytest.raises(ValueError, match="five"):
        ends_in_one_line(main)()


def test_a_signal_gives_one_line_and_the_exit_status_of_shells():
    code = (
        "import sys, time; from glyffuser.command import ends_in_one_line\n"
        "def main(_):\n    print('ready', flush=True); time.sleep(60)\n"
        "sys.exit(ends_in_one_line(main)(None))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130 and errors == "\nstopped by Ctrl-C\n"


def test_other_errors_and_the_exit_status_pass():
    def fail(_):
        raise RuntimeError("another error")

    with pytest.raises(RuntimeError, match="another error"):
        ends_in_one_line(fail)(None)
    assert ends_in_one_line(len)("abc") == 3


@pytest.mark.parametrize(
    ("name", "extra", "module"),
    [
        ("glyffuser.training.__main__", "train", "accelerate"),
        ("glyffuser.evaluation.__main__", "train", "torchmetrics"),
        ("glyffuser.map.__main__", "map", "umap"),
    ],
)
def test_a_command_without_its_extra_ends_in_a_sentence_that_names_it(name, extra, module, monkeypatch):
    find_spec = importlib.util.find_spec
    main = importlib.import_module(name).main
    monkeypatch.setattr(
        command.importlib.util, "find_spec", lambda name, *rest: None if name == module else find_spec(name, *rest)
    )
    with pytest.raises(SystemExit) as caught:
        main([])
    assert str(caught.value).startswith(f"{module} cannot be imported: ")
    assert f"pip install 'glyffuser[{extra}]'" in str(caught.value)
    assert f"requirements-{extra}.txt" in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("extra", EXTRAS)
def test_the_modules_of_an_extra_are_those_of_its_requirements(extra):
    check_extra(extra)
    lines = (ROOT / f"requirements-{extra}.txt").read_text(encoding="utf-8").splitlines()
    required = {name[0].lower() for line in lines if (name := re.match(r"[\w-]+", line))} - {"torch"}
    packages = importlib.metadata.packages_distributions()
    assert {packages[module][0].lower() for module in EXTRAS[extra]} == required
    assert (ROOT / f"requirements-{extra}.txt").is_file()
