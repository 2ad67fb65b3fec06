"""How long a run still has to wait, asked of the server every second; a full line is tried again by itself."""

from typing import Any

import gradio as gr

from glyffuser.ui.components import build_component
from glyffuser.ui.static_files import StaticFiles
from glyffuser.ui.waiting import URL


def build_waiting(static_files: StaticFiles, button: str, has_line: bool = False, **kwargs: Any) -> gr.HTML:
    """A component that is given a `protocol.WaitingPlace` and makes sentences of it, its value then.

    Its events:
        input: there is another sentence in its value (`protocol.WaitingShown`), for button and caption.
        retry: the line was full and is to be tried again.

    Args:
        static_files: serve its modules.
        button: what the button says while nobody waits.
        has_line: whether it shows its sentence itself, where there is no caption to do so.
        kwargs: as for `gr.HTML`.
    """
    return build_component(
        "waiting", static_files, "waiting.html", place_url=URL, button=button, has_line=has_line, **kwargs
    )
