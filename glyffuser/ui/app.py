"""Start the app: load the checkpoint, build the page, serve it. `app.py` and the command `glyffuser` share this.

Nothing heavy is imported at the top: two things have to happen before torch is imported.
"""

import argparse
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import gradio as gr


def build_demo() -> "gr.Blocks":
    """Load the checkpoint and build the page around it.

    Raises:
        SystemExit: if a file or a setting cannot be used; the message says which one and what to do.
    """
    # waiting threads that spin make every other job on the machine several times slower; must be set before torch loads
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    try:
        import spaces  # on ZeroGPU; must come before torch
    except ImportError:
        spaces = None

    from glyffuser.checkpoint import CheckpointError, checkpoint_folder
    from glyffuser.pipeline import GlyffuserPipeline, best_device
    from glyffuser.ui.page import build_page

    try:
        pipeline = GlyffuserPipeline.load(checkpoint_folder(), device=best_device())
        if spaces is None:
            return build_page(pipeline)
        return build_page(pipeline, lambda seconds: spaces.GPU(duration=seconds))
    except (CheckpointError, OSError, ValueError) as error:
        raise SystemExit(f"glyffuser cannot start: {error}") from error


def launch(demo: "gr.Blocks", open_browser: bool = False) -> None:
    """Serve the page until Ctrl-C.

    Raises:
        SystemExit: if the port is taken.
    """
    from glyffuser.ui.page import launch_options

    try:
        demo.launch(**launch_options(), inbrowser=open_browser)
    except OSError as error:
        raise SystemExit(f"glyffuser cannot start: {error}") from error


def main(arguments: list[str] | None = None) -> int:
    """Run the command `glyffuser`; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="glyffuser",
        description="Serve the page on this machine, at http://127.0.0.1:7860 or the next free port.",
        epilog="GLYFFUSER_CHECKPOINT sets the model folder, GLYFFUSER_DEVICE the device, GRADIO_SERVER_PORT the port.",
    )
    parser.add_argument("--open", action="store_true", help="open a browser, too")
    options = parser.parse_args(arguments)
    launch(build_demo(), options.open)
    return 0


if __name__ == "__main__":
    sys.exit(main())
