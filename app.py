"""Glyffuser: build the page, launch it."""

import os
import sys

# waiting threads that spin make every other job on the machine several times slower; must be set before torch loads
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

try:
    import spaces  # on ZeroGPU; must come before torch
except ImportError:
    spaces = None

from glyffuser.checkpoint import CheckpointError, checkpoint_folder
from glyffuser.pipeline import GlyffuserPipeline, best_device
from glyffuser.ui.context import AppContext, without_gpu
from glyffuser.ui.page import build_page, launch_options


def request_gpu(seconds):
    """A decorator for functions that run the model that long."""
    return spaces.GPU(duration=seconds)


try:
    pipeline = GlyffuserPipeline.load(checkpoint_folder(), device=best_device())
    context = AppContext.load(pipeline, request_gpu if spaces else without_gpu)
    demo = build_page(context)
except (CheckpointError, OSError, ValueError) as error:
    sys.exit(f"glyffuser cannot start: {error}")

if __name__ == "__main__":
    demo.launch(**launch_options(context), inbrowser="--open" in sys.argv)
