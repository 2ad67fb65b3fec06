"""Sampled glyphs to be evaluated, cached on disk."""

import hashlib
import importlib.metadata
import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from glyffuser.config import SampleConfig
from glyffuser.images import uint8_to_x_0, x_0_to_uint8
from glyffuser.pipeline import GlyffuserPipeline

SAMPLING_MODULES = (
    "checkpoint",
    "config",
    "diffusion",
    "guidance",
    "images",
    "pipeline",
    "prior",
    "prompts",
    "spacing",
    "text",
    "unet",
)
"""Modules of glyffuser whose code decides a sample: `pipeline` and all that it imports."""

SAMPLING_LIBRARIES = ("torch", "diffusers", "transformers", "tokenizers")
"""Libraries whose version may decide a sample."""


class SampleStore:
    """Samples of one checkpoint. Batches are cached on disk, those of an interrupted evaluation too.

    Args:
        pipeline: the loaded checkpoint.
        fingerprint: identity of the checkpoint, from `checkpoint_fingerprint`; part of the cache key.
        folder: folder of the cache.
        batch_size: glyphs that are sampled together.
    """

    def __init__(self, pipeline: GlyffuserPipeline, fingerprint: str, folder: Path, batch_size: int = 36) -> None:
        self.pipeline = pipeline
        self.fingerprint = fingerprint
        self.folder = folder
        self.batch_size = batch_size
        self._code = code_fingerprint()

    @property
    def dtype(self) -> str:
        """Number format that the U-net computes in."""
        return str(self.pipeline.unet.dtype).removeprefix("torch.")

    def glyphs(
        self, prompts: list[str], seeds: list[int], config: SampleConfig, name: str = "sampling"
    ) -> torch.Tensor:
        """Sample glyphs, rounded to 256 grey levels as in a saved picture.

        Args:
            prompts: one per glyph.
            seeds: one per glyph.
            config: sampler, steps and guidance.
            name: label of the progress bar.

        Returns:
            float32 (glyphs, 1, 128, 128) in [-1, 1].
        """
        pixels = []
        for start in tqdm(range(0, len(prompts), self.batch_size), desc=name, unit="batch"):
            batch = slice(start, start + self.batch_size)
            pixels.append(self._batch(prompts[batch], seeds[batch], config))
        return uint8_to_x_0(np.concatenate(pixels))

    def _batch(self, prompts: list[str], seeds: list[int], config: SampleConfig) -> np.ndarray:
        """Read one batch from the cache, or sample it: uint8 (batch, 128, 128)."""
        key = json.dumps([self.fingerprint, self.dtype, self._code, prompts, seeds, asdict(config)])
        path = self.folder / f"{hashlib.sha256(key.encode()).hexdigest()[:24]}.npy"
        if not path.exists():
            for frame in self.pipeline.stream(prompts, seeds, config):
                finished = frame.x_t
            path.parent.mkdir(parents=True, exist_ok=True)
            partial = path.with_suffix(".part")
            with open(partial, "wb") as file:
                np.save(file, x_0_to_uint8(finished))
            partial.replace(path)
        return np.load(path)


def code_fingerprint() -> str:
    """Hash the sampling code and the versions of the libraries it runs on; part of the cache key."""
    package = Path(__file__).parents[1]
    digest = hashlib.sha256()
    for module in SAMPLING_MODULES:
        digest.update(hashlib.sha256((package / f"{module}.py").read_bytes()).digest())
    for library in SAMPLING_LIBRARIES:
        digest.update(f"{library}=={importlib.metadata.version(library)}\n".encode())
    return digest.hexdigest()
