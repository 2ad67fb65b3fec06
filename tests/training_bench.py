"""A training run of twelve glyphs with a tiny network, for the tests of training."""

import torch
from accelerate import Accelerator
from tiny import TINY

from glyffuser.config import SampleConfig
from glyffuser.data.characters import load_characters
from glyffuser.data.dataset import GlyphDataset, distinct_captions
from glyffuser.diffusion import training_scheduler
from glyffuser.images import uint8_to_x_0
from glyffuser.pipeline import GlyffuserPipeline
from glyffuser.text import TextStateCache
from glyffuser.training.batches import CaptionConditioning, TrainingBatches
from glyffuser.training.loop import train
from glyffuser.training.monitor import MeasuredGlyphs, MonitorConfig
from glyffuser.training.prior import caption_folds
from glyffuser.training.recipe import Recipe
from glyffuser.training.state import build_state

ONE_STEP = SampleConfig(num_inference_steps=1)
RECIPE = Recipe(batch_size=4, max_samples=48, warmup_steps=2, loss_balance=0.5)


class Bench:
    """Everything that a training run of twelve glyphs needs."""

    def __init__(self, tiny_pipeline, encoder):
        self.characters = [c for c in load_characters() if c.split == "train"][:12]
        self.prior = tiny_pipeline.glyph_prior
        self.states = TextStateCache.build(encoder, distinct_captions(self.characters))
        self.conditioning = CaptionConditioning(self.states, self.prior, caption_folds(self.characters, 2))
        self.dataset = GlyphDataset(self.characters)
        self.batches = TrainingBatches(self.dataset, self.conditioning, RECIPE)
        self.scheduler = training_scheduler()
        self.held_out, self.train_glyphs = self.measured(slice(0, 3)), self.measured(slice(3, 6))

    def measured(self, rows):
        definitions = [c.definition for c in self.characters[rows]]
        null = self.conditioning([""] * len(definitions))
        return MeasuredGlyphs(uint8_to_x_0(self.dataset.glyphs[rows]), self.conditioning(definitions), null)

    def state(self, config=TINY, recipe=RECIPE):
        return build_state(config, recipe, "minilm", torch.device("cpu"))

    def train(
        self, folder, state, recipe=RECIPE, stop_after=None, accelerator=None, batches=None, objective=None, **intervals
    ):
        folder.mkdir(exist_ok=True)
        self.prior.save_pretrained(folder / "glyph_prior")
        config = self.monitor(folder, state, **intervals)

        def should_stop():
            return stop_after is not None and state.counters.step >= stop_after

        accelerator = accelerator or Accelerator(cpu=True)
        train(state, recipe, batches or self.batches, self.scheduler, accelerator, config, should_stop, objective)
        return state

    def monitor(self, folder, state, error_samples=0, grid_samples=0, grid_config=ONE_STEP):
        pipeline = GlyffuserPipeline(state.unet, self.prior, self.scheduler)
        return MonitorConfig(
            folder, self.held_out, self.train_glyphs, pipeline, error_samples, grid_samples, grid_config
        )


def weights_of(state):
    return [p.detach().clone() for p in state.unet.parameters()] + [p.clone() for p in state.ema.shadow_params]


def same(one, other):
    return all(torch.equal(a, b) for a, b in zip(weights_of(one), weights_of(other), strict=True))
