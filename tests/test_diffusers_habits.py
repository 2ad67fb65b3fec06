"""What users of diffusers do by habit works here, or is answered in a sentence that says what to do instead."""

import copy
import pickle

import numpy as np
import pytest
import torch
from diffusers import DDIMScheduler, DiffusionPipeline, EulerDiscreteScheduler
from diffusers.models.attention_processor import AttnProcessor2_0

from glyffuser.checkpoint import DEFAULT_CHECKPOINT
from glyffuser.config import InputError, SampleConfig
from glyffuser.pipeline import GlyffuserPipeline, initial_noise
from glyffuser.unet import install_attention

FEW = SampleConfig(num_inference_steps=2)


def last_frame(pipeline, seeds=(5,)):
    return list(pipeline.stream(["gold"], list(seeds), FEW))[-1].x_t


@pytest.mark.parametrize(
    "replace_attention",
    [
        lambda pipeline: pipeline.enable_attention_slicing(),
        lambda pipeline: pipeline.unet.fuse_qkv_projections(),
        lambda pipeline: pipeline.unet.set_attn_processor(AttnProcessor2_0()),
    ],
    ids=["slicing", "fused projections", "another processor"],
)
def test_replaced_attention_is_named_before_the_first_step(tiny_pipeline, replace_attention):
    pipeline = copy.deepcopy(tiny_pipeline)
    replace_attention(pipeline)
    with pytest.raises(InputError, match="attention slicing, fused projections or set_attn_processor have replaced"):
        pipeline.begin(["gold"], [5], FEW)
    pipeline.begin(["gold"], [5], SampleConfig(num_inference_steps=2, pag_scale=0))
    install_attention(pipeline.unet)
    assert torch.allclose(last_frame(pipeline), last_frame(tiny_pipeline), atol=1e-4)


@pytest.mark.parametrize("scheduler", [EulerDiscreteScheduler, DDIMScheduler])
def test_a_swapped_scheduler_is_answered_with_the_way_to_choose_a_sampler(tiny_pipeline, scheduler):
    before = tiny_pipeline.scheduler
    with pytest.raises(InputError, match=rf"not {scheduler.__name__}: choose a sampler by SampleConfig\(sampler="):
        tiny_pipeline.scheduler = scheduler.from_config(before.config)
    assert tiny_pipeline.scheduler is before
    with pytest.raises(InputError, match="choose a sampler"):
        GlyffuserPipeline(tiny_pipeline.unet, tiny_pipeline.glyph_prior, scheduler.from_config(before.config))


def test_diffusers_loads_the_folder_by_itself(pipeline):
    loaded = DiffusionPipeline.from_pretrained(
        DEFAULT_CHECKPOINT, custom_pipeline=str(DEFAULT_CHECKPOINT), trust_remote_code=True
    )
    assert type(loaded) is GlyffuserPipeline
    assert torch.equal(loaded.unet.conv_in.weight.float(), pipeline.unet.conv_in.weight)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda it: pickle.loads(pickle.dumps(it))], ids=["copy", "pickle"])
def test_a_pipeline_that_has_been_used_can_be_copied(tiny_pipeline, copied):
    expected = last_frame(tiny_pipeline)
    again = copied(tiny_pipeline)
    assert torch.equal(last_frame(again), expected)
    assert again.prompt_encoder._glyph_prior is again.glyph_prior is not tiny_pipeline.glyph_prior


@pytest.mark.parametrize(
    "seeds",
    [[np.int64(5)], np.array([5]), [np.uint32(5)], torch.tensor([5]), range(5, 6)],
    ids=lambda it: str(type(it)),
)
def test_seeds_may_be_integers_of_any_kind(seeds):
    assert torch.equal(initial_noise(seeds)[0], initial_noise([5])[0])


def test_arrays_of_prompts_and_seeds_are_taken(tiny_pipeline):
    images = tiny_pipeline(np.array(["gold"]).tolist(), seeds=np.array([5]), config=FEW).images
    assert np.array_equal(np.asarray(images[0]), np.asarray(tiny_pipeline("gold", seeds=[5], config=FEW).images[0]))


@pytest.mark.parametrize("seed", [1.0, "1", None, np.float32(1)])
def test_what_is_no_whole_number_is_named(seed):
    with pytest.raises(InputError, match="a seed must be a whole number, got"):
        initial_noise([seed])
