"""State of a training run: one safetensors file, replaced atomically, so that a kill never leaves half a file."""

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
from glyffuser.training.optimizer import make_optimizers, split_parameters
from glyffuser.training.recipe import Recipe
from glyffuser.unet import build_unet, weight_format

STATE_FILE = "state.safetensors"


class StateError(Exception):
    """A state cannot be written or resumed; the message names the file and the remedy."""


@dataclass
class Counters:
    """Progress of a run.

    Attributes:
        step: optimizer steps.
        samples_seen: glyphs seen since the weights were random.
        plan_samples: glyphs seen under the current plan (`--new-plan` starts another).
        plan_seconds: seconds trained under the current plan, pauses not counted.
    """

    step: int = 0
    samples_seen: int = 0
    plan_samples: int = 0
    plan_seconds: float = 0.0

    def advance(self, num_samples: int, seconds: float) -> None:
        """Count one step of `num_samples` glyphs that took `seconds`."""
        self.step += 1
        self.samples_seen += num_samples
        self.plan_samples += num_samples
        self.plan_seconds += seconds


@dataclass
class TrainingState:
    """Everything that changes during a run, and what a resumed run must agree on.

    Attributes:
        model_config: architecture of the network.
        text_encoder_name: the encoder whose states condition the network.
        unet: the trained weights.
        ema: their moving average, which is used for sampling.
        optimizers: from `make_optimizers`.
        balance: running means of the loss per noise level.
        counters: progress of the run.
        precision: "no" or "bf16", the mixed precision of forward and backward pass; kept when a run is resumed.
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
        """Write the state; the previous file stays until the new one is complete.

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
        """Resume from a state that was written by `save`.

        Raises:
            StateError: if the file is missing, damaged or of another network.
        """
        metadata = read_metadata(path)
        saved, current = metadata["model"], json.loads(json.dumps(dataclasses.asdict(self.model_config)))
        if changed := [name for name in current if saved.get(name) != current[name]]:
            raise StateError(
                f"{path} holds another network ("
                + ", ".join(f"{name} {saved.get(name)} instead of {current[name]}" for name in changed)
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
        """Names of the parameters of each optimizer, in the optimizer's order."""
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
            values = [_below(tensors, f"{optimizer}/{name}/") for name in names]
            self.optimizers[optimizer].load_state_dict(
                {
                    "state": {index: value for index, value in enumerate(values) if value},
                    "param_groups": self.optimizers[optimizer].state_dict()["param_groups"],
                }
            )


def build_state(
    config: ModelConfig,
    recipe: Recipe,
    text_encoder_name: str,
    device: torch.device,
    weights: dict[str, torch.Tensor] | None = None,
) -> TrainingState:
    """A new state: a network, its averaged weights and its optimizers.

    Args:
        config: architecture of the network.
        recipe: its seed decides the random weights.
        text_encoder_name: the encoder whose states condition the network.
        device: where it is trained.
        weights: initial weights; random ones when not given.

    Raises:
        StateError: if the weights are those of another network.
    """
    torch.manual_seed(recipe.seed)
    unet = build_unet(config)
    if weights is not None:
        try:
            unet.load_state_dict(weights)
        except RuntimeError as error:
            raise StateError(
                "the weights are those of another network than the options ask for: give --patch-size, "
                "--block-out-channels and so on as they were trained with"
            ) from error
    unet.to(device, memory_format=weight_format(device))
    ema = EMAModel(unet.parameters(), decay=recipe.ema_decay, foreach=True)
    optimizers, balance = make_optimizers(unet, recipe), LossBalance(recipe.loss_balance, device=device)
    return TrainingState(config, text_encoder_name, unet, ema, optimizers, balance, Counters())


def _below(tensors: dict[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    """The tensors whose names begin with `prefix`, without it."""
    return {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}


def read_metadata(path: Path) -> dict:
    """The metadata of a state: config of the network, text encoder, counters, EMA step and precision.

    Raises:
        StateError: if the file is missing or damaged.
    """
    if not path.is_file():
        raise StateError(f"there is no state to go on from at {path}")
    with _opened(path) as file:
        return json.loads(file.metadata()["glyffuser"])


def read_averaged_weights(path: Path) -> dict[str, torch.Tensor]:
    """The averaged weights of a state by name.

    Raises:
        StateError: if the file is missing or damaged.
    """
    return _below(_read_tensors(path, "ema/"), "ema/")


def _read_tensors(path: Path, prefix: str = "") -> dict[str, torch.Tensor]:
    """Copies of the tensors: those of safetensors keep the file mapped, and Windows replaces no file that is mapped."""
    with _opened(path) as file:
        names = [name for name in file.keys() if name.startswith(prefix)]  # noqa: SIM118 - it is no dict
        return {name: file.get_tensor(name).clone() for name in names}


@contextmanager
def _opened(path: Path) -> Iterator[safe_open]:
    try:
        with safe_open(path, framework="pt") as file:
            yield file
    except (SafetensorError, KeyError, TypeError, json.JSONDecodeError) as error:
        raise StateError(f"{path} is damaged ({error}): delete it, or put an older copy in its place") from error
