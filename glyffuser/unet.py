"""The network: a stock diffusers U-net that sees a glyph as a grid of pixel patches, beside the prior's picture."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from diffusers import UNet2DConditionModel
from diffusers.models.attention_processor import Attention, AttnProcessor2_0

from glyffuser.config import GLYPH_SIZE, ModelConfig


class Conditioning(NamedTuple):
    """What the U-net is told besides the noised glyph; every row is one glyph's, and none depends on the others.

    Attributes:
        encoder_hidden_states: float (batch, tokens, text_channels), word by word, for cross-attention.
        encoder_attention_mask: bool (batch, tokens), True = keep.
        class_labels: float (batch, text_channels), the sentence vector at length √text_channels, added to the time
            embedding; zeros without a prompt.
        prior: float (batch, 1, grid, grid), the glyph prior's picture; zeros without a prompt.
    """

    encoder_hidden_states: torch.Tensor
    encoder_attention_mask: torch.Tensor
    class_labels: torch.Tensor
    prior: torch.Tensor

    def rows(self, indices: slice | list[int]) -> "Conditioning":
        """The chosen rows."""
        return Conditioning(*(part[indices] for part in self))

    def to(self, device: torch.device | str) -> "Conditioning":
        """The same on `device`."""
        return Conditioning(*(part.to(device) for part in self))


class PerturbableAttnProcessor(AttnProcessor2_0):
    """Attention as it is in diffusers, but for glyphs whose self-attention is cut: every place sees itself alone.

    So perturbed (perturbed-attention guidance, Ahn et al. 2024), it draws strokes that know little of each other.
    """

    def __call__(
        self,
        attn: Attention,
        hidden_states: torch.Tensor,
        encoder_hidden_states: torch.Tensor | None = None,
        attention_mask: torch.Tensor | None = None,
        temb: torch.Tensor | None = None,
        num_perturbed: int = 0,
    ) -> torch.Tensor:
        """As of `AttnProcessor2_0`; `num_perturbed` counts the perturbed glyphs, the last ones of the batch."""
        is_cross_attention = encoder_hidden_states is not None
        if is_cross_attention or not num_perturbed:
            return super().__call__(attn, hidden_states, encoder_hidden_states, attention_mask, temb)
        seeing, cut = hidden_states[:-num_perturbed], hidden_states[-num_perturbed:]
        own = attn.to_out[1](attn.to_out[0](attn.to_v(cut)))
        return torch.cat([super().__call__(attn, seeing, None, attention_mask, temb), own])


def build_unet(config: ModelConfig) -> UNet2DConditionModel:
    """A fresh network for `config`; 17.6 million parameters and 4.1 GFLOP a call with the defaults."""
    num_levels = len(config.block_out_channels)
    patch_channels = config.patch_size**2
    return UNet2DConditionModel(
        sample_size=config.grid_size,
        in_channels=patch_channels + 1,  # the noised glyph's patches and the prior's picture
        out_channels=patch_channels,
        block_out_channels=config.block_out_channels,
        layers_per_block=config.layers_per_block,
        down_block_types=("DownBlock2D",) + ("CrossAttnDownBlock2D",) * (num_levels - 1),
        up_block_types=("CrossAttnUpBlock2D",) * (num_levels - 1) + ("UpBlock2D",),
        cross_attention_dim=config.cross_attention_dim,
        encoder_hid_dim=config.text_channels,
        encoder_hid_dim_type="text_proj",
        attention_head_dim=config.num_attention_heads,  # diffusers reads the number of heads from this argument
        class_embed_type="projection",
        projection_class_embeddings_input_dim=config.text_channels,
        resnet_time_scale_shift="scale_shift",
    )


def patch_size_of(unet: UNet2DConditionModel) -> int:
    """Side of the patches `unet` was built for."""
    return GLYPH_SIZE // unet.config.sample_size


def space_to_depth(x: torch.Tensor, patch_size: int) -> torch.Tensor:
    """Patches become channels: (batch, 1, 128, 128) -> (batch, patch_size², 128 / patch_size, 128 / patch_size).

    A permutation of the pixels, so independent Gaussian noise stays independent Gaussian noise.
    """
    return F.pixel_unshuffle(x, patch_size)


def depth_to_space(x: torch.Tensor, patch_size: int) -> torch.Tensor:
    """The exact inverse of `space_to_depth`."""
    return F.pixel_shuffle(x, patch_size)


def predict(
    unet: UNet2DConditionModel,
    x_t: torch.Tensor,
    timesteps: torch.Tensor,
    conditioning: Conditioning,
    num_perturbed: int = 0,
) -> torch.Tensor:
    """Ask the network what it makes of a noised glyph.

    Args:
        unet: the network, in any floating-point type.
        x_t: float32 (batch, 1, 128, 128).
        timesteps: int64 (batch,).
        conditioning: one row per glyph.
        num_perturbed: the last glyphs whose self-attention is cut, see `PerturbableAttnProcessor`, which the network
            must have.

    Returns:
        float32 (batch, 1, 128, 128): noise, v or x_0, whatever the network was trained to predict.
    """
    patch_size, dtype = patch_size_of(unet), unet.dtype
    patches = space_to_depth(x_t, patch_size)  # (batch, 16, 32, 32)
    model_input = torch.cat([patches, conditioning.prior], dim=1)  # (batch, 17, 32, 32)
    output = unet(
        model_input.to(dtype, memory_format=torch.channels_last),
        timesteps,
        encoder_hidden_states=conditioning.encoder_hidden_states.to(dtype),
        encoder_attention_mask=conditioning.encoder_attention_mask,
        class_labels=conditioning.class_labels.to(dtype),
        cross_attention_kwargs={"num_perturbed": num_perturbed} if num_perturbed else None,
        return_dict=False,
    )[0]  # (batch, 16, 32, 32)
    return depth_to_space(output.float(), patch_size)
