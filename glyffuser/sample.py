"""Sample glyphs from the command line: `python -m glyffuser.sample "gold" --num-glyphs 4 --out gold.png`."""

import argparse
import errno
import os
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TextIO

import numpy as np
from tqdm import tqdm

from glyffuser.checkpoint import FAST_CHECKPOINT, CheckpointError, checkpoint_fingerprint, checkpoint_folder
from glyffuser.config import NETWORKS, InputError, SampleConfig
from glyffuser.diffusion import SAMPLERS
from glyffuser.images import encode_png, tile, x_0_to_uint8
from glyffuser.pipeline import DTYPES, GlyffuserPipeline, best_device
from glyffuser.request import Request, check_request, count_up
from glyffuser.spacing import SPACINGS
from glyffuser.text import clean_prompt


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.prompts_file and not options.out_dir:
        parser.error("--prompts-file needs --out-dir")
    if options.num_glyphs < 1:
        parser.error("--num-glyphs must be at least 1")
    try:
        _run(options)
    except (InputError, OSError, CheckpointError, FloatingPointError) as error:
        _print(f"glyffuser.sample: {error}", sys.stderr)
        return 2
    return 0


def _run(options: argparse.Namespace) -> None:
    """Check everything that can be checked before a step is taken, then draw."""
    requests = [_request(prompt, options) for prompt in _read_prompts(options)]
    _check_output(options)
    pipeline = GlyffuserPipeline.load(options.checkpoint, device=options.device, dtype=DTYPES[options.dtype])
    fingerprint = checkpoint_fingerprint(options.checkpoint)
    if options.fast:
        pipeline.fast_unet = GlyffuserPipeline.load(FAST_CHECKPOINT, options.device, DTYPES[options.dtype]).unet
        fingerprint = checkpoint_fingerprint(FAST_CHECKPOINT)
    requests = [request.with_checkpoint(fingerprint) for request in requests]
    if options.out_dir:
        _sample_each(pipeline, requests, options.out_dir)
    else:
        _sample_grid(pipeline, requests[0], options.out)


def _sample_grid(pipeline: GlyffuserPipeline, request: Request, path: Path) -> None:
    """Write all glyphs of a request as one picture."""
    _write(path, encode_png(tile(_sample(pipeline, request)), request.to_settings()))


def _sample_each(pipeline: GlyffuserPipeline, requests: list[Request], folder: Path) -> None:
    """Write one picture per glyph."""
    for number, request in enumerate(requests):
        for glyph, one in zip(_sample(pipeline, request), request.single_glyphs(), strict=True):
            path = folder / f"{number:04d}-{one.file_stem}-{one.seeds[0]}.png"
            _write(path, encode_png(glyph, one.to_settings()))


def _sample(pipeline: GlyffuserPipeline, request: Request) -> np.ndarray:
    """Finished glyphs, uint8 (batch, 128, 128), with a progress bar on the way."""
    config, prompts = request.config, [request.prompt] * len(request.seeds)
    frames = pipeline.stream(prompts, request.seeds, config)
    for frame in tqdm(frames, total=config.num_inference_steps, desc=request.prompt[:30] or "no prompt", unit="step"):
        finished = frame.x_t
    return x_0_to_uint8(finished)


def _check_output(options: argparse.Namespace) -> None:
    """Check that the pictures can be written where they are to lie; makes the folder.

    Raises:
        InputError: for a name that is not that of a PNG.
        OSError: if nothing can be written there.
    """
    path = options.out
    if path and path.suffix.lower() != ".png":
        raise InputError("out_no_png", "Pictures are PNGs; give a name that ends in .png, not {path}.", path=path)
    if path and path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    folder = path.parent if path else options.out_dir
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(folder)) from error


def _write(path: Path, png: bytes) -> None:
    """Write a whole picture or none: beside an older one, which is replaced at the end."""
    target = path.resolve()  # a link stays one
    unfinished = target.with_name(f".{os.getpid()}.part")
    try:
        unfinished.write_bytes(png)
        unfinished.replace(target)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        unfinished.unlink(missing_ok=True)
    _print(str(path), sys.stdout)


def _print(text: str, stream: TextIO) -> None:
    """Print a line on any console; characters that it lacks as escapes."""
    encoding = stream.encoding or "utf-8"
    print(text.encode(encoding, "backslashreplace").decode(encoding), file=stream)


def _read_prompts(options: argparse.Namespace) -> list[str]:
    if options.prompts_file is None:
        return [clean_prompt(options.prompt)]
    path = options.prompts_file
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InputError("prompts_file_no_text", "{path} is not a text file in UTF-8.", path=path) from error
    # not splitlines: it divides a prompt at characters that end no line, such as a line separator pasted from a page
    lines = [clean_prompt(line, f"Line {number} of {path}") for number, line in enumerate(text.split("\n"), start=1)]
    prompts = [line for line in lines if line]
    if not prompts:
        raise InputError("prompts_file_empty", "{path} holds no prompt.", path=path)
    return prompts


def _request(prompt: str, options: argparse.Namespace) -> Request:
    """The request for a prompt, if the page can draw its pictures again: one a glyph, or the grid."""
    request = check_request(
        prompt,
        num_glyphs=options.num_glyphs if options.out else 1,
        num_inference_steps=options.num_inference_steps,
        guidance_scale=options.guidance_scale,
        pag_scale=options.pag_scale,
        sampler=options.sampler,
        seed=options.seed,
        guidance_interval=tuple(options.guidance_interval),
        pag_interval=tuple(options.pag_interval),
        spacing=options.spacing,
        network=NETWORKS[options.fast],
    )
    return replace(request, seeds=count_up(options.seed, options.num_glyphs))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m glyffuser.sample", description="Sample glyphs for English definitions."
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("prompt", nargs="?", help='an English definition; "" samples without a prompt')
    what.add_argument("--prompts-file", type=Path, metavar="FILE", help="one prompt per line; needs --out-dir")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--out", type=Path, metavar="PNG", help="write all glyphs as one grid; ends in .png")
    where.add_argument("--out-dir", type=Path, metavar="DIR", help="write one PNG per prompt and seed")
    parser.add_argument("--num-glyphs", type=int, default=1, metavar="N", help="glyphs per prompt (default: 1)")
    parser.add_argument(
        "--seed", type=int, default=0, help="seed of the first glyph; the others count up from it (default: 0)"
    )
    parser.add_argument(
        "--fast",
        action="store_true",
        help="draw with the shipped network that was distilled into four steps; it has settings of its own",
    )
    _add_config(parser, SampleConfig())
    parser.add_argument("--checkpoint", type=Path, default=checkpoint_folder(), metavar="DIR", help="model folder")
    parser.add_argument("--device", default=best_device(), help="cpu, cuda or mps (default: %(default)s)")
    parser.add_argument("--dtype", choices=DTYPES, default="float32", help="default: %(default)s")
    return parser


def _add_config(parser: argparse.ArgumentParser, defaults: SampleConfig) -> None:
    """One option per field of the config."""
    parser.add_argument(
        "--num-inference-steps",
        type=int,
        default=defaults.num_inference_steps,
        metavar="N",
        help="denoising steps (default: %(default)s)",
    )
    _add_guidance(parser, "guidance", "classifier-free guidance, 1 is off", defaults)
    _add_guidance(parser, "pag", "perturbed-attention guidance, 0 is off", defaults)
    parser.add_argument("--sampler", choices=SAMPLERS, default=defaults.sampler, help="default: %(default)s")
    parser.add_argument("--spacing", choices=SPACINGS, default=defaults.spacing, help="default: %(default)s")


def _add_guidance(parser: argparse.ArgumentParser, name: str, meaning: str, defaults: SampleConfig) -> None:
    scale, (low, high) = getattr(defaults, f"{name}_scale"), getattr(defaults, f"{name}_interval")
    parser.add_argument(
        f"--{name}-scale", type=float, default=scale, metavar="SCALE", help=f"{meaning} (default: {scale})"
    )
    parser.add_argument(
        f"--{name}-interval",
        type=int,
        nargs=2,
        default=[low, high],
        metavar=("LOW", "HIGH"),
        help=f"first and last timestep at which it acts (default: {low} {high})",
    )


if __name__ == "__main__":
    sys.exit(main())
