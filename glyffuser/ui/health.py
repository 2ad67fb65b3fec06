"""Whether the page is well, for whoever watches it: an address that waits in no queue and names no visitor."""

import time
from collections.abc import Callable

from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse
from starlette.routing import Route

from glyffuser import __version__
from glyffuser.ui.context import AppContext

URL = "health"


class Health:
    """The endpoint."""

    def __init__(self, context: AppContext, clock: Callable[[], float] = time.monotonic) -> None:
        """
        Args:
            context: of the page.
            clock: seconds.
        """
        self._context, self._clock, self._started_at = context, clock, clock()

    def routes(self) -> list[Route]:
        """Routes for the web server."""
        return [Route(f"/{URL}", self._answer)]

    async def _answer(self, _: HttpRequest) -> JSONResponse:
        line = self._context.line
        health = {
            "status": "ok",
            "version": __version__,
            "checkpoint": self._context.fingerprint,
            "device": self._context.pipeline.device.type,
            "runs_in_line": len(line),
            "seconds_a_glyph_and_step": round(line.seconds_a_glyph_and_step, 4),
            "uptime_seconds": round(self._clock() - self._started_at),
        }
        return JSONResponse(health, headers={"Cache-Control": "no-store"})
