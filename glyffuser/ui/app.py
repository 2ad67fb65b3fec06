"""Start the app: load the checkpoint, build the page, serve it. `app.py` and the command `glyffuser` share this.

Nothing heavy is imported at the top, because two things have to happen before torch is imported.
"""

import argparse
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from glyffuser.command import INTERRUPTED, ends_in_one_line
from glyffuser.ui.environment import chosen_port, prepare_environment, why_unbindable

if TYPE_CHECKING:
    import gradio as gr

    from glyffuser.ui.context import AppContext

NO_PORT = "Cannot find empty port"
"""What Gradio says where it cannot listen, for whatever reason."""


def build_app() -> "tuple[gr.Blocks, dict[str, Any]]":
    """Load the checkpoint and build the page around it.

    Returns:
        The page, and the arguments for its `launch`.

    Raises:
        SystemExit: if a file or a setting cannot be used; the message says which one and what to do.
    """
    try:
        prepare_environment()
        return _load_and_build()
    except KeyboardInterrupt:
        print("\nstopped by Ctrl-C", file=sys.stderr)
        raise SystemExit(INTERRUPTED) from None


def _load_and_build() -> "tuple[gr.Blocks, dict[str, Any]]":
    """As `build_app`, once the environment is prepared."""
    is_on_zero_gpu = _import_spaces()

    from glyffuser.checkpoint import DEFAULT_CHECKPOINT, FAST_CHECKPOINT, CheckpointError, checkpoint_folder
    from glyffuser.pipeline import GlyffuserPipeline, best_device
    from glyffuser.shipped import check_shipped
    from glyffuser.ui.context import AppContext, without_gpu
    from glyffuser.ui.page import build_page, launch_options

    try:
        folder = checkpoint_folder()
        is_shipped = folder.resolve() == DEFAULT_CHECKPOINT.resolve()
        check_shipped(without="" if is_shipped else DEFAULT_CHECKPOINT.name)
        pipeline = GlyffuserPipeline.load(folder, device=best_device())
        if is_shipped:  # what it was distilled from
            pipeline.fast_unet = GlyffuserPipeline.load(FAST_CHECKPOINT, device=best_device()).unet
        context = AppContext.load(pipeline, request_gpu if is_on_zero_gpu else without_gpu)
        _warn_of_font(context)
        return build_page(context), launch_options(context)
    except (CheckpointError, OSError, ValueError) as error:
        raise SystemExit(f"glyffuser cannot start: {error}") from error


def serve(demo: "gr.Blocks", options: "dict[str, Any]", opens_browser: bool) -> int:
    """Serve the page until Ctrl-C; returns the exit status.

    Raises:
        SystemExit: if it cannot be served; the message says why.
    """
    try:
        port = chosen_port()
        demo.launch(**{"server_port": port} | options, inbrowser=opens_browser)
    except OSError as error:
        if NO_PORT not in str(error):
            raise SystemExit(f"glyffuser cannot be served: {_one_line(error)}") from error
        raise SystemExit(f"glyffuser cannot be served: {why_unbindable(options.get('server_port', port))}") from error
    except Exception as error:  # Gradio, its web server and its HTTP client raise many types
        raise SystemExit(f"glyffuser cannot be served: {_one_line(error)}") from error
    return 0


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _warn_of_font(context: "AppContext") -> None:
    """Say how many characters the font lacks, if it lacks some."""
    try:
        context.renderer.check_all(character.char for character in context.characters)
    except ValueError as error:
        print(f"{error} A placeholder is drawn instead.", file=sys.stderr)


def request_gpu(seconds: float | Callable) -> Callable:
    """A decorator for functions that run the model that long, at most, on a GPU lent by ZeroGPU."""
    import spaces

    return spaces.GPU(duration=seconds)


@ends_in_one_line
def main(arguments: list[str] | None = None) -> int:
    """Run the command `glyffuser`: serve the page until Ctrl-C; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="glyffuser",
        description="Serve the page on this machine, at http://127.0.0.1:7860 or the port of GRADIO_SERVER_PORT.",
        epilog="GLYFFUSER_CHECKPOINT sets the model folder, GLYFFUSER_DEVICE the device, GRADIO_SERVER_PORT the port.",
    )
    parser.add_argument("--open", action="store_true", help="open the page in a browser, too")
    open_browser = parser.parse_args(arguments).open
    return serve(*build_app(), opens_browser=open_browser)


def _import_spaces() -> bool:
    """Import the package of ZeroGPU, which must come before torch; whether there is one."""
    try:
        import spaces  # noqa: F401
    except ImportError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
