"""What the surroundings must be like before torch and Gradio are imported."""

import atexit
import os
import shutil
import sys
import tempfile
import urllib.request
from pathlib import Path

TEMP_VARIABLE = "GRADIO_TEMP_DIR"
LOOPBACK = ("localhost", "127.0.0.1", "::1")


def prepare_environment() -> None:
    """Set environment variables that are read only once; those that somebody set are kept where they can be.

    Raises:
        SystemExit: if no folder can be written.
    """
    # waiting threads that spin make every other job on the machine several times slower
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    choose_temp_folder()
    bypass_proxies_for_loopback()


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
    own_name = os.environ.get("GRADIO_SERVER_NAME", "")
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
