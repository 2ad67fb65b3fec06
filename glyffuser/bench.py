"""How fast a machine samples, and what the page adds: `make bench`.

Runs of each kind alternate, and medians are compared, since other work on a machine disturbs single timings.
"""

import argparse
import os
import statistics
import sys
import time

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import torch
from torch.utils.flop_counter import FlopCounterMode

from glyffuser.checkpoint import checkpoint_folder
from glyffuser.config import GLYPH_SIZE, SampleConfig
from glyffuser.pipeline import GlyffuserPipeline, best_device
from glyffuser.unet import predict

SETTINGS = {"num_inference_steps": 20, "guidance_scale": 5.0, "pag_scale": 3.0, "sampler": "dpm++"}


def time_bare_loop(pipeline: GlyffuserPipeline, num_glyphs: int) -> float:
    """Seconds for the sampling loop alone."""
    start = time.perf_counter()
    for _frame in pipeline.stream(["gold"] * num_glyphs, list(range(num_glyphs)), SampleConfig(**SETTINGS)):
        pass
    return time.perf_counter() - start


def time_page(client, num_glyphs: int) -> tuple[float, float]:
    """Seconds until the first frame and until the last, as a client of the running page sees them."""
    start = time.perf_counter()
    job = client.submit(prompt="gold", num_glyphs=num_glyphs, seed=0, api_name="/generate", **SETTINGS)
    first = None
    for _frame in job:
        first = first or time.perf_counter() - start
    return first, time.perf_counter() - start


def describe_network(pipeline: GlyffuserPipeline) -> str:
    """Sizes of the networks, and what one call for one glyph computes (an addition counts like a multiplication)."""
    million = {
        name: sum(p.numel() for p in getattr(pipeline, name).parameters()) / 1e6 for name in ("unet", "glyph_prior")
    }
    timesteps, told = torch.zeros(1, dtype=torch.int64, device=pipeline.device), pipeline.encode_prompts(["gold"])
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        predict(pipeline.unet, torch.zeros(1, 1, GLYPH_SIZE, GLYPH_SIZE, device=pipeline.device), timesteps, told)
    return (
        f"U-net: {million['unet']:.1f} million parameters, {counter.get_total_flops() / 1e9:.1f} GFLOP a call; "
        f"glyph prior: {million['glyph_prior']:.1f} million parameters\n"
    )


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark and print a Markdown table; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m glyffuser.bench", description=__doc__.splitlines()[0])
    parser.add_argument("--num-glyphs", type=int, default=4, help="glyphs a run (default: 4)")
    parser.add_argument("--repeats", type=int, default=7, help="runs of each kind (default: 7)")
    options = parser.parse_args(arguments)

    from gradio_client import Client

    from glyffuser.ui.page import build_page, launch_options

    pipeline = GlyffuserPipeline.load(checkpoint_folder(), device=best_device())
    print(describe_network(pipeline))
    page = build_page(pipeline)
    _, url, _ = page.launch(**launch_options(), prevent_thread_lock=True, quiet=True)
    client = Client(url, verbose=False)
    time_bare_loop(pipeline, options.num_glyphs), time_page(client, options.num_glyphs)  # warm up
    bare, first, whole = [], [], []
    for _ in range(options.repeats):
        bare.append(time_bare_loop(pipeline, options.num_glyphs))
        to_first, to_last = time_page(client, options.num_glyphs)
        first.append(to_first)
        whole.append(to_last)
    page.close()

    def median(seconds: list[float]) -> str:
        return f"{statistics.median(seconds):.2f} s ({min(seconds):.2f} to {max(seconds):.2f})"

    ratio = statistics.median(whole) / statistics.median(bare)
    settings = ", ".join(f"{name} {value}" for name, value in SETTINGS.items())
    print(f"{options.num_glyphs} glyphs, {settings}, {pipeline.device}, {options.repeats} runs of each kind\n")
    print("| what | median (least to most) |\n|---|---|")
    print(f"| sampling loop alone | {median(bare)} |")
    print(f"| through the page, to the last frame | {median(whole)}, {ratio:.2f} times the loop |")
    print(f"| through the page, to the first frame | {median(first)} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
