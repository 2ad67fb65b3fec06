"""The network: a stock diffusers U-net on a grid of pixel patches; the glyph prior's picture is one more channel."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from diffusers import UNet2DConditionModel
from diffusers.models.attention_processor import Attention, AttnProcessor, AttnProcessor2_0

from glyffuser.config import GLYPH_SIZE, InputError, ModelConfig


class Conditioning(NamedTuple):
    """Inputs of the U-net besides noised glyphs and timesteps; one row per glyph, and no row depends on another.

    Attributes:
        encoder_hidden_states: float (batch, tokens, text_channels), text states for cross-attention.
        encoder_attention_mask: bool (batch, tokens), True = keep.
        class_labels: float (batch, text_channels), sentence vector of norm √text_channels, added to the time
            embedding; zeros without a prompt.
        prior: float (batch, 1, grid, grid), the glyph prior's picture; zeros without a prompt.
    """

    encoder_hidden_states: torch.Tensor
    encoder_attention_mask: torch.Tensor
    class_labels: torch.Tensor
    prior: torch.Tensor

    def rows(self, indices: slice | list[int] | torch.Tensor) -> "Conditioning":
        """The chosen rows."""
        return Conditioning(*(part[indices] for part in self))

    def to(self, device: torch.device | str) -> "Conditioning":
        """The same rows on `device`."""
        return Conditioning(*(part.to(device) for part in self))


class GlyffuserAttnProcessor:
    """The attention of diffusers, fused or unfused, whose self-attention can be perturbed and cross-attention recorded.

    In perturbed self-attention (perturbed-attention guidance, Ahn et al. 2024) the attention matrix is the identity:
    every position attends to itself alone.
    """

    def __init__(self, is_fused: bool = True) -> None:
        """
        Args:
            is_fused: compute attention in one kernel (`scaled_dot_product_attention`), or as matrix product, softmax
                and matrix product. Both give the same output up to rounding.
        """
        self.is_fused = is_fused
        self._attend = AttnProcessor2_0() if is_fused else AttnProcessor()

    def __call__(
        self,
        attn: Attention,
        hidden_states: torch.Tensor,
        encoder_hidden_states: torch.Tensor | None = None,
        attention_mask: torch.Tensor | None = None,
        temb: torch.Tensor | None = None,
        num_perturbed: int = 0,
        recording: list[torch.Tensor] | None = None,
    ) -> torch.Tensor:
        """Attention as in diffusers; `num_perturbed` and `recording` as in `predict`."""
        if encoder_hidden_states is not None and recording is not None:
            return _attend_and_record(attn, hidden_states, encoder_hidden_states, attention_mask, recording)
        if encoder_hidden_states is not None or not num_perturbed:
            return self._attend(attn, hidden_states, encoder_hidden_states, attention_mask, temb)
        plain, perturbed = hidden_states[:-num_perturbed], hidden_states[-num_perturbed:]
        output = attn.to_out[1](attn.to_out[0](attn.to_v(perturbed)))
        if len(plain):  # diffusers' attention fails on an empty batch
            output = torch.cat([self._attend(attn, plain, None, attention_mask, temb), output])
        return output


def _attend_and_record(
    attn: Attention,
    hidden_states: torch.Tensor,
    encoder_hidden_states: torch.Tensor,
    attention_mask: torch.Tensor | None,
    recording: list[torch.Tensor],
) -> torch.Tensor:
    """Cross-attention (Vaswani et al. 2017, equation 1) that appends its weights, averaged over heads."""
    batch, positions, _ = hidden_states.shape
    tokens = encoder_hidden_states.shape[1]
    mask = attn.prepare_attention_mask(attention_mask, tokens, batch)
    query = attn.head_to_batch_dim(attn.to_q(hidden_states))
    key = attn.head_to_batch_dim(attn.to_k(encoder_hidden_states))
    value = attn.head_to_batch_dim(attn.to_v(encoder_hidden_states))
    weights = attn.get_attention_scores(query, key, mask)  # (batch * heads, positions, tokens)
    recording.append(weights.float().view(batch, attn.heads, positions, tokens).mean(dim=1))
    output = attn.batch_to_head_dim(torch.bmm(weights, value))
    return attn.to_out[1](attn.to_out[0](output))


def install_attention(unet: UNet2DConditionModel, is_fused: bool = True) -> None:
    """Give `unet` the attention processors that `predict` needs; nothing else sets those of a network that samples.

    Args:
        unet: changed in place.
        is_fused: as in `GlyffuserAttnProcessor`.
    """
    unet.set_attn_processor(GlyffuserAttnProcessor(is_fused))


def has_own_attention(unet: UNet2DConditionModel) -> bool:
    """Whether every attention layer has a processor from `install_attention`."""
    return all(isinstance(processor, GlyffuserAttnProcessor) for processor in unet.attn_processors.values())


def check_attention(unet: UNet2DConditionModel) -> None:
    """Check that attention can be perturbed.

    Raises:
        InputError: if somebody has replaced the processors from `install_attention`.
    """
    if not has_own_attention(unet):
        raise InputError(
            "attention_replaced",
            "perturbed-attention guidance needs the network's own attention, which attention slicing, fused "
            "projections or set_attn_processor have replaced: call glyffuser.unet.install_attention(pipeline.unet), "
            "or set pag_scale to 0",
        )


def build_unet(config: ModelConfig) -> UNet2DConditionModel:
    """A new network with random weights; 17.6 million parameters and 4.1 GFLOP a call with the default config."""
    num_levels = len(config.block_out_channels)
    patch_channels = config.patch_size**2
    unet = UNet2DConditionModel(
        sample_size=config.grid_size,
        in_channels=patch_channels + 1,  # patches of the noised glyph, and the prior's picture
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
    install_attention(unet)
    return unet


def weight_format(device: torch.device | str) -> torch.memory_format:
    """How the weights of convolutions lie in memory: channels last, which is faster, but not on MPS.

    Convolutions of PyTorch on macOS 15 and newer may ignore the strides of weights (pytorch/pytorch#192212).
    """
    return torch.contiguous_format if torch.device(device).type == "mps" else torch.channels_last


def patch_size_of(unet: UNet2DConditionModel) -> int:
    """Side in pixels of the patches that `unet` was built for."""
    return GLYPH_SIZE // unet.config.sample_size


def space_to_depth(x: torch.Tensor, patch_size: int) -> torch.Tensor:
    """Turn patches into channels: (batch, 1, 128, 128) -> (batch, patch_size², 128 / patch_size, 128 / patch_size).

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
    recording: list[torch.Tensor] | None = None,
) -> torch.Tensor:
    """Run the network on noised glyphs.

    Args:
        unet: in any floating-point type.
        x_t: float32 (batch, 1, 128, 128).
        timesteps: int64 (batch,).
        conditioning: one row per glyph.
        num_perturbed: number of glyphs, counted from the end of the batch, whose self-attention is perturbed (see
            `GlyffuserAttnProcessor`).
        recording: every cross-attention layer appends its weights, float32 (batch, positions, tokens), averaged over
            heads. A list for each call keeps parallel calls apart.

    Returns:
        float32 (batch, 1, 128, 128): noise, v or x_0, whichever the network was trained to predict.

    Raises:
        ValueError: if attention is to be perturbed or recorded and the network's processors cannot do so, or if
            `num_perturbed` exceeds the batch.
    """
    if not 0 <= num_perturbed <= len(x_t):
        raise ValueError(
            f"num_perturbed must lie between 0 and the {len(x_t)} glyphs of the batch, got {num_perturbed}"
        )
    patch_size, dtype = patch_size_of(unet), unet.dtype
    patches = space_to_depth(x_t, patch_size)  # (batch, 16, 32, 32)
    model_input = torch.cat([patches, conditioning.prior], dim=1)  # (batch, 17, 32, 32)
    output = unet(
        model_input.to(dtype, memory_format=torch.channels_last),
        timesteps,
        encoder_hidden_states=conditioning.encoder_hidden_states.to(dtype),
        encoder_attention_mask=conditioning.encoder_attention_mask,
        class_labels=conditioning.class_labels.to(dtype),
        cross_attention_kwargs=_attention_kwargs(unet, num_perturbed, recording),
        return_dict=False,
    )[0]  # (batch, 16, 32, 32)
    return depth_to_space(output.float(), patch_size)


def _attention_kwargs(unet: UNet2DConditionModel, num_perturbed: int, recording: list | None) -> dict | None:
    """Arguments of the attention processors; diffusers would only warn of those that a processor does not know."""
    if not num_perturbed and recording is None:
        return None
    if not has_own_attention(unet):
        names = sorted({type(processor).__name__ for processor in unet.attn_processors.values()})
        raise ValueError(
            f"attention of {', '.join(names)} can be neither perturbed nor recorded: call install_attention first"
        )
    return {"num_perturbed": num_perturbed, "recording": recording}
