"""Files that the browser fetches when it needs them, under addresses that change with their content."""

import hashlib
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles as StarletteStaticFiles
from starlette.types import Scope

PREFIX = "glyff"
"""First part of every address; "static", "assets" and "file" belong to Gradio."""

SUFFIXES = (".js", ".mjs", ".json", ".bin", ".webp")
"""Only such files are served, unless a folder is served with others."""

BINARY = (".bin", ".gz", ".onnx", ".safetensors")

MODULE_TYPE = "text/javascript; charset=utf-8"
"""Of modules; some systems say text/plain, and browsers refuse such modules."""


class StaticFiles:
    """Folders that are served beside the page; an address holds a hash of the folder's content, so it can be cached."""

    def __init__(self) -> None:
        self._served: dict[Path, tuple[str, tuple[str, ...]]] = {}

    def serve(self, name: str, folder: Path, suffixes: tuple[str, ...] = SUFFIXES) -> str:
        """Serve the files of a folder.

        Args:
            name: first part of the address.
            folder: all files with one of the suffixes in it, and below.
            suffixes: with their dots.

        Returns:
            The folder's address, relative to the page.
        """
        if folder not in self._served:
            self._served[folder] = f"{PREFIX}/{name}-{_digest(folder, suffixes)}", suffixes
        return self._served[folder][0]

    def routes(self) -> list[Mount]:
        """Routes for the web server."""
        return [
            Mount(f"/{path}", _ImmutableFiles(folder, suffixes)) for folder, (path, suffixes) in self._served.items()
        ]


class _ImmutableFiles(StarletteStaticFiles):
    """Files that never change under their address."""

    def __init__(self, folder: Path, suffixes: tuple[str, ...]) -> None:
        super().__init__(directory=folder)
        self._suffixes = suffixes

    async def get_response(self, path: str, scope: Scope) -> Response:
        if Path(path).suffix not in self._suffixes:
            raise HTTPException(status_code=404)
        response = await super().get_response(path, scope)
        if Path(path).suffix in (".js", ".mjs"):
            response.headers["Content-Type"] = MODULE_TYPE
        elif Path(path).suffix in BINARY:
            response.headers["Content-Type"] = "application/octet-stream"  # else text, which would be compressed
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response


def _digest(folder: Path, suffixes: tuple[str, ...]) -> str:
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.suffix in suffixes):
        digest.update(f"{path.relative_to(folder).as_posix()}\n".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:12]
