"""Arrow keys between tabs, which Gradio's tabs lack."""

import gradio as gr

from glyffuser.ui.components import build_component
from glyffuser.ui.static_files import StaticFiles


def build_tab_keys(static_files: StaticFiles) -> gr.HTML:
    """A component that shows nothing, and gives the page's tabs the keys of the ARIA pattern.

    Args:
        static_files: serve its module.
    """
    return build_component("tab_keys", static_files, visible="hidden")
