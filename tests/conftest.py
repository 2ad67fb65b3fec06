"""What all tests share. Nothing is asked of any server, and waiting threads let others work."""

import os

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import pytest
import torch
from tiny import TINY

from glyffuser.checkpoint import DEFAULT_CHECKPOINT, FAST_CHECKPOINT
from glyffuser.diffusion import training_scheduler
from glyffuser.pipeline import GlyffuserPipeline
from glyffuser.prior import GlyphPrior
from glyffuser.unet import build_unet


@pytest.fixture(scope="session")
def pipeline() -> GlyffuserPipeline:
    """The shipped checkpoints, full and fast."""
    pipeline = GlyffuserPipeline.load(DEFAULT_CHECKPOINT)
    pipeline.fast_unet = GlyffuserPipeline.load(FAST_CHECKPOINT).unet
    return pipeline


@pytest.fixture(scope="session")
def tiny_pipeline() -> GlyffuserPipeline:
    """A network of random weights that answers in a few milliseconds."""
    torch.manual_seed(0)
    prior = GlyphPrior(
        ((9, "left-right"), (85, "left-right"), (140, "top-bottom")), hidden_channels=(16, 16), num_folds=2
    )
    torch.nn.init.normal_(prior.family_glyphs)
    pipeline = GlyffuserPipeline(build_unet(TINY), prior, training_scheduler())
    pipeline.fast_unet = build_unet(TINY).eval()
    return pipeline


@pytest.fixture(scope="session")
def app_context(pipeline):
    """What the page is made of, with the shipped checkpoint."""
    from glyffuser.ui.context import AppContext

    return AppContext.load(pipeline)


@pytest.fixture(scope="session")
def page_url(app_context):
    """The address of the page, served as app.py serves it, with the shipped checkpoint."""
    from glyffuser.ui.page import build_page, launch_options

    page = build_page(app_context)
    _, url, _ = page.launch(**launch_options(app_context), prevent_thread_lock=True, quiet=True)
    yield url
    page.close()
