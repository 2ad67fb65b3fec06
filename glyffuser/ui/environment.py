"""What the surroundings must be like before torch and Gradio are imported."""

import atexit
import ctypes
import errno
import os
import shutil
import socket
import sys
import tempfile
import urllib.request
from pathlib import Path

TEMP_VARIABLE = "GRADIO_TEMP_DIR"
PORT_VARIABLE, NAME_VARIABLE = "GRADIO_SERVER_PORT", "GRADIO_SERVER_NAME"
USUAL_PORT = 7860
ARENA_VARIABLE = "MALLOC_ARENA_MAX"
M_ARENA_MAX = -8
"""From glibc's malloc.h."""

ARENAS = 2
"""Eighty visitors, three times: 1.03 GB instead of 1.25 GB with one arena a thread."""

LOOPBACK = ("localhost", "127.0.0.1", "::1")


def prepare_environment() -> None:
    """Set environment variables that are read only once; those that somebody set are kept where they can be.

    Raises:
        SystemExit: if no folder can be written, or a setting cannot be used.
    """
    # waiting threads that spin make every other job on the machine several times slower
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    chosen_port()  # Gradio reads it when it is imported, and says nothing of where a wrong one came from
    limit_malloc_arenas()
    choose_temp_folder()
    bypass_proxies_for_loopback()


def limit_malloc_arenas() -> None:
    """Keep threads from holding memory that nobody uses: glibc gives each of them an arena of its own.

    MALLOC_ARENA_MAX would do the same, but is read before Python starts; where it is set, it is kept.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt and ARENA_VARIABLE not in os.environ:  # musl has no such function, and no arenas
        mallopt(M_ARENA_MAX, ARENAS)


def chosen_port() -> int:
    """The port of the page; another one is never taken in its place.

    Raises:
        SystemExit: if the variable names none.
    """
    text = os.environ.get(PORT_VARIABLE) or str(USUAL_PORT)
    if not (text.isascii() and text.isdecimal() and 1 <= int(text[:6]) <= 65535):
        raise SystemExit(f"{PORT_VARIABLE} must be a whole number from 1 to 65535, not {text[:40]!r}")
    return int(text)


def why_unbindable(port: int) -> str:
    """Why nobody can listen at a port, in a sentence."""
    host, another = os.environ.get(NAME_VARIABLE) or LOOPBACK[1], f"name another one in {PORT_VARIABLE}"
    try:
        socket.create_server((host, port)).close()
    except PermissionError:
        return f"port {port} needs rights that you do not have: {another}"
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            return f"{NAME_VARIABLE} must be a name or address of this machine, not {host!r}"
    return f"port {port} is taken, perhaps by another glyffuser: stop that one, or {another}"


def choose_temp_folder() -> None:
    """Give Gradio a folder of our own where its own one cannot be written, because another user made it, say."""
    try:
        wanted = Path(os.environ.get(TEMP_VARIABLE) or Path(tempfile.gettempdir()) / "gradio")
        if _is_writable(wanted):
            return
        own = tempfile.mkdtemp(prefix="glyffuser-")
    except OSError as error:
        raise SystemExit(
            f"glyffuser cannot start, since no folder for temporary files can be written ({error}): name one in TMPDIR"
        ) from error
    atexit.register(shutil.rmtree, own, ignore_errors=True)
    os.environ[TEMP_VARIABLE] = own
    print(f"{wanted} cannot be written; {own} is used instead (name a folder in {TEMP_VARIABLE})", file=sys.stderr)


def bypass_proxies_for_loopback() -> None:
    """Keep Gradio's question whether its server answers on this machine from going through a proxy.

    Proxies of the system's settings (Windows, macOS) are written into variables too, since setting one variable makes
    urllib and httpx read nothing but variables.
    """
    proxies = urllib.request.getproxies()
    excepted = [host.strip() for host in proxies.pop("no", "").split(",") if host.strip()]
    if not proxies:
        return
    for scheme, address in proxies.items():
        os.environ.setdefault(f"{scheme}_proxy", address)
    own_name = os.environ.get(NAME_VARIABLE, "")
    hosts = [host for host in (*LOOPBACK, own_name) if host and host not in excepted]
    os.environ["no_proxy"] = os.environ["NO_PROXY"] = ",".join([*excepted, *hosts])


def _is_writable(folder: Path) -> bool:
    """Whether files can be made in a folder, which is made if need be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        return False
    return True
