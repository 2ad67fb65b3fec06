"""The canvas on which a run plays: frames arrive one by one, and stay for scrubbing, replay and download."""

import base64
from pathlib import Path
from typing import Any, Literal

import gradio as gr

from glyffuser.ui.static_files import serve

_ASSETS = Path(__file__).parent / "assets"
_SCRIPTS = ("random.js", "animation.js", "frame_player.js")


def build_frame_player(
    view: Literal["x_t", "pred_x_0"] = "x_t",
    can_hand_over: bool = False,
    idle: str = "Pure noise. Every glyph starts here.",
    example_url: str = "",
    **kwargs: Any,
) -> gr.HTML:
    """A component whose value is one frame after another; the browser keeps them all.

    A frame is a dict:
        run: name of the run; another name clears what was kept.
        step, num_steps: 0 is pure noise, before any step.
        timestep: where the model was called, for pred_x_0; None at step 0, and of several runs.
        next_timestep: how noisy x_t is, 0 when it is finished; of several runs, how noisy the noisiest is.
        x_t, pred_x_0: the grid of glyphs as a data URL, 128 pixels a glyph; pred_x_0 is None at step 0.
        num_glyphs, columns, seeds: of the grid, row by row.
        label: the prompt, plain text.
        names: if there, what each glyph is called, below it and, in place of its seed, beside its number when picked.
        beginning: if there, the caption of step 0.
        unit: if there, what a step is called.
        places, nearest: if there, where each glyph's guess lies on the map, and the index of its nearest real one; the
            picked glyph's path (the first one's, if none is picked) is announced by the document event "glyff-path".
        state: "running", or "done" on the last frame, which also has
        downloads, download_names: data URLs and file names of the whole grid and then of each glyph,
        note: a sentence on the finished glyphs, or "", and may have
        query: of a link to this page that replays the run.

    The dict `{"state": "stopped"}` ends a run early. With `can_hand_over`, a finished glyph that was picked can be
    handed over: the component's select event then carries label and picture (a data URL). Its click event carries the
    picture of the finished glyph that is picked, or the only one, and null when there is none any more.

    Args:
        view: what is shown first; the visitor can switch.
        can_hand_over: whether a picked glyph can be handed to another tab.
        idle: the caption before the first run, below a picture of pure noise.
        example_url: of a finished run, a JSON list of its frames, that plays before the first run; "" for none.
        kwargs: as for `gr.HTML`.
    """
    return gr.HTML(
        value=None,
        html_template=(_ASSETS / "frame_player.html").read_text(encoding="utf-8"),
        js_on_load="\n".join((_ASSETS / name).read_text(encoding="utf-8") for name in _SCRIPTS),
        gifenc_url=serve(_ASSETS / "gifenc.esm.js"),
        view=view,
        can_hand_over=can_hand_over,
        idle=idle,
        example_url=example_url,
        **kwargs,
    )


def from_data_url(url: str) -> bytes:
    """What `data_url` was made of.

    Raises:
        ValueError: if it is no data URL.
    """
    header, comma, body = url.partition(",")
    if not (header.startswith("data:") and header.endswith(";base64") and comma):
        raise ValueError("this is not a data URL")
    return base64.b64decode(body, validate=True)


def data_url(content: bytes, mime_type: str) -> str:
    """A picture as text."""
    return f"data:{mime_type};base64,{base64.b64encode(content).decode('ascii')}"
