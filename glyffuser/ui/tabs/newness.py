"""Is it new? What a finished glyph looks most like among the real ones, and how much it does."""

from collections.abc import Callable

import gradio as gr

from glyffuser.images import uint8_to_x_0
from glyffuser.newness import Newness, NewnessMeasure
from glyffuser.ui.context import AppContext
from glyffuser.ui.figures import character_figure, figures
from glyffuser.ui.into_view import into_view
from glyffuser.ui.notices import notice
from glyffuser.ui.runs import IN_ORDER, QUICK
from glyffuser.ui.safe_blocks import details
from glyffuser.ui.text import say


def build_newness(context: AppContext, player: gr.HTML) -> None:
    """Lay out the answer below a frame player and give it whenever a glyph is picked."""
    newness = gr.HTML("", elem_id="is-it-new")
    player.click(answer_with(context), None, newness, **IN_ORDER).then(None, js=into_view("is-it-new"), **QUICK)


def answer_with(context: AppContext) -> Callable[[gr.EventData], str]:
    """A listener for the frame player's click event, which answers with HTML."""
    measure = NewnessMeasure(context.map_files.projection)

    def answer(event: gr.EventData) -> str:
        values = details(event)
        if values.get("index") is None:
            return ""
        glyph = context.finished.find(values.get("run"), values["index"])
        if glyph is None:
            return notice(say("errors.glyph_gone"), "error")
        (newness,) = measure(uint8_to_x_0(glyph.pixels)[None])
        nearest = [character_figure(context, index) for index in newness.nearest]
        return notice(verdict(newness)) + figures(nearest)

    return answer


def verdict(newness: Newness) -> str:
    """Whether a glyph is new, in words that stand above the real characters nearest to it."""
    kind = "copy" if newness.is_copy else "variant" if newness.is_variant else "new"
    return say(f"newness.{kind}", percent=f"{newness.share:.0%}")
