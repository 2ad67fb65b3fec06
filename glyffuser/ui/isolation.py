"""Cross-origin isolation: only isolated pages may share memory between threads, which WebAssembly needs."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS = [
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-embedder-policy", b"require-corp"),
    (b"cross-origin-resource-policy", b"cross-origin"),
]
"""Nothing is fetched from other origins, so nothing is lost; others may still embed the page."""


class CrossOriginIsolation:
    """Middleware that adds the headers to every answer."""

    def __init__(self, app: ASGIApp) -> None:
        """
        Args:
            app: answers.
        """
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], *HEADERS]}
            await send(message)

        await self._app(scope, receive, send_with_headers if scope["type"] == "http" else send)
