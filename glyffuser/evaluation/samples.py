"""Glyphs to be judged, sampled once and kept on disk."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict
from functools import cache
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from glyffuser.config import SampleConfig
from glyffuser.images import uint8_to_x_0, x_0_to_uint8
from glyffuser.pipeline import GlyffuserPipeline


class SampleStore:
    """Samples of one checkpoint; what was sampled before, even by a run that was broken off, is read from disk.

    Args:
        pipeline: the checkpoint.
        digest: from `checkpoint_digest`; samples of other weights are never mixed up.
        folder: where batches are kept.
        batch_size: glyphs at a time.
    """

    def __init__(self, pipeline: GlyffuserPipeline, digest: str, folder: Path, batch_size: int = 36):
        self.pipeline = pipeline
        self.digest = digest
        self.folder = folder
        self.batch_size = batch_size

    @property
    def dtype(self) -> str:
        """What the network computes in."""
        return str(self.pipeline.unet.dtype).removeprefix("torch.")

    def glyphs(
        self, prompts: list[str], seeds: list[int], config: SampleConfig, name: str = "sampling"
    ) -> torch.Tensor:
        """Finished glyphs as one would save them, rounded to 256 greys.

        Args:
            prompts: one per glyph.
            seeds: one per glyph.
            config: sampler, steps and guidance.
            name: what the progress bar says.

        Returns:
            float32 (glyphs, 1, 128, 128) in [-1, 1].
        """
        batches = list(self._batches(prompts, seeds))
        pixels = [self._batch(*batch, config) for batch in tqdm(batches, desc=name, unit="batch")]
        return uint8_to_x_0(np.concatenate(pixels))

    def _batches(self, prompts: list[str], seeds: list[int]) -> Iterator[tuple[list[str], list[int]]]:
        for start in range(0, len(prompts), self.batch_size):
            chosen = slice(start, start + self.batch_size)
            yield prompts[chosen], seeds[chosen]

    def _batch(self, prompts: list[str], seeds: list[int], config: SampleConfig) -> np.ndarray:
        key = json.dumps([self.digest, self.dtype, _code_digest(), prompts, seeds, asdict(config)])
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


@cache
def _code_digest() -> str:
    """What tells this way of sampling from that of another version."""
    package = Path(__file__).parents[1]
    raw = b"".join((package / f"{name}.py").read_bytes() for name in ("diffusion", "pipeline", "prior", "text", "unet"))
    return hashlib.sha256(raw).hexdigest()


def checkpoint_digest(folder: Path) -> str:
    """What tells a checkpoint's weights and configuration from any other's: 12 hexadecimal digits."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(f"{path.relative_to(folder)}\n".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:12]
