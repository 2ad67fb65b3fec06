"""Prompts -> everything that is computed from the text alone, before any noise is seen; each prompt is encoded once."""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn.utils.rnn import pad_sequence

from glyffuser.prior import GlyphPrior
from glyffuser.text import TextEncoder, TextStates, clean_prompt, sentence_vectors
from glyffuser.unet import Conditioning

CACHE_SIZE = 64
"""Prompts; an encoding takes at most 80 kB (48 tokens of 384 float32 numbers, and the prior's picture)."""


@dataclass(frozen=True)
class SwitchingPrompt:
    """A prompt that is replaced by another on the way from noise to glyph.

    Attributes:
        first: the prompt at timesteps from `switch_timestep` on, where noise is stronger.
        then: the prompt at lower timesteps.
        switch_timestep: 0 (never switches) to 1000 (switches before the first step).

    Raises:
        ValueError: if `switch_timestep` is out of range.
    """

    first: str
    then: str
    switch_timestep: int

    def __post_init__(self) -> None:
        if not 0 <= self.switch_timestep <= 1000:
            raise ValueError(
                f"switch_timestep must lie between 0 (never) and 1000 (from the start), got {self.switch_timestep}"
            )

    def at(self, timestep: int) -> str:
        """The prompt at a timestep."""
        return self.then if timestep < self.switch_timestep else self.first


@dataclass(frozen=True, eq=False)
class PromptEncoding:
    """What text encoder and glyph prior make of one prompt. Tensors are float32 on the CPU, shared: never change them.

    Attributes:
        prompt: cleaned as by `clean_prompt`; "" is the null prompt.
        tokens: as the tokenizer spells them, special tokens included, cut to `MAX_TOKENS`.
        num_tokens: number of tokens before that cut.
        sentence: (text_channels,), mean text state at unit length.
        conditioning: the U-net's inputs, one row, without padding.
    """

    prompt: str
    tokens: tuple[str, ...]
    num_tokens: int
    sentence: torch.Tensor
    conditioning: Conditioning


class PromptEncoder:
    """Text encoder and glyph prior, with the latest `CACHE_SIZE` encodings kept; safe to call from several threads.

    Attributes:
        text_encoder: replaced only together with the cache, by a new `PromptEncoder`.
    """

    def __init__(self, text_encoder: TextEncoder, glyph_prior: GlyphPrior) -> None:
        """
        Args:
            text_encoder: the one that the glyph prior was trained with.
            glyph_prior: on any device.
        """
        self.text_encoder = text_encoder
        self._glyph_prior = glyph_prior
        self._cache: OrderedDict[str, PromptEncoding] = OrderedDict()
        self._lock = threading.Lock()  # guards the cache; not held while prompts are encoded

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_lock"}  # locks cannot be copied

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state, _lock=threading.Lock())

    def __call__(self, prompts: Sequence[str]) -> list[PromptEncoding]:
        """Encode prompts, those that are not cached as one batch.

        Args:
            prompts: as a user typed them; they are cleaned here.

        Returns:
            One encoding per prompt; it depends on that prompt alone (up to rounding), whatever else is in the batch.

        Raises:
            ValueError: as `clean_prompt`.
        """
        texts = [clean_prompt(prompt) for prompt in prompts]
        found = self._look_up(texts)
        missing = [text for text in dict.fromkeys(texts) if text not in found]
        if missing:
            new = self._encode(missing)
            self._store(new)
            found |= {encoding.prompt: encoding for encoding in new}
        return [found[text] for text in texts]

    def _look_up(self, texts: list[str]) -> dict[str, PromptEncoding]:
        with self._lock:
            found = {text: self._cache[text] for text in texts if text in self._cache}
            for text in found:
                self._cache.move_to_end(text)
            return found

    def _store(self, encodings: list[PromptEncoding]) -> None:
        with self._lock:
            self._cache.update((encoding.prompt, encoding) for encoding in encodings)
            while len(self._cache) > CACHE_SIZE:
                self._cache.popitem(last=False)

    @torch.inference_mode()
    def _encode(self, texts: list[str]) -> list[PromptEncoding]:
        states = self.text_encoder(texts)
        sentences = sentence_vectors(states)
        is_null = torch.tensor([not text for text in texts])
        pictures = self._glyph_prior((sentences * ~is_null[:, None]).to(self._glyph_prior.device)).cpu()
        conditioning = make_conditioning(states, pictures, is_null)
        return [
            PromptEncoding(
                prompt=text,
                tokens=tuple(self.text_encoder.tokens(text)),
                num_tokens=self.text_encoder.num_tokens(text),
                sentence=sentences[row],
                conditioning=_unpadded(conditioning.rows([row])),
            )
            for row, text in enumerate(texts)
        ]


def make_conditioning(states: TextStates, prior: torch.Tensor, is_null: torch.Tensor) -> Conditioning:
    """Put the U-net's inputs together.

    Args:
        states: text states (batch, tokens, channels) and their mask.
        prior: (batch, 1, grid, grid), the glyph prior's pictures.
        is_null: bool (batch,), True where there is no prompt: sentence vector and picture become zero.
    """
    keep = ~is_null
    vectors = sentence_vectors(states) * states.encoder_hidden_states.shape[-1] ** 0.5
    return Conditioning(
        encoder_hidden_states=states.encoder_hidden_states,
        encoder_attention_mask=states.encoder_attention_mask,
        class_labels=vectors * keep[:, None],
        prior=prior * keep[:, None, None, None],
    )


def batch_conditioning(encodings: Sequence[PromptEncoding]) -> Conditioning:
    """One row per encoding, with text states padded to the longest."""
    rows = [encoding.conditioning for encoding in encodings]
    return Conditioning(
        encoder_hidden_states=pad_sequence([row.encoder_hidden_states[0] for row in rows], batch_first=True),
        encoder_attention_mask=pad_sequence([row.encoder_attention_mask[0] for row in rows], batch_first=True),
        class_labels=torch.cat([row.class_labels for row in rows]),
        prior=torch.cat([row.prior for row in rows]),
    )


def _unpadded(row: Conditioning) -> Conditioning:
    keep = row.encoder_attention_mask[0]
    return row._replace(
        encoder_hidden_states=row.encoder_hidden_states[:, keep],
        encoder_attention_mask=row.encoder_attention_mask[:, keep],
    )
