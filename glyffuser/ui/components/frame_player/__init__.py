"""The canvas on which a run plays: frames arrive one by one, and stay for scrubbing, replay and download."""

from typing import Any, Literal

import gradio as gr

from glyffuser.ui.components import FOLDER, build_component
from glyffuser.ui.static_files import StaticFiles
from glyffuser.ui.text import say


def build_frame_player(
    static_files: StaticFiles,
    view: Literal["x_t", "pred_x_0"] = "pred_x_0",
    can_hand_over: bool = False,
    idle: str = "",
    example_url: str = "",
    **kwargs: Any,
) -> gr.HTML:
    """A component whose value is one `protocol.FrameMessage` after another, a `StoppedMessage` or a `WaitingMessage`.

    Its events:
        input: its value has become a `PathMessage`, the path of the picked glyph (or the first) over the map.
        click: with `can_hand_over`, another finished glyph is picked, or none any more (`protocol.GlyphPicked`).
        select: with `can_hand_over`, the picked glyph is to be taken to One step (`protocol.GlyphPicked`).

    Args:
        static_files: serve its modules.
        view: picture shown first; the visitor can switch.
        can_hand_over: whether a picked glyph is compared with real ones and can be taken to One step.
        idle: caption before the first run, below a picture of pure noise.
        example_url: address of a finished run, a JSON list of its frames, shown before the first run; "" for none.
        kwargs: as for `gr.HTML`.
    """
    return build_component(
        "frame_player",
        static_files,
        "player.html",
        gifenc_url=f"{static_files.serve('components', FOLDER)}/frame_player/gifenc.esm.js",
        view=view,
        can_hand_over=can_hand_over,
        idle=idle or say("frame_player.idle"),
        example_url=example_url,
        **kwargs,
    )
