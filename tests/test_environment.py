"""The surroundings of the page: folders that are not ours, proxies, ports."""

import os
import socket
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

import pytest

from glyffuser.ui import app, environment
from glyffuser.ui.environment import LOOPBACK, bypass_proxies_for_loopback, choose_temp_folder

ROOT = Path(__file__).parents[1]
PROXY_VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture
def clean(monkeypatch):
    """No proxy and no folder is set; what is set in a test is forgotten after it."""
    for name in (*PROXY_VARIABLES, *map(str.upper, PROXY_VARIABLES), "GRADIO_TEMP_DIR", "GRADIO_SERVER_NAME"):
        monkeypatch.setenv(name, "")  # so that it is restored, whatever the code under test does
        monkeypatch.delenv(name)
    return monkeypatch


@pytest.fixture
def forbidden(tmp_path) -> Path:
    """A folder that nobody can make or write, not even root."""
    (tmp_path / "file").touch()
    return tmp_path / "file" / "gradio"


def test_a_folder_that_can_be_written_is_kept(clean, tmp_path, capsys):
    clean.setenv("GRADIO_TEMP_DIR", str(tmp_path / "mine" / "gradio"))
    choose_temp_folder()
    assert os.environ["GRADIO_TEMP_DIR"] == str(tmp_path / "mine" / "gradio")
    assert list((tmp_path / "mine" / "gradio").iterdir()) == [] and capsys.readouterr().err == ""


def test_a_folder_that_cannot_be_written_gives_way_to_one_of_our_own(clean, forbidden, capsys):
    clean.setenv("GRADIO_TEMP_DIR", str(forbidden))
    choose_temp_folder()
    own = Path(os.environ["GRADIO_TEMP_DIR"])
    assert own.is_dir() and own.name.startswith("glyffuser-")
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and str(forbidden) in said and str(own) in said and "GRADIO_TEMP_DIR" in said


def test_the_folder_that_all_users_share_gives_way_too(clean, tmp_path):
    clean.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / "gradio").touch()  # stands for a folder of another user
    choose_temp_folder()
    assert Path(os.environ["GRADIO_TEMP_DIR"]).parent == tmp_path


def test_where_nothing_can_be_written_the_start_ends_in_a_sentence(clean):
    def none_usable():
        raise FileNotFoundError("No usable temporary directory found in ['/tmp']")

    clean.setattr(environment.tempfile, "gettempdir", none_usable)
    with pytest.raises(SystemExit, match=r"no folder for temporary files.*name one in TMPDIR"):
        choose_temp_folder()


@pytest.mark.parametrize("name", ["HTTP_PROXY", "https_proxy", "ALL_PROXY"])
def test_this_machine_is_not_asked_through_a_proxy(clean, name):
    clean.setenv(name, "http://127.0.0.1:9")
    clean.setenv("NO_PROXY", "example.org, localhost")
    clean.setenv("GRADIO_SERVER_NAME", "192.168.0.5")
    bypass_proxies_for_loopback()
    assert os.environ["NO_PROXY"] == os.environ["no_proxy"] == "example.org,localhost,127.0.0.1,::1,192.168.0.5"
    assert all(urllib.request.proxy_bypass(host) for host in (*LOOPBACK, "192.168.0.5"))
    assert not urllib.request.proxy_bypass("huggingface.co")
    assert urllib.request.getproxies()[name.lower().removesuffix("_proxy")] == "http://127.0.0.1:9"


def test_without_a_proxy_nothing_is_set(clean):
    clean.setattr(urllib.request, "getproxies", lambda: {"no": "example.org"})
    bypass_proxies_for_loopback()
    assert "NO_PROXY" not in os.environ and "no_proxy" not in os.environ


def test_proxies_of_the_system_are_kept(clean):
    """Setting NO_PROXY alone would hide them."""
    clean.setattr(urllib.request, "getproxies", lambda: {"http": "http://proxy.example:3128"})
    bypass_proxies_for_loopback()
    assert os.environ["http_proxy"] == "http://proxy.example:3128"
    assert os.environ["no_proxy"] == "localhost,127.0.0.1,::1"


ARENAS = """
import ctypes, sys, threading
from glyffuser.ui.environment import limit_malloc_arenas
limit_malloc_arenas()
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
meeting = threading.Barrier(16)
def allocate():
    meeting.wait()
    for _ in range(200):
        libc.malloc(5_000)
threads = [threading.Thread(target=allocate) for _ in range(16)]
for thread in threads: thread.start()
for thread in threads: thread.join()
libc.malloc_info(0, ctypes.c_void_p.in_dll(libc, "stdout"))
libc.fflush(None)
"""


@pytest.mark.skipif(
    not hasattr(os, "confstr") or "glibc" not in (os.confstr("CS_GNU_LIBC_VERSION") or ""),
    reason="only glibc has arenas",
)
@pytest.mark.parametrize(("variable", "most"), [(None, 2), ("6", 6)])
def test_threads_share_few_arenas_unless_somebody_has_set_another_number(clean, variable, most):
    clean.delenv("MALLOC_ARENA_MAX", raising=False)
    if variable:
        clean.setenv("MALLOC_ARENA_MAX", variable)
    result = subprocess.run([sys.executable, "-c", ARENAS], cwd=ROOT, capture_output=True, text=True, check=True)
    arenas = result.stdout.count("<heap nr=")
    assert arenas == most


PAGE = """
import sys
from glyffuser.ui.app import serve
if sys.argv[1] == "prepared":
    from glyffuser.ui.environment import prepare_environment
    prepare_environment()
import gradio as gr
with gr.Blocks(analytics_enabled=False) as page:
    gr.Markdown("a page")
sys.exit(serve(page, {"prevent_thread_lock": True, "server_port": int(sys.argv[2])}, opens_browser=False))
"""


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def serve_page(how: str, port: int, **variables: str) -> subprocess.CompletedProcess:
    variables = {"HTTP_PROXY": "http://127.0.0.1:9", "PYTHONPATH": str(ROOT), **variables}
    variables |= {"GRADIO_ANALYTICS_ENABLED": "False", "NO_PROXY": "", "no_proxy": ""}
    command = [sys.executable, "-c", PAGE, how, str(port)]
    return subprocess.run(command, env=os.environ | variables, capture_output=True, text=True, timeout=170)


def test_a_page_starts_behind_a_proxy_and_in_a_shared_folder_of_somebody_else(forbidden):
    """Without preparation it does not, and says why in one sentence."""
    unprepared = serve_page("unprepared", free_port())
    assert unprepared.returncode == 1 and "Traceback" not in unprepared.stderr
    assert unprepared.stderr.strip().splitlines()[-1].startswith("glyffuser cannot be served: ")
    prepared = serve_page("prepared", free_port(), GRADIO_TEMP_DIR=str(forbidden))
    assert prepared.returncode == 0, prepared.stderr
    assert "Running on local URL" in prepared.stdout and "is used instead" in prepared.stderr


@pytest.mark.parametrize(
    ("error", "sentence"),
    [(OSError("Too many\n open files"), "Too many open files"),
     (ImportError("Using SOCKS proxy"), "Using SOCKS proxy"), (RuntimeError(), "RuntimeError")],
)  # fmt: skip
def test_whatever_launching_raises_ends_in_one_sentence(error, sentence):
    class Page:
        def launch(self, **_):
            raise error

    with pytest.raises(SystemExit) as caught:
        app.serve(Page(), {}, opens_browser=False)
    assert caught.value.code == f"glyffuser cannot be served: {sentence}"


class Refusing:
    def launch(self, server_port, **_):
        raise OSError(f"Cannot find empty port in range: {server_port}-{server_port}")


def test_a_port_that_is_taken_is_an_error_in_one_sentence(clean):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        clean.setenv("GRADIO_SERVER_PORT", str(port))
        with pytest.raises(
            SystemExit, match=rf"^glyffuser cannot be served: port {port} is taken.*GRADIO_SERVER_PORT$"
        ):
            app.serve(Refusing(), {}, opens_browser=False)
        result = serve_page("prepared", port)
    assert result.returncode == 1 and "Traceback" not in result.stderr
    assert f"port {port} is taken" in result.stderr and "Running on" not in result.stdout


def test_an_address_of_another_machine_is_named(clean):
    clean.setenv("GRADIO_SERVER_NAME", "192.0.2.1")
    with pytest.raises(
        SystemExit, match="GRADIO_SERVER_NAME must be a name or address of this machine, not '192.0.2.1'"
    ):
        app.serve(Refusing(), {}, opens_browser=False)


@pytest.mark.parametrize("port", ["abc", "0", "65536", "-1", "7860.0", "²", "9" * 5000])
def test_a_port_that_is_none_is_named(clean, port):
    clean.setenv("GRADIO_SERVER_PORT", port)
    with pytest.raises(SystemExit, match=r"^GRADIO_SERVER_PORT must be a whole number from 1 to 65535, not '"):
        environment.prepare_environment()


def test_the_usual_port_is_never_replaced_by_another(clean):
    asked = []

    class Page:
        def launch(self, server_port, **_):
            asked.append(server_port)

    clean.delenv("GRADIO_SERVER_PORT", raising=False)
    app.serve(Page(), {}, opens_browser=False)
    clean.setenv("GRADIO_SERVER_PORT", "8001")
    app.serve(Page(), {}, opens_browser=False)
    assert asked == [7860, 8001]


def test_ctrl_c_while_the_page_is_built_gives_one_line(monkeypatch, capsys):
    def interrupt():
        raise KeyboardInterrupt

    monkeypatch.setattr(app, "_load_and_build", interrupt)
    with pytest.raises(SystemExit) as caught:
        app.build_app()
    assert caught.value.code == 130 and capsys.readouterr().err.strip() == "stopped by Ctrl-C"
