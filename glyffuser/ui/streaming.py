"""Several runs side by side, as the frame player takes them."""

import uuid
from collections.abc import Callable, Iterator

import torch

from glyffuser.images import encode_png, grid_columns, tile, x_0_to_uint8
from glyffuser.side_by_side import JointFrame
from glyffuser.ui.components.frame_player import data_url
from glyffuser.ui.generation import Throttle, grid_as_jpeg

MAX_ROW = 3
"""Glyphs that stand in one row, where that is all of them."""


def stream_joint_frames(
    frames: Iterator[JointFrame],
    names: list[str],
    settings: list[dict],
    label: str,
    beginning: str,
    file_names: list[str],
    note: Callable[[torch.Tensor], str] = lambda x_0: "",
) -> Iterator[dict]:
    """What the player draws: the beginning, at most 12 frames a second, always the last.

    Args:
        frames: from `glyffuser.side_by_side.side_by_side`.
        names: of the glyphs.
        settings: what the PNG of all of them keeps, then that of each.
        label: the prompt.
        beginning: the caption of step 0.
        file_names: of the same PNGs.
        note: finished glyphs -> the last frame's note.

    Yields:
        Dicts as `glyffuser.ui.components.frame_player.build_frame_player` tells of them.
    """
    columns = len(names) if len(names) <= MAX_ROW else grid_columns(len(names))
    base = {
        "run": uuid.uuid4().hex,
        "label": label,
        "seeds": [each["seeds"][0] for each in settings[1:]],
        "num_glyphs": len(names),
        "columns": columns,
        "names": names,
        "beginning": beginning,
        "unit": "model call",
    }
    throttle = Throttle()
    for frame in frames:
        where = {
            "step": frame.step,
            "num_steps": frame.num_steps,
            "timestep": None,  # it would be that of one of them
            "next_timestep": frame.next_timestep,
        }
        if frame.step == frame.num_steps:
            pictures = _pictures(frame.x_t, columns, settings)
            kept = {"downloads": pictures, "download_names": file_names, "note": note(frame.x_t)}
            yield base | where | kept | {"state": "done", "x_t": pictures[0], "pred_x_0": pictures[0]}
        elif frame.step == 0 or throttle.is_due():
            pred_x_0 = None if frame.step == 0 else grid_as_jpeg(frame.pred_x_0, columns)
            yield base | where | {"state": "running", "x_t": grid_as_jpeg(frame.x_t, columns), "pred_x_0": pred_x_0}


def _pictures(x_0: torch.Tensor, columns: int, settings: list[dict]) -> list[str]:
    glyphs = x_0_to_uint8(x_0)
    pictures = [tile(glyphs, columns), *glyphs]
    return [data_url(encode_png(pixels, kept), "image/png") for pixels, kept in zip(pictures, settings, strict=True)]
