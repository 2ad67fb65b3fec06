"""A `gr.Blocks` that answers wrong input in one sentence; neither tracebacks nor prompts reach log or visitor."""

import logging
import traceback
from typing import Any

import gradio as gr

from glyffuser.ui.text import say

UNUSABLE = 422
"""Status of a direct call with values that cannot be used; Gradio would say 500."""

logger = logging.getLogger(__name__)


class SafeBlocks(gr.Blocks):
    """A page whose listeners may be called by anybody with anything."""

    async def preprocess_data(self, *args: Any, **kwargs: Any) -> Any:
        """As in Gradio, but whatever cannot be preprocessed is refused in one sentence."""
        try:
            return await super().preprocess_data(*args, **kwargs)
        except gr.Error:
            raise
        except Exception as error:  # Gradio and its components raise many types
            raise _refusal("errors.wrong_request") from error

    async def process_api(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """As in Gradio, but an error that a listener raises is logged in one line, without what the visitor typed."""
        try:
            return await super().process_api(*args, **kwargs)
        except gr.Error as error:
            error.print_exception = False
            _set_status(kwargs.get("request"), UNUSABLE)
            raise
        except Exception as error:
            last = traceback.extract_tb(error.__traceback__)[-1]
            logger.error("a listener failed: %s in %s, line %s", type(error).__name__, last.name, last.lineno)
            raise _refusal("errors.run_failed") from None


def details(event: gr.EventData) -> dict[str, Any]:
    """What an event brings, by name; nothing if a program sent something else."""
    return event._data if isinstance(event._data, dict) else {}


def _refusal(key: str) -> gr.Error:
    return gr.Error(say(key), print_exception=False)


def _set_status(request: object, status: int) -> None:
    """Tell `glyffuser.ui.guard` the status of the answer to a direct call."""
    http = getattr(request, "request", None)
    if http is not None:
        http.state.status = status
