"""What every tab works with."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import gradio as gr
import numpy as np

from glyffuser.checkpoint import FAST_CHECKPOINT, checkpoint_fingerprint
from glyffuser.config import FAST_CONFIG
from glyffuser.data.characters import Character, load_characters
from glyffuser.data.glyphs import GlyphRenderer
from glyffuser.images import uint8_to_x_0
from glyffuser.map.files import MapFiles
from glyffuser.pipeline import GlyffuserPipeline
from glyffuser.radicals import RadicalClassifier
from glyffuser.request import Request
from glyffuser.ui.finished import FinishedGlyphs
from glyffuser.ui.run_cache import RunCache
from glyffuser.ui.static_files import StaticFiles
from glyffuser.ui.text import say
from glyffuser.ui.waiting import WaitingLine

OnGpu = Callable[[float | Callable], Callable]
"""Seconds, or a function of the arguments that tells them -> a decorator for functions that run the model that long."""


def without_gpu(seconds: float | Callable) -> Callable:
    """Stands for `spaces.GPU` where no GPU has to be requested: decorates a function with itself."""
    return lambda function: function


@dataclass(frozen=True)
class AppContext:
    """The model, the data and the files that the page is made of.

    Attributes:
        pipeline: a loaded model.
        characters: all of them, in code point order.
        renderer: draws them.
        map_files: their places on the map.
        radical_classifier: names the radical of a glyph.
        fingerprint: of the pipeline's checkpoint; "" if it came from nowhere.
        fast_fingerprint: of the fast network's; "" if there is none.
        on_gpu: requests a GPU where there is one to be requested (`spaces.GPU` on ZeroGPU).
        finished: glyphs of finished runs.
        run_cache: finished runs, to be replayed.
        static_files: what the browser fetches.
        line: runs that wait for the model.

    Raises:
        ValueError: if the map was built from other characters.
    """

    pipeline: GlyffuserPipeline
    characters: list[Character]
    renderer: GlyphRenderer
    map_files: MapFiles
    radical_classifier: RadicalClassifier
    fingerprint: str = ""
    fast_fingerprint: str = ""
    on_gpu: OnGpu = without_gpu
    finished: FinishedGlyphs = field(default_factory=FinishedGlyphs)
    run_cache: RunCache = field(default_factory=RunCache)
    static_files: StaticFiles = field(default_factory=StaticFiles)
    line: WaitingLine = field(default_factory=WaitingLine)

    def __post_init__(self) -> None:
        on_map = self.map_files.manifest["num_glyphs"]
        if on_map != len(self.characters):
            raise ValueError(f"the map has {on_map} glyphs, the data {len(self.characters)}: build it with `make map`")

    @classmethod
    def load(cls, pipeline: GlyffuserPipeline, on_gpu: OnGpu = without_gpu) -> "AppContext":
        """Everything shipped, around a loaded model.

        Raises:
            MapError: if a file of the map is missing or damaged.
            ClassifierError: if one of the radical classifier is.
            ValueError: if the map was built from other characters.
        """
        return cls(
            pipeline=pipeline,
            characters=load_characters(),
            renderer=GlyphRenderer(has_placeholders=True),
            map_files=MapFiles.load(),
            radical_classifier=RadicalClassifier.load(),
            fingerprint=fingerprint_of(pipeline),
            fast_fingerprint=checkpoint_fingerprint(FAST_CHECKPOINT) if pipeline.fast_unet else "",
            on_gpu=on_gpu,
        )

    @property
    def has_fast_network(self) -> bool:
        """Whether requests for it can be drawn."""
        return self.pipeline.fast_unet is not None

    def drawn_here(self, request: Request) -> Request:
        """The request with the fingerprint of the checkpoint that draws it on this page."""
        is_fast = request.config.network == FAST_CONFIG.network
        return request.with_checkpoint(self.fast_fingerprint if is_fast else self.fingerprint)

    def locate(self, glyphs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Map coordinates (batch, 2) of glyphs uint8 (batch, 128, 128), and the nearest real one of each."""
        return self.map_files.locate(uint8_to_x_0(glyphs))

    def checked_index(self, value: object) -> int:
        """The index of a character that came from a browser.

        Raises:
            gr.Error: if it is none.
        """
        if type(value) is not int or not 0 <= value < len(self.characters):
            raise gr.Error(say("errors.no_such_character"), print_exception=False)
        return value


def fingerprint_of(pipeline: GlyffuserPipeline) -> str:
    """Fingerprint of the folder that a pipeline was loaded from; "" if it was not loaded from one."""
    folder = Path(pipeline.name_or_path or "")
    return checkpoint_fingerprint(folder) if pipeline.name_or_path and folder.is_dir() else ""
