"""Headers of every answer: what the page may load, who may embed it, and the isolation that WebAssembly needs."""

import re

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

EMBEDDERS = "'self' https://huggingface.co https://*.huggingface.co https://*.hf.space"
"""Whose pages may show ours in a frame: our own, and those of Spaces."""

POLICY = "; ".join(
    (
        "default-src 'self'",
        # Gradio writes its configuration into an inline script and compiles the scripts and templates of components
        # from text ('unsafe-eval', which allows WebAssembly, too); wrong input never becomes HTML or code (tests).
        # onnxruntime starts its threads from a blob where it may.
        "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:",
        "worker-src 'self' blob:",
        "style-src 'self' 'unsafe-inline'",  # Gradio and Plotly set styles from scripts
        "img-src 'self' data: blob:",  # frames are data, downloads are blobs
        "media-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self' data: blob:",  # pictures are decoded by fetching their data
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        f"frame-ancestors {EMBEDDERS}",
    )
)
"""Content security policy: everything comes from our own origin."""

HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",  # the address of a run holds its prompt
    # only isolated pages may share memory between threads; nothing is fetched from other origins, so nothing is lost
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-embedder-policy": "require-corp",
    "cross-origin-resource-policy": "cross-origin",
}

HASHED = re.compile(r"/assets/[^?]*-[\w-]{8}\.(js|css|woff2)$")
"""Files of Gradio with a hash of their content in their names."""

FOR_EVER = "public, max-age=31536000, immutable"


class Headers:
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
                headers = MutableHeaders(raw=list(message["headers"]))
                headers.update(HEADERS)
                if HASHED.search(scope["path"]) and message["status"] == 200:
                    headers["cache-control"] = FOR_EVER
                message = {**message, "headers": headers.raw}
            await send(message)

        await self._app(scope, receive, send_with_headers if scope["type"] == "http" else send)
