"""Where did each word go? The U-net's cross-attention, kept while it looks at a noised glyph."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from diffusers import UNet2DConditionModel
from diffusers.models.attention_processor import Attention, AttnProcessor2_0

from glyffuser.config import GLYPH_SIZE
from glyffuser.pipeline import GlyffuserPipeline
from glyffuser.text import clean_prompt
from glyffuser.unet import predict


@dataclass(frozen=True)
class WordAttention:
    """How much each place of the glyph listens to each token.

    Attributes:
        tokens: as the text encoder cuts the prompt, its special tokens included.
        maps: float32 (timesteps, tokens, 128, 128), averaged over layers and heads; at every pixel the tokens' shares
            add up to 1.
    """

    tokens: list[str]
    maps: torch.Tensor


class AttentionRecorder:
    """A twin of the pipeline's U-net that shares its weights and keeps its cross-attention."""

    def __init__(self, pipeline: GlyffuserPipeline) -> None:
        """
        Args:
            pipeline: a loaded model.
        """
        self._pipeline = pipeline
        with torch.device("meta"):
            self._unet = UNet2DConditionModel.from_config(pipeline.unet.config)
        self._unet.load_state_dict(pipeline.unet.state_dict(), assign=True)
        self._unet.eval().requires_grad_(False)
        self._kept: list[torch.Tensor] = []
        keep, usual = _KeepingProcessor(self._kept), AttnProcessor2_0()
        # "attn2" is the cross-attention of diffusers' transformer blocks, "attn1" the self-attention
        self._unet.set_attn_processor({name: keep if "attn2" in name else usual for name in self._unet.attn_processors})

    @torch.inference_mode()
    def look(self, prompt: str, x_t: torch.Tensor, timesteps: list[int]) -> WordAttention:
        """Show the network noised glyphs and note which words it attends to.

        Args:
            prompt: an English definition.
            x_t: float32 (timesteps, 1, 128, 128), one noised glyph per timestep.
            timesteps: 0 to 999 each.

        Raises:
            ValueError: if the prompt cannot be used.
        """
        prompt = clean_prompt(prompt)
        device = self._pipeline.device
        conditioning = self._pipeline.encode_prompts([prompt]).rows([0] * len(timesteps))
        self._kept.clear()
        predict(self._unet, x_t.to(device), torch.tensor(timesteps, device=device), conditioning)
        maps = torch.stack([_to_glyph_size(weights) for weights in self._kept]).mean(dim=0)
        return WordAttention(self._pipeline.text_encoder.tokens(prompt), maps.cpu())


class _KeepingProcessor:
    """Attention (Vaswani et al. 2017, equation 1) spelt out, so that its weights can be kept."""

    def __init__(self, kept: list[torch.Tensor]) -> None:
        self._kept = kept

    def __call__(
        self,
        attn: Attention,
        hidden_states: torch.Tensor,
        encoder_hidden_states: torch.Tensor,
        attention_mask: torch.Tensor | None = None,
    ) -> torch.Tensor:
        batch, positions, _ = hidden_states.shape
        tokens = encoder_hidden_states.shape[1]
        mask = attn.prepare_attention_mask(attention_mask, tokens, batch)
        query, key, value = (
            attn.head_to_batch_dim(x)
            for x in (attn.to_q(hidden_states), attn.to_k(encoder_hidden_states), attn.to_v(encoder_hidden_states))
        )
        weights = attn.get_attention_scores(query, key, mask)  # (batch * heads, positions, tokens)
        self._kept.append(weights.float().view(batch, attn.heads, positions, tokens).mean(dim=1))
        output = attn.batch_to_head_dim(torch.bmm(weights, value))
        return attn.to_out[1](attn.to_out[0](output))


def _to_glyph_size(weights: torch.Tensor) -> torch.Tensor:
    """(batch, side * side, tokens) -> (batch, tokens, 128, 128)."""
    batch, positions, tokens = weights.shape
    side = int(positions**0.5)
    maps = weights.transpose(1, 2).reshape(batch, tokens, side, side)
    return F.interpolate(maps, size=GLYPH_SIZE, mode="bilinear", align_corners=False)
