"""What stands between the open internet and the page: sizes, addresses and errors of requests."""

import logging

from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from glyffuser.ui.text import say

MAX_BODY_BYTES = 2**20
"""Of any request; the largest of ours, the glyphs of a run on the visitor's device, has 0.8 MB."""

API = "/gradio_api/"
"""Gradio's addresses begin with it."""

CLOSED = ("upload", "process_recording", "file=", "file/", "proxy=", "deep_link", "stream/", "vibe")
"""Addresses of Gradio that this page does not use: some write files, some read what others wrote."""

logger = logging.getLogger(__name__)


class Guard:
    """Middleware that reads bodies of bounded size only, closes addresses, and answers faults in one sentence."""

    def __init__(self, app: ASGIApp, max_body_bytes: int = MAX_BODY_BYTES) -> None:
        """
        Args:
            app: answers.
            max_body_bytes: larger bodies get a 413, with or without a `Content-Length`.
        """
        self._app, self._max_body_bytes = app, max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif is_closed(scope["path"]):
            await _refusal(404, "errors.closed")(scope, receive, send)
        elif scope["method"] not in ("POST", "PUT", "PATCH", "DELETE"):
            await self._answer(scope, receive, send)
        elif (body := await self._body(scope, receive)) is None:
            await _refusal(413, "errors.body_too_large")(scope, receive, send)
        else:
            await self._answer(scope, _replayed(body, receive), send)

    async def _body(self, scope: Scope, receive: Receive) -> bytes | None:
        """The whole body; None if it is too large, which `Content-Length` need not say."""
        declared = HttpRequest(scope).headers.get("content-length", "0")
        if not declared.isdecimal() or len(declared) > 12 or int(declared) > self._max_body_bytes:
            return None
        body = bytearray()
        while True:
            message = await receive()
            body += message.get("body", b"")
            if len(body) > self._max_body_bytes:
                return None
            if not message.get("more_body", False):
                return bytes(body)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; whatever Gradio's routes raise, they raise over a request that they do not expect."""
        refusals = scope.setdefault("state", {})
        has_started = False

        async def send_with_status(message: Message) -> None:
            nonlocal has_started
            if message["type"] == "http.response.start":
                has_started = True
                message = {**message, "status": refusals.get("status", message["status"])}
            await send(message)

        try:
            await self._app(scope, receive, send_with_status)
        except Exception as error:
            logger.warning("%s %s failed: %s", scope["method"], _route(scope), type(error).__name__)
            if has_started:
                raise
            is_of_gradio = API in scope["path"]
            refusal = _refusal(400, "errors.wrong_request") if is_of_gradio else _refusal(500, "errors.run_failed")
            await refusal(scope, receive, send)


def is_closed(path: str) -> bool:
    """Whether nobody gets an answer at this address, below whatever prefix a proxy may have left in it."""
    _, is_of_gradio, address = path.partition(API)
    return bool(is_of_gradio) and address.startswith(CLOSED)


def _route(scope: Scope) -> str:
    """What may be logged of an address: its first two parts, since others may hold what a visitor typed."""
    return "/".join(scope["path"].split("/")[:3])[:60]


def _refusal(status: int, key: str) -> JSONResponse:
    sentence = say(key, most=f"{MAX_BODY_BYTES // 2**20} MB")
    return JSONResponse({"error": sentence, "detail": sentence}, status)  # Gradio's browser and client read `detail`


def _replayed(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives the body first, then whatever comes, such as the end of the connection."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return messages.pop() if messages else await receive()

    return replay
