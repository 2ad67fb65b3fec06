"""Where a run stands: one safetensors file, replaced as a whole, so that a kill at any moment leaves a good one."""

import dataclasses
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from diffusers import UNet2DConditionModel
from diffusers.training_utils import EMAModel
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch.optim import Optimizer

from glyffuser.config import ModelConfig
from glyffuser.training.balance import LossBalance
from glyffuser.training.optimizer import split_parameters

STATE_FILE = "state.safetensors"


class StateError(Exception):
    """A state that cannot be written or gone on from; the message says which file and what to do."""


@dataclass
class Counters:
    """How far a run has come.

    Attributes:
        step: optimizer steps.
        samples_seen: glyphs since the first random weights.
        plan_samples: of these, seen under the present plan.
        plan_seconds: trained under the present plan, pauses not counted.
    """

    step: int = 0
    samples_seen: int = 0
    plan_samples: int = 0
    plan_seconds: float = 0.0


@dataclass
class TrainingState:
    """Everything that a run changes as it goes.

    Attributes:
        model_config: shape of the network.
        text_encoder_name: the encoder whose states it is told.
        unet: the weights that are trained.
        ema: their moving average, which is what samples.
        optimizers: from `make_optimizers`.
        balance: what losses are usual.
        counters: how far the run has come.
        precision: "no" or "bf16", what forward and backward are reckoned in: what is not decided anew on resuming.
    """

    model_config: ModelConfig
    text_encoder_name: str
    unet: UNet2DConditionModel
    ema: EMAModel
    optimizers: dict[str, Optimizer]
    balance: LossBalance
    counters: Counters
    precision: str = "no"

    def save(self, path: Path) -> None:
        """Write the state; the file that was there stays until the new one is complete.

        Raises:
            StateError: if it cannot be written.
        """
        unfinished = path.with_suffix(".tmp")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            save_file(self._tensors(), unfinished, metadata=self._metadata())
            unfinished.replace(path)
        except (OSError, SafetensorError) as error:
            unfinished.unlink(missing_ok=True)
            raise StateError(f"the state could not be written to {path} ({error}); the one before is kept") from error

    def load(self, path: Path) -> None:
        """Go on from a state that was written by `save`.

        Raises:
            StateError: if it is missing, damaged or of another network.
        """
        metadata = read_metadata(path)
        theirs, ours = metadata["model"], json.loads(json.dumps(dataclasses.asdict(self.model_config)))
        if changed := [name for name in ours if theirs.get(name) != ours[name]]:
            raise StateError(
                f"{path} holds another network ("
                + ", ".join(f"{name} {theirs.get(name)} instead of {ours[name]}" for name in changed)
                + "): give the options that it was trained with, or another --output"
            )
        try:
            self._restore(_read_tensors(path))
        except (KeyError, RuntimeError) as error:
            raise StateError(f"{path} does not fit this version of the network ({error})") from error
        self.ema.optimization_step = metadata["ema_step"]
        self.counters = Counters(**metadata["counters"])

    def averaged_weights(self) -> dict[str, torch.Tensor]:
        """The averaged weights by name."""
        names = [name for name, _ in self.unet.named_parameters()]
        return dict(zip(names, self.ema.shadow_params, strict=True))

    def _optimizer_names(self) -> dict[str, list[str]]:
        """Names of the parameters of each optimizer, in its own order."""
        inner, rest = split_parameters(self.unet)
        return {"muon": list(inner), "adamw": list(rest)}

    def _tensors(self) -> dict[str, torch.Tensor]:
        tensors = {f"unet/{name}": value for name, value in self.unet.named_parameters()}
        tensors |= {f"ema/{name}": value for name, value in self.averaged_weights().items()}
        tensors |= {"balance/means": self.balance.means, "balance/shares": self.balance.shares}
        for optimizer, names in self._optimizer_names().items():
            for index, values in self.optimizers[optimizer].state_dict()["state"].items():
                tensors |= {f"{optimizer}/{names[index]}/{key}": value for key, value in values.items()}
        return {key: value.detach().cpu().contiguous() for key, value in tensors.items()}

    def _metadata(self) -> dict[str, str]:
        content = {
            "model": dataclasses.asdict(self.model_config),
            "text_encoder": self.text_encoder_name,
            "counters": dataclasses.asdict(self.counters),
            "ema_step": self.ema.optimization_step,
            "precision": self.precision,
        }
        return {"glyffuser": json.dumps(content)}

    @torch.no_grad()
    def _restore(self, tensors: dict[str, torch.Tensor]) -> None:
        for name, value in self.unet.named_parameters():
            value.copy_(tensors[f"unet/{name}"])
        for name, value in self.averaged_weights().items():
            value.copy_(tensors[f"ema/{name}"])
        self.balance.means.copy_(tensors["balance/means"])
        self.balance.shares.copy_(tensors["balance/shares"])
        for optimizer, names in self._optimizer_names().items():
            self.optimizers[optimizer].load_state_dict(
                {
                    "state": {
                        index: values
                        for index, name in enumerate(names)
                        if (values := _below(tensors, f"{optimizer}/{name}/"))
                    },
                    "param_groups": self.optimizers[optimizer].state_dict()["param_groups"],
                }
            )


def _below(tensors: dict[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    return {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}


def read_metadata(path: Path) -> dict:
    """What a state says of itself: the network's shape, its text encoder, how far it has come.

    Raises:
        StateError: if there is no state, or a damaged one.
    """
    if not path.is_file():
        raise StateError(f"there is no state to go on from at {path}")
    with _opened(path) as file:
        return json.loads(file.metadata()["glyffuser"])


def read_averaged_weights(path: Path) -> dict[str, torch.Tensor]:
    """The averaged weights of a state by name.

    Raises:
        StateError: if it is missing or damaged.
    """
    return _below(_read_tensors(path, "ema/"), "ema/")


def _read_tensors(path: Path, prefix: str = "") -> dict[str, torch.Tensor]:
    with _opened(path) as file:
        return {key: file.get_tensor(key) for key in file.keys() if key.startswith(prefix)}


@contextmanager
def _opened(path: Path) -> Iterator[safe_open]:
    try:
        with safe_open(path, framework="pt") as file:
            yield file
    except (SafetensorError, KeyError, TypeError, json.JSONDecodeError) as error:
        raise StateError(f"{path} is damaged ({error}): delete it, or put an older copy in its place") from error
