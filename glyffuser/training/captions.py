"""Text states of all captions, encoded once, with a progress bar."""

from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from glyffuser.data.characters import Character
from glyffuser.data.dataset import distinct_captions
from glyffuser.text import TextEncoder, TextStateCache, TextStates


class ProgressEncoder(TextEncoder):
    """A text encoder that shows a progress bar from its first batch on."""

    def __init__(self, encoder: TextEncoder, num_texts: int) -> None:
        """
        Args:
            encoder: encodes.
            num_texts: how many texts there are.
        """
        super().__init__(encoder.name, encoder.tokenizer, encoder.model)
        self._num_texts = num_texts
        self._progress_bar: tqdm | None = None

    def __call__(self, texts: list[str]) -> TextStates:
        """As `TextEncoder`."""
        if self._progress_bar is None:
            self._progress_bar = tqdm(total=self._num_texts, desc="encoding captions", unit="caption")
        states = super().__call__(texts)
        self._progress_bar.update(len(texts))
        return states


def caption_states(encoder: TextEncoder, characters: Sequence[Character], folder: Path) -> TextStateCache:
    """The states of all captions, from the cache in `folder`, or encoded and stored there: minutes on two cores."""
    captions = distinct_captions(characters)
    return TextStateCache.load_or_build(ProgressEncoder(encoder, len(captions)), captions, folder)
