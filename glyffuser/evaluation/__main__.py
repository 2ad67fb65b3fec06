"""Measure a checkpoint and write its score sheet: `make evaluate` or `python -m glyffuser.evaluation`."""

import argparse
import os
import sys
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from glyffuser.checkpoint import CheckpointError, checkpoint_folder
from glyffuser.config import SampleConfig
from glyffuser.data.characters import load_characters
from glyffuser.diffusion import SAMPLERS
from glyffuser.radicals import DEFAULT_CLASSIFIER, RadicalClassifier
from glyffuser.evaluation.report import to_markdown, write_report
from glyffuser.evaluation.samples import SampleStore, checkpoint_digest
from glyffuser.evaluation.score_sheet import PARTS, QUICK, Evaluation, Plan
from glyffuser.pipeline import DTYPES, GlyffuserPipeline, best_device


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    defaults = SampleConfig()
    parser = argparse.ArgumentParser(
        prog="python -m glyffuser.evaluation",
        description=__doc__.splitlines()[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--checkpoint", type=Path, default=checkpoint_folder(), help="folder to measure")
    parser.add_argument("--reader", type=Path, default=DEFAULT_CLASSIFIER, help="folder of the radical reader")
    parser.add_argument("--output", type=Path, default=Path("runs/evaluation"), help="folder to write")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS), help="what to measure")
    parser.add_argument("--quick", action="store_true", help="a first impression from few glyphs")
    parser.add_argument("--num-glyphs", type=int, default=None, help="glyphs compared with real ones (1000, quick 108)")
    parser.add_argument("--sampler", choices=SAMPLERS, default=defaults.sampler, help="sampler")
    parser.add_argument("--num-inference-steps", type=int, default=defaults.num_inference_steps, help="steps")
    parser.add_argument("--guidance-scale", type=float, default=defaults.guidance_scale, help="1 is off")
    parser.add_argument(
        "--guidance-interval", type=int, nargs=2, default=defaults.guidance_interval, help="timesteps with guidance"
    )
    parser.add_argument(
        "--pag-scale", type=float, default=defaults.pag_scale, help="perturbed-attention guidance, 0 is off"
    )
    parser.add_argument(
        "--pag-interval", type=int, nargs=2, default=defaults.pag_interval, help="timesteps with the latter"
    )
    parser.add_argument("--batch-size", type=int, default=36, help="glyphs at a time")
    parser.add_argument("--device", default=best_device(), help="cpu, cuda or mps")
    parser.add_argument(
        "--dtype",
        choices=DTYPES,
        default="float32",
        help="what the network computes in; bfloat16 is faster on some processors, much slower on others",
    )
    return parser.parse_args(arguments)


def plan_from(options: argparse.Namespace) -> Plan:
    """How much to measure, as the command line asks for it.

    Raises:
        ValueError: if a setting is out of range.
    """
    config = SampleConfig(
        options.num_inference_steps,
        options.guidance_scale,
        options.sampler,
        tuple(options.guidance_interval),
        options.pag_scale,
        tuple(options.pag_interval),
    )
    plan = Plan(config, **(QUICK if options.quick else {}))
    if options.num_glyphs is None:
        return plan
    if options.num_glyphs < 1:
        raise ValueError(f"--num-glyphs must be at least 1, got {options.num_glyphs}")
    return replace(plan, num_glyphs=options.num_glyphs)


def main(arguments: list[str] | None = None) -> int:
    """Measure, print and write; returns the exit status."""
    options = parse(arguments)
    try:
        plan = plan_from(options)
        reader = RadicalClassifier.load(options.reader)
        pipeline = GlyffuserPipeline.load(options.checkpoint, device=options.device, dtype=DTYPES[options.dtype])
        digest = checkpoint_digest(options.checkpoint)
        store = SampleStore(pipeline, digest, options.output / "samples", options.batch_size)
        evaluation = Evaluation(store, reader, load_characters(), plan)
        sheet = evaluation.measure(options.parts)
        write_report(sheet, evaluation.pictures, options.output)
    except (CheckpointError, FloatingPointError, ValueError, OSError) as error:
        print(f"glyffuser.evaluation: {error}", file=sys.stderr)
        return 2
    print(to_markdown(sheet, sorted(evaluation.pictures)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
