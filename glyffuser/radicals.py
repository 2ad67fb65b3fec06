"""The radical reader: a small network that tells the Kangxi radical of a glyph, real or generated.

It is trained on real glyphs alone, and its features, the layer below the answer, also measure likeness.
"""

from pathlib import Path

import torch
import torch.nn.functional as F
from diffusers import ConfigMixin, ModelMixin
from diffusers.configuration_utils import register_to_config
from torch import nn

NUM_RADICALS = 214
DEFAULT_CLASSIFIER = Path(__file__).parents[1] / "checkpoints" / "radicals"


class ClassifierError(OSError):
    """The reader's files cannot be used; the message says what to do."""


class RadicalClassifier(ModelMixin, ConfigMixin):
    """Glyph -> one score per radical."""

    config_name = "config.json"

    @register_to_config
    def __init__(self, block_out_channels: tuple[int, ...] = (32, 64, 128, 256), feature_channels: int = 256) -> None:
        """
        Args:
            block_out_channels: widths of the blocks; each halves the picture.
            feature_channels: width of the features.
        """
        super().__init__()
        widths = (1, *block_out_channels)
        self.blocks = nn.Sequential(*(_block(a, b) for a, b in zip(widths, widths[1:], strict=False)))
        side = 64 // 2 ** len(block_out_channels)
        # where a component stands tells as much as its shape, so places are kept apart
        self.to_features = nn.Sequential(
            nn.Flatten(), nn.Dropout(0.3), nn.Linear(widths[-1] * side**2, feature_channels), nn.ReLU()
        )
        self.to_logits = nn.Sequential(nn.Dropout(0.2), nn.Linear(feature_channels, NUM_RADICALS))

    def features(self, x_0: torch.Tensor) -> torch.Tensor:
        """What the reader sees: (batch, 1, 128, 128) in [-1, 1] -> (batch, feature_channels), 0 or more."""
        return self.to_features(self.blocks(F.avg_pool2d(x_0, 2)))

    def forward(self, x_0: torch.Tensor) -> torch.Tensor:
        """Scores of the radicals, radical n at n - 1.

        Args:
            x_0: float (batch, 1, 128, 128) in [-1, 1].

        Returns:
            logits (batch, 214).
        """
        return self.to_logits(self.features(x_0))

    @torch.inference_mode()
    def ranked(self, x_0: torch.Tensor, num_ranks: int = 3, batch_size: int = 256) -> torch.Tensor:
        """The likeliest radicals, the best first: int64 (batch, num_ranks), 1 to 214."""
        return torch.cat([self(batch).topk(num_ranks).indices + 1 for batch in x_0.split(batch_size)])

    @torch.inference_mode()
    def all_features(self, x_0: torch.Tensor, batch_size: int = 256) -> torch.Tensor:
        """`features` of many glyphs, in batches."""
        return torch.cat([self.features(batch) for batch in x_0.split(batch_size)])

    @classmethod
    def load(cls, folder: Path = DEFAULT_CLASSIFIER) -> "RadicalClassifier":
        """The shipped reader, ready to read, in float32.

        Raises:
            ClassifierError: if its files are missing or damaged.
        """
        try:
            return cls.from_pretrained(folder, dtype=torch.float32, local_files_only=True).eval()
        except Exception as error:  # diffusers raises whatever its parts raise
            reason = str(error).strip().split("\n")[0][:200]
            raise ClassifierError(
                f"the radical reader in {folder} cannot be read ({reason}): restore it "
                f"with `git checkout -- {folder}` or train one with `python -m glyffuser.training.radical_classifier`"
            ) from error


def _block(in_channels: int, out_channels: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, 3, padding=1, bias=False),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(),
        nn.MaxPool2d(2),
    )
