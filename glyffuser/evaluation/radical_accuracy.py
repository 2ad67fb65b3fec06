"""Radical accuracy: whether a generated glyph has the radical that its prompt calls for."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from glyffuser.config import SampleConfig
from glyffuser.data.characters import Character
from glyffuser.data.dataset import unseen_characters
from glyffuser.data.probe import PROBE
from glyffuser.evaluation.samples import SampleStore
from glyffuser.radicals import RadicalClassifier
from glyffuser.text import MAX_PROMPT_LENGTH


@dataclass(frozen=True)
class RadicalAccuracy:
    """Share of glyphs with the expected radical, in [0, 1].

    Attributes:
        top_1: share where the classifier finds it the most probable.
        top_3: share where it is among the three most probable.
    """

    top_1: float
    top_3: float


@dataclass(frozen=True)
class ProbeResult:
    """Samples of the 36 probe words and their radical accuracy.

    Attributes:
        x_0: float32 (seeds * 36, 1, 128, 128), all words with the first seed, then all with the second.
        accuracy: over all samples.
        words: of each word, over its seeds.
    """

    x_0: torch.Tensor
    accuracy: RadicalAccuracy
    words: dict[str, RadicalAccuracy]


@dataclass(frozen=True)
class HeldOutResult:
    """Radical accuracy on held-out definitions that no training caption repeats.

    Attributes:
        accuracy: for the radical of the held-out character.
        shuffled: shuffled-label baseline: the same samples, for the radical of another held-out character.
        num_definitions: number of samples, one per definition.
    """

    accuracy: RadicalAccuracy
    shuffled: RadicalAccuracy
    num_definitions: int


def radical_accuracy(classifier: RadicalClassifier, x_0: torch.Tensor, radicals: Sequence[int]) -> RadicalAccuracy:
    """Classify glyphs (batch, 1, 128, 128) and compare with the expected radicals, 1 to 214."""
    return _mean(_is_match(classifier, x_0, radicals))


def probe(store: SampleStore, classifier: RadicalClassifier, config: SampleConfig, num_seeds: int) -> ProbeResult:
    """Sample each of the 36 probe words `num_seeds` times; all samples have different seeds."""
    words, radicals = [word for word, _ in PROBE] * num_seeds, [radical for _, radical in PROBE] * num_seeds
    name = f"probe, guidance {config.guidance_scale:g}, {config.num_inference_steps} steps"
    x_0 = store.glyphs(words, list(range(len(words))), config, name)
    is_match = _is_match(classifier, x_0, radicals)
    by_word = is_match.view(num_seeds, len(PROBE), -1)
    return ProbeResult(x_0, _mean(is_match), {word: _mean(by_word[:, i]) for i, (word, _) in enumerate(PROBE)})


def held_out(
    store: SampleStore, classifier: RadicalClassifier, config: SampleConfig, characters: Sequence[Character]
) -> HeldOutResult:
    """Sample one glyph for each definition of `unseen_characters`."""
    chosen = unseen_characters(characters)
    definitions = [character.definition[:MAX_PROMPT_LENGTH] for character in chosen]
    x_0 = store.glyphs(definitions, list(range(len(chosen))), config, "held-out definitions")
    radicals = [character.radical for character in chosen]
    order = torch.randperm(len(chosen), generator=torch.Generator().manual_seed(0)).tolist()
    shuffled = [radicals[i] for i in order]
    return HeldOutResult(
        radical_accuracy(classifier, x_0, radicals), radical_accuracy(classifier, x_0, shuffled), len(chosen)
    )


def _is_match(classifier: RadicalClassifier, x_0: torch.Tensor, radicals: Sequence[int]) -> torch.Tensor:
    """Whether each of the three most probable radicals is the expected one: bool (glyphs, 3)."""
    return classifier.top_k(x_0, k=3) == torch.tensor(radicals)[:, None]


def _mean(is_match: torch.Tensor) -> RadicalAccuracy:
    """Average bool (glyphs, 3) over the glyphs."""
    return RadicalAccuracy(float(is_match[:, 0].float().mean()), float(is_match.any(dim=1).float().mean()))
