import ast
from pathlib import Path

import pytest
import torch
from diffusers.models.attention_processor import AttnProcessor, AttnProcessor2_0
from tiny import TINY

from glyffuser.config import ModelConfig
from glyffuser.unet import (
    Conditioning,
    build_unet,
    depth_to_space,
    install_attention,
    patch_size_of,
    predict,
    space_to_depth,
)

ROOT = Path(__file__).parents[1]


def conditioning_for(batch: int, tokens: int, grid_size: int = 32, seed: int = 0) -> Conditioning:
    generator = torch.Generator().manual_seed(seed)
    return Conditioning(
        encoder_hidden_states=torch.randn(batch, tokens, 384, generator=generator),
        encoder_attention_mask=torch.ones(batch, tokens, dtype=torch.bool),
        class_labels=torch.randn(batch, 384, generator=generator),
        prior=torch.randn(batch, 1, grid_size, grid_size, generator=generator),
    )


@pytest.mark.parametrize("patch_size", [1, 2, 4, 8])
def test_patches_are_an_exact_rearrangement(patch_size):
    x = torch.arange(2 * 128 * 128, dtype=torch.float32).view(2, 1, 128, 128)
    patches = space_to_depth(x, patch_size)
    assert patches.shape == (2, patch_size**2, 128 // patch_size, 128 // patch_size)
    assert torch.equal(patches[0, :, 0, 0], x[0, 0, :patch_size, :patch_size].flatten())
    assert torch.equal(depth_to_space(patches, patch_size), x)


def test_the_default_network_is_the_published_one(pipeline):
    unet = build_unet(ModelConfig())
    assert sum(p.numel() for p in unet.parameters()) == 17_594_960
    assert {k: v.shape for k, v in unet.state_dict().items()} == {
        k: v.shape for k, v in pipeline.unet.state_dict().items()
    }
    assert _choices(unet) == _choices(pipeline.unet)


def _choices(unet) -> dict:
    """A network's config without diffusers' own notes, and as JSON gives it back."""
    return {key: _plain(value) for key, value in unet.config.items() if not key.startswith("_")}


def _plain(value):
    return list(value) if isinstance(value, tuple) else value


@pytest.mark.parametrize("patch_size", [4, 8])
def test_a_prediction_has_the_shape_of_the_glyph(patch_size):
    config = ModelConfig(patch_size, block_out_channels=(32, 32), num_attention_heads=(1, 1))
    unet = build_unet(config).eval()
    assert patch_size_of(unet) == patch_size
    x_t = torch.randn(3, 1, 128, 128)
    with torch.no_grad():
        output = predict(unet, x_t, torch.tensor([0, 500, 999]), conditioning_for(3, 5, config.grid_size))
    assert output.shape == x_t.shape and output.dtype == torch.float32


def test_padding_changes_nothing(pipeline):
    x_t, timesteps = torch.randn(1, 1, 128, 128), torch.tensor([700])
    short = conditioning_for(1, 4)
    padded = short._replace(
        encoder_hidden_states=torch.cat([short.encoder_hidden_states, torch.randn(1, 6, 384)], dim=1),
        encoder_attention_mask=torch.cat([short.encoder_attention_mask, torch.zeros(1, 6, dtype=torch.bool)], dim=1),
    )
    with torch.no_grad():
        a, b = (predict(pipeline.unet, x_t, timesteps, c) for c in (short, padded))
    assert torch.allclose(a, b, atol=1e-4)


@pytest.mark.parametrize("part", Conditioning._fields)
def test_every_part_of_the_conditioning_changes_the_output(pipeline, part):
    x_t, timesteps = torch.randn(1, 1, 128, 128), torch.tensor([900])
    one = conditioning_for(1, 4)
    value = getattr(one, part)
    other = one._replace(**{part: torch.tensor([[True, True, False, False]]) if value.dtype == torch.bool else -value})
    with torch.no_grad():
        a, b = (predict(pipeline.unet, x_t, timesteps, c) for c in (one, other))
    assert (a - b).abs().max() > 1e-3


def test_rows_selects_rows_of_every_part():
    conditioning = conditioning_for(3, 2)
    picked = conditioning.rows([2, 0, 0])
    assert torch.equal(picked.class_labels[1], conditioning.class_labels[0])
    assert [len(part) for part in picked] == [3] * 4


@pytest.fixture
def tiny_unet():
    torch.manual_seed(0)
    return build_unet(TINY).eval()


@pytest.mark.parametrize("is_fused", [True, False])
def test_fused_and_unfused_attention_are_those_of_diffusers(tiny_unet, is_fused):
    x_t, timesteps, conditioning = torch.randn(2, 1, 128, 128), torch.tensor([700, 20]), conditioning_for(2, 4)
    install_attention(tiny_unet, is_fused)
    with torch.no_grad():
        ours = predict(tiny_unet, x_t, timesteps, conditioning)
        tiny_unet.set_attn_processor(AttnProcessor2_0() if is_fused else AttnProcessor())
        theirs = predict(tiny_unet, x_t, timesteps, conditioning)
    assert torch.equal(ours, theirs)


@pytest.mark.parametrize("is_fused", [True, False])
def test_only_the_last_glyphs_are_perturbed(tiny_unet, is_fused):
    install_attention(tiny_unet, is_fused)
    x_t, timesteps = torch.randn(1, 1, 128, 128).repeat(3, 1, 1, 1), torch.full((3,), 700)
    conditioning = conditioning_for(1, 4).rows([0, 0, 0])
    with torch.no_grad():
        plain = predict(tiny_unet, x_t, timesteps, conditioning)
        perturbed = predict(tiny_unet, x_t, timesteps, conditioning, num_perturbed=1)
        all_perturbed = predict(tiny_unet, x_t, timesteps, conditioning, num_perturbed=3)
    assert torch.allclose(perturbed[:2], plain[:2], atol=1e-4)
    assert (perturbed[2] - plain[2]).abs().max() > 1e-3
    assert torch.allclose(all_perturbed, perturbed[2:].expand(3, -1, -1, -1), atol=1e-4)
    for number in (-1, 4):
        with pytest.raises(ValueError, match=f"between 0 and the 3 glyphs of the batch, got {number}"):
            predict(tiny_unet, x_t, timesteps, conditioning, num_perturbed=number)


@pytest.mark.parametrize("argument", [{"num_perturbed": 1}, {"recording": []}])
@pytest.mark.parametrize("processor", [AttnProcessor, AttnProcessor2_0])
def test_attention_that_cannot_be_perturbed_or_recorded_is_refused(tiny_unet, processor, argument):
    tiny_unet.set_attn_processor(processor())
    inputs = torch.randn(2, 1, 128, 128), torch.tensor([700, 700]), conditioning_for(2, 4)
    with torch.no_grad():
        predict(tiny_unet, *inputs)
        with pytest.raises(ValueError, match=rf"^attention of {processor.__name__} can be neither perturbed nor"):
            predict(tiny_unet, *inputs, **argument)
        install_attention(tiny_unet)
        predict(tiny_unet, *inputs, **argument)


def test_only_one_function_sets_attention_processors():
    callers = {
        str(path.relative_to(ROOT))
        for path in [*(ROOT / "glyffuser").rglob("*.py"), ROOT / "app.py"]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in ("set_attn_processor", "set_processor", "processor")
    }
    exported_copy = "glyffuser/training/onnx_graph.py"
    assert callers == {"glyffuser/unet.py", exported_copy}
