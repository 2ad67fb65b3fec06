"""Does a glyph hold the radical that its prompt asks for?"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from glyffuser.config import SampleConfig
from glyffuser.data.characters import Character
from glyffuser.data.dataset import never_met
from glyffuser.data.glyphs import draw
from glyffuser.data.probe import PROBE
from glyffuser.radicals import RadicalClassifier
from glyffuser.evaluation.samples import SampleStore
from glyffuser.text import MAX_PROMPT_LENGTH


@dataclass(frozen=True)
class Hits:
    """Share of glyphs whose radical the reader names first, or among its first three; both in [0, 1]."""

    top_1: float
    top_3: float


@dataclass(frozen=True)
class Probe:
    """The glyphs of the 36 words and what the reader says of them.

    Attributes:
        x_0: float32 (seeds * 36, 1, 128, 128), all words of the first seed, then of the second.
        hits: over all glyphs.
        words: of each word, over its seeds.
    """

    x_0: torch.Tensor
    hits: Hits
    words: dict[str, Hits]


def hits(reader: RadicalClassifier, x_0: torch.Tensor, radicals: Sequence[int]) -> Hits:
    """Compare what the reader sees in (batch, 1, 128, 128) with the radicals asked for."""
    return _rates(reader.ranked(x_0) == torch.tensor(radicals)[:, None])


def accuracy(reader: RadicalClassifier, characters: Sequence[Character]) -> float:
    """Share of real glyphs whose radical the reader names first."""
    return hits(reader, draw(characters), [character.radical for character in characters]).top_1


def probe(
    store: SampleStore, reader: RadicalClassifier, config: SampleConfig, num_seeds: int, name: str = "probe"
) -> Probe:
    """Sample `num_seeds` glyphs of each of the 36 words; no two share their noise."""
    words, radicals = [word for word, _ in PROBE] * num_seeds, [radical for _, radical in PROBE] * num_seeds
    x_0 = store.glyphs(words, list(range(len(words))), config, name)
    is_hit = reader.ranked(x_0) == torch.tensor(radicals)[:, None]
    each = is_hit.view(num_seeds, len(PROBE), -1)
    return Probe(x_0, _rates(is_hit), {word: _rates(each[:, i]) for i, (word, _) in enumerate(PROBE)})


@dataclass(frozen=True)
class HeldOutHits:
    """Definitions that the model has never met.

    Attributes:
        hits: does the sample hold the radical of the held-out character?
        shuffled: the same for the radical of another held-out character, as chance would have it.
        number: definitions asked.
    """

    hits: Hits
    shuffled: Hits
    number: int


def held_out_hits(
    store: SampleStore, reader: RadicalClassifier, config: SampleConfig, characters: Sequence[Character]
) -> HeldOutHits:
    """One glyph per definition of `never_met`."""
    chosen = never_met(characters)
    definitions = [c.definition[:MAX_PROMPT_LENGTH] for c in chosen]
    x_0 = store.glyphs(definitions, list(range(len(chosen))), config, "held-out definitions")
    radicals = [c.radical for c in chosen]
    order = torch.randperm(len(chosen), generator=torch.Generator().manual_seed(0)).tolist()
    return HeldOutHits(hits(reader, x_0, radicals), hits(reader, x_0, [radicals[i] for i in order]), len(chosen))


def _rates(is_hit: torch.Tensor) -> Hits:
    """Of bool (glyphs, ranks)."""
    return Hits(float(is_hit[:, 0].float().mean()), float(is_hit.any(dim=1).float().mean()))
