"""The map as a component: its files are fetched by the browser when the tab is first opened, and not before."""

from pathlib import Path
from typing import Any

import gradio as gr
import plotly
from diffusers import SchedulerMixin

from glyffuser.map.files import MapFiles
from glyffuser.ui.static_files import serve

_ASSETS = Path(__file__).parent / "assets"
_SCRIPTS = ("random", "density", "glyph_map_plot", "glyph_map_canvas", "glyph_map_hand", "glyph_map_tour", "glyph_map")
"""One script in several files, the one that begins everything last."""

_PLOTLY = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"


def build_glyph_map(map_files: MapFiles, scheduler: SchedulerMixin, **kwargs: Any) -> gr.HTML:
    """All real characters, drawn by the plotly.js of the installed package.

    Its select event carries `index`, the character that was picked, in the order of the code points. Its value is one
    message after another, a dict with "kind":
        "hits": `indices` to be seen in colour while the rest turns grey; None shows all again.
        "light": `indices`, `weights` and `label`, the characters near to a prompt; None puts it out.
        "path": `points` (x, y), `label`, and at its end `nearest`, the index of the nearest real character, else None.

    The document event "glyff-go" with an index as its detail moves the map to that character.

    Args:
        map_files: what the browser fetches.
        scheduler: the noise of the model, for the slider.
        kwargs: as for `gr.HTML`.
    """
    manifest = map_files.manifest
    return gr.HTML(
        value=None,
        html_template=(_ASSETS / "glyph_map.html").read_text(encoding="utf-8"),
        js_on_load="\n".join((_ASSETS / f"{name}.js").read_text(encoding="utf-8") for name in _SCRIPTS),
        plotly_url=serve(_PLOTLY),
        map_url=serve(map_files.folder),
        alphas_cumprod=[round(value, 7) for value in scheduler.alphas_cumprod.tolist()],
        **{name: manifest[name] for name in ("bandwidth", "position_limit", "tile_size", "tiles_a_side")},
        **kwargs,
    )
