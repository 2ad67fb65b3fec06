"""Evaluate a checkpoint: what `python -m glyffuser.evaluation` does."""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import torch

from glyffuser.checkpoint import CheckpointError, checkpoint_fingerprint, checkpoint_folder
from glyffuser.config import SampleConfig
from glyffuser.data.characters import load_characters
from glyffuser.diffusion import SAMPLERS
from glyffuser.evaluation.parts import PARTS, Evaluation
from glyffuser.evaluation.report import to_markdown, write_report
from glyffuser.evaluation.samples import SampleStore
from glyffuser.evaluation.score_sheet import Plan
from glyffuser.pipeline import DEVICES, DTYPES, GlyffuserPipeline, best_device
from glyffuser.projection import Projection
from glyffuser.radicals import DEFAULT_CLASSIFIER, RadicalClassifier
from glyffuser.spacing import SPACINGS


def build_parser() -> argparse.ArgumentParser:
    """Build the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m glyffuser.evaluation",
        description="Evaluate a checkpoint and write its score sheet.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--checkpoint", type=Path, default=checkpoint_folder(), help="folder of the checkpoint")
    parser.add_argument("--classifier", type=Path, default=DEFAULT_CLASSIFIER, help="folder of the radical classifier")
    parser.add_argument("--output", type=Path, default=Path("runs/evaluation"), help="folder to write")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS), help="parts to measure")
    parser.add_argument("--quick", action="store_true", help="a first impression from few glyphs")
    parser.add_argument("--num-glyphs", type=int, default=None, help="glyphs compared with real ones (1000, quick 108)")
    parser.add_argument("--batch-size", type=int, default=36, help="glyphs sampled together")
    parser.add_argument("--device", type=device_name, default=best_device(), help="cpu, cuda or mps")
    parser.add_argument(
        "--dtype",
        choices=DTYPES,
        default="float32",
        help="number format of the U-net; bfloat16 is faster on some processors, much slower on others",
    )
    add_sample_options(parser, SampleConfig())
    return parser


def device_name(name: str) -> str:
    """Check the name of a device; the "meta" device of PyTorch holds no numbers.

    Raises:
        ArgumentTypeError: if it names none that computes.
    """
    try:
        kind = torch.device(name).type
    except RuntimeError:
        kind = ""
    if kind not in DEVICES:
        raise argparse.ArgumentTypeError(f"{name!r} cannot compute: give cpu, cuda or mps")
    return name


def add_sample_options(parser: argparse.ArgumentParser, defaults: SampleConfig) -> None:
    """Add sampler, steps and guidance to the command line."""
    parser.add_argument("--sampler", choices=SAMPLERS, default=defaults.sampler, help="sampler")
    parser.add_argument("--spacing", choices=SPACINGS, default=defaults.spacing, help="spacing of the steps")
    parser.add_argument("--num-inference-steps", type=int, default=defaults.num_inference_steps, help="steps")
    parser.add_argument("--guidance-scale", type=float, default=defaults.guidance_scale, help="1 is off")
    parser.add_argument(
        "--guidance-interval", type=int, nargs=2, default=defaults.guidance_interval, help="timesteps with guidance"
    )
    parser.add_argument(
        "--pag-scale", type=float, default=defaults.pag_scale, help="perturbed-attention guidance, 0 is off"
    )
    parser.add_argument(
        "--pag-interval",
        type=int,
        nargs=2,
        default=defaults.pag_interval,
        help="timesteps with perturbed-attention guidance",
    )


def plan_from(options: argparse.Namespace) -> Plan:
    """Read the command line's plan.

    Raises:
        ValueError: if a setting is out of range.
    """
    config = SampleConfig(
        num_inference_steps=options.num_inference_steps,
        guidance_scale=options.guidance_scale,
        sampler=options.sampler,
        guidance_interval=tuple(options.guidance_interval),
        pag_scale=options.pag_scale,
        pag_interval=tuple(options.pag_interval),
        spacing=options.spacing,
    )
    plan = Plan.quick(config) if options.quick else Plan(config)
    if options.num_glyphs is None:
        return plan
    if options.num_glyphs < 1:
        raise ValueError(f"--num-glyphs must be at least 1, got {options.num_glyphs}")
    return replace(plan, num_glyphs=options.num_glyphs)


def load_evaluation(options: argparse.Namespace) -> Evaluation:
    """Load the checkpoint and everything that it is measured with.

    Raises:
        CheckpointError, OSError, ValueError: in one sentence, if something cannot be loaded or is out of range.
    """
    plan = plan_from(options)
    classifier = RadicalClassifier.load(options.classifier)
    pipeline = GlyffuserPipeline.load(options.checkpoint, device=options.device, dtype=DTYPES[options.dtype])
    fingerprint = checkpoint_fingerprint(options.checkpoint)
    store = SampleStore(pipeline, fingerprint, options.output / "samples", options.batch_size)
    return Evaluation(store, classifier, Projection.load(), load_characters(), plan)


def main(arguments: list[str] | None = None) -> int:
    """Evaluate, write and print; returns the exit status."""
    options = build_parser().parse_args(arguments)
    try:
        evaluation = load_evaluation(options)
        sheet = evaluation.measure(options.parts)
        write_report(sheet, evaluation.pictures, options.output)
    except (CheckpointError, FloatingPointError, ValueError, OSError) as error:
        print(f"glyffuser.evaluation: {error}", file=sys.stderr)
        return 2
    print(to_markdown(sheet, sorted(evaluation.pictures)))
    return 0
