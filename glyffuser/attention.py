"""Cross-attention of the U-net on noised glyphs: how much each pixel attends to each token of the prompt."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F

from glyffuser.config import GLYPH_SIZE
from glyffuser.pipeline import GlyffuserPipeline
from glyffuser.unet import predict


@dataclass(frozen=True)
class WordAttention:
    """Attention maps of one prompt.

    Attributes:
        tokens: as the tokenizer spells them, special tokens included.
        maps: float32 (timesteps, tokens, 128, 128), averaged over layers and heads; the tokens' shares sum to 1 at
            every pixel.
    """

    tokens: list[str]
    maps: torch.Tensor


@torch.inference_mode()
def record_attention(
    pipeline: GlyffuserPipeline, prompt: str, x_t: torch.Tensor, timesteps: list[int]
) -> WordAttention:
    """Run the network on noised glyphs and record its cross-attention; safe to call from several threads.

    Args:
        pipeline: a loaded model.
        prompt: an English definition.
        x_t: float32 (timesteps, 1, 128, 128), one noised glyph per timestep.
        timesteps: 0 to 999 each.

    Raises:
        ValueError: if the prompt is too long, holds control characters or is no text.
    """
    encoding, device = pipeline.encode(prompt), pipeline.device
    conditioning = encoding.conditioning.rows([0] * len(timesteps)).to(device)
    recording: list[torch.Tensor] = []
    predict(pipeline.unet, x_t.to(device), torch.tensor(timesteps, device=device), conditioning, recording=recording)
    maps = torch.stack([_to_glyph_size(weights) for weights in recording]).mean(dim=0)
    return WordAttention(list(encoding.tokens), maps.cpu())


def _to_glyph_size(weights: torch.Tensor) -> torch.Tensor:
    """(batch, side * side, tokens) -> (batch, tokens, 128, 128)."""
    batch, positions, tokens = weights.shape
    side = int(positions**0.5)
    maps = weights.transpose(1, 2).reshape(batch, tokens, side, side)
    return F.interpolate(maps, size=GLYPH_SIZE, mode="bilinear", align_corners=False)
