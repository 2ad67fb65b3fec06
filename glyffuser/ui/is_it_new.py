"""Is it new? What a finished glyph looks most like among the real ones, and how much it does."""

from collections.abc import Callable

import gradio as gr

from glyffuser.map.newness import Likeness, Newness
from glyffuser.images import decode_glyph, uint8_to_x_0
from glyffuser.ui.tabs.map import Landscape
from glyffuser.ui.figures import figures
from glyffuser.ui.components.frame_player import from_data_url
from glyffuser.ui.notices import notice


def answer_with(landscape: Landscape) -> Callable[[gr.EventData], str]:
    """A listener for the frame player's click event, which answers with HTML.

    Args:
        landscape: the real characters.
    """
    newness = Newness(landscape.map_files.projection)

    def answer(event: gr.EventData) -> str:
        if not event.picture:
            return ""
        try:
            x_0 = uint8_to_x_0(decode_glyph(from_data_url(event.picture)))
        except ValueError as error:
            return notice(f"This glyph cannot be compared: {error}.", "error")
        (likeness,) = newness(x_0[None])
        nearest = [landscape.figure_of(index) for index in likeness.nearest]
        return notice(verdict(likeness)) + figures(nearest)

    return answer


def verdict(likeness: Likeness) -> str:
    """Whether a glyph is new, in words that stand above the real characters nearest to it."""
    if likeness.is_copy:
        return "Not new: this is the first of these real characters, or as good as."
    share = f"{likeness.share:.0%}"
    if likeness.is_variant:
        return f"Hardly new: a variant of the first of these; only {share} of real characters are nearer to another."
    return (
        f"New: it is none of the real characters on the map. {share} of them are nearer to another real one than this "
        "glyph is to its nearest, the first of these."
    )
