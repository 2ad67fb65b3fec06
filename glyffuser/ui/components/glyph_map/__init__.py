"""The map as a component: its files are fetched by the browser when the tab is first opened, and not before."""

from pathlib import Path
from typing import Any

import gradio as gr
import plotly
from diffusers import SchedulerMixin

from glyffuser.map.files import MapFiles
from glyffuser.ui.components import build_component
from glyffuser.ui.static_files import StaticFiles

PLOTLY = Path(plotly.__file__).parent / "package_data"


def build_glyph_map(
    static_files: StaticFiles, map_files: MapFiles, scheduler: SchedulerMixin, **kwargs: Any
) -> gr.HTML:
    """All real characters, drawn by the plotly.js of the installed package.

    Its value is one message after another: `protocol.HitsMessage`, `LightMessage`, `PathMessage` or `GoMessage`. Its
    select event says which character was picked (`protocol.CharacterPicked`).

    Args:
        static_files: serve its modules and files.
        map_files: what the browser fetches.
        scheduler: the model's noise schedule, for the noise slider.
        kwargs: as for `gr.HTML`.
    """
    manifest = map_files.manifest
    return build_component(
        "glyph_map",
        static_files,
        "map.html",
        plotly_url=f"{static_files.serve('plotly', PLOTLY)}/plotly.min.js",
        map_url=static_files.serve("map", map_files.folder),
        alphas_cumprod=[round(value, 7) for value in scheduler.alphas_cumprod.tolist()],
        **{name: manifest[name] for name in ("bandwidth", "position_limit", "tile_size", "tiles_a_side")},
        **kwargs,
    )
