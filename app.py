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
from glyffuser.ui.page import build_page, launch_options

try:
    pipeline = GlyffuserPipeline.load(checkpoint_folder(), device=best_device())
    demo = build_page(pipeline, lambda seconds: spaces.GPU(duration=seconds)) if spaces else build_page(pipeline)
except (CheckpointError, OSError, ValueError) as error:
    sys.exit(f"glyffuser cannot start: {error}")

if __name__ == "__main__":
    demo.launch(**launch_options(), inbrowser="--open" in sys.argv)
