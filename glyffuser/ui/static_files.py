"""Files that the browser fetches when it needs them."""

from pathlib import Path

import gradio as gr


def serve(path: Path) -> str:
    """Have Gradio serve a file, or a folder with all that is in it.

    Returns:
        The address, relative to the page.
    """
    gr.set_static_paths([path])  # adds to those that are served already
    return f"gradio_api/file={path.resolve().as_posix()}"
