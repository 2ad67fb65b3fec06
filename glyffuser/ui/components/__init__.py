"""Components of our own: each folder holds one, its Python, HTML, CSS and browser modules together."""

from pathlib import Path
from typing import Any

import gradio as gr

from glyffuser.ui.static_files import StaticFiles
from glyffuser.ui.text import sentences

FOLDER = Path(__file__).parent

LOADER = """
import(new URL(props.module_url, document.baseURI).href)
  .then((module) => { element.component = module.mount({ element, props, watch, trigger }); })
  .catch((error) => { console.error(error); element.textContent = props.text.not_loaded; });
"""
"""What Gradio runs in the browser for each component; everything else is in its modules."""

STYLES = [
    FOLDER / "frame_player" / "player.css",
    FOLDER / "glyph_map" / "map.css",
    FOLDER / "own_device" / "own_device.css",
    FOLDER / "png_button" / "png_button.css",
    FOLDER / "waiting" / "waiting.css",
]


def build_component(
    name: str, static_files: StaticFiles, template: str = "", value: Any = None, **kwargs: Any
) -> gr.HTML:
    """A component whose browser code is the module `name/index.js`.

    Args:
        name: of its folder, and of its section in the sentences.
        static_files: serve the module.
        template: HTML file in the folder; without one the component shows its value, which is HTML then.
        value: its first value.
        kwargs: properties for the browser, and as for `gr.HTML`.
    """
    if template:
        kwargs["html_template"] = (FOLDER / name / template).read_text(encoding="utf-8")
    return gr.HTML(
        value=value,
        js_on_load=LOADER,
        module_url=f"{static_files.serve('components', FOLDER)}/{name}/index.js",
        text=sentences(name),
        **kwargs,
    )
