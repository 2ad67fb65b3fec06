"""Time the sampling loop alone and through the page: `make bench`.

Runs of both kinds alternate, and medians are compared, since other work on a machine disturbs single timings.
"""

import argparse
import os
import shutil
import statistics
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import torch
from torch.utils.flop_counter import FlopCounterMode

from glyffuser.checkpoint import FAST_CHECKPOINT, checkpoint_folder
from glyffuser.command import ends_in_one_line
from glyffuser.config import FAST_CONFIG, GLYPH_SIZE, SampleConfig
from glyffuser.images import encode_png, tile, x_0_to_uint8
from glyffuser.pipeline import GlyffuserPipeline, best_device
from glyffuser.unet import predict

if TYPE_CHECKING:
    from gradio_client import Client
    from playwright.sync_api import Browser

CONFIG = SampleConfig(num_inference_steps=20, guidance_scale=5.0, pag_scale=3.0, sampler="dpm++", spacing="even")
SETTINGS = ("num_inference_steps", "guidance_scale", "pag_scale", "sampler", "spacing")
"""Fields of `CONFIG` that are named here, so that timings stay comparable when defaults change; sent to the page."""


SETTLE_MILLISECONDS = 4000
"""Until everything that a first visit fetches has come; the page keeps one connection open, so it is never idle."""

CLASS_RUNS, CLASS_GLYPHS = 30, 4
"""A class: a run a pupil, of as many glyphs as the page draws on a CPU."""

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")


@dataclass(frozen=True)
class Timings:
    """Seconds of each run.

    Attributes:
        bare: the sampling loop alone.
        first: through the page, until the first frame.
        last: through the page, until the last frame.
    """

    bare: list[float]
    first: list[float]
    last: list[float]


@dataclass(frozen=True)
class Visit:
    """A browser's first visit.

    Attributes:
        megabytes: moved over the network, compressed as they came.
        num_requests: answers received.
        first_paint: seconds until something was painted (first contentful paint).
        player: seconds until the frame player was there.
    """

    megabytes: float
    num_requests: int
    first_paint: float
    player: float


def time_bare_loop(pipeline: GlyffuserPipeline, num_glyphs: int) -> float:
    """Seconds for the sampling loop alone."""
    start = time.perf_counter()
    for _frame in pipeline.stream(["gold"] * num_glyphs, list(range(num_glyphs)), CONFIG):
        pass
    return time.perf_counter() - start


def time_page(client: "Client", num_glyphs: int) -> tuple[float, float]:
    """Seconds until the first frame and until the last, as a client of the running page receives them."""
    settings = {name: getattr(CONFIG, name) for name in SETTINGS}
    start = time.perf_counter()
    job = client.submit(prompt="gold", num_glyphs=num_glyphs, seed=0, api_name="/generate", **settings)
    seconds = [time.perf_counter() - start for _frame in job]
    return seconds[0], time.perf_counter() - start


def time_runs(pipeline: GlyffuserPipeline, client: "Client", num_glyphs: int, repeats: int) -> Timings:
    """Time both kinds of runs in turn, after one of each as a warm-up."""
    time_bare_loop(pipeline, num_glyphs), time_page(client, num_glyphs)
    timings = Timings([], [], [])
    for _ in range(repeats):
        timings.bare.append(time_bare_loop(pipeline, num_glyphs))
        first, last = time_page(client, num_glyphs)
        timings.first.append(first)
        timings.last.append(last)
    return timings


def time_to_png(pipeline: GlyffuserPipeline, config: SampleConfig, num_glyphs: int) -> float:
    """Seconds from the call to one PNG of all glyphs."""
    start = time.perf_counter()
    for frame in pipeline.stream(["gold"] * num_glyphs, list(range(num_glyphs)), config):
        finished = frame.x_t
    encode_png(tile(x_0_to_uint8(finished)))
    return time.perf_counter() - start


def networks_table(pipeline: GlyffuserPipeline, repeats: int) -> str:
    """Both networks in turn, each as the page draws by default, as rows of `table`; full over fast, run by run."""
    rows = []
    for num_glyphs in (1, CLASS_GLYPHS):
        seconds: dict[str, list[float]] = {"full": [], "fast": []}
        for number in range(repeats + 1):
            for name, config in (("full", SampleConfig()), ("fast", FAST_CONFIG)):
                taken = time_to_png(pipeline, config, num_glyphs)
                if number:  # the first is a warm-up
                    seconds[name].append(taken)
        ratio = statistics.median(full / fast for full, fast in zip(*seconds.values(), strict=True))
        glyphs = "1 glyph" if num_glyphs == 1 else f"{num_glyphs} glyphs"
        rows += [f"| {name} network, {glyphs} to PNG | {_median(each)} |" for name, each in seconds.items()]
        rows.append(f"| full over fast, {glyphs} | {ratio:.1f} |")
    whole = {name: CLASS_RUNS * statistics.median(each) for name, each in seconds.items()}
    of_class = f"{CLASS_RUNS} runs of {CLASS_GLYPHS} glyphs, one after the other"
    return "\n".join([*rows, *(f"| {name} network, {of_class} | {each:.0f} s |" for name, each in whole.items())])


def first_visits(url: str, repeats: int) -> list[Visit]:
    """Visits of a browser that has cached nothing; none where playwright or a Chromium is missing."""
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError:
        return []
    executable = next(filter(None, map(shutil.which, CHROMIUMS)), None)
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        except Error:  # no browser
            return []
        with browser:
            return [_visit(browser, url) for _ in range(repeats)]


def _visit(browser: "Browser", url: str) -> Visit:
    with browser.new_context() as context:
        page = context.new_page()
        received: list[float] = []
        network = context.new_cdp_session(page)
        network.send("Network.enable")
        network.on("Network.loadingFinished", lambda event: received.append(event["encodedDataLength"]))
        start = time.perf_counter()
        page.goto(url)
        page.wait_for_selector("#player .glyff-player")
        seconds = time.perf_counter() - start
        page.wait_for_timeout(SETTLE_MILLISECONDS)
        (paint,) = page.evaluate("performance.getEntriesByName('first-contentful-paint').map((one) => one.startTime)")
        return Visit(sum(received) / 1e6, len(received), paint / 1000, seconds)


def visits_table(visits: list[Visit]) -> str:
    """Medians and ranges of first visits as rows of `table`."""
    if not visits:
        return "| first visit of a browser | not measured: playwright or a Chromium is missing |"
    megabytes = statistics.median(visit.megabytes for visit in visits)
    requests = statistics.median(visit.num_requests for visit in visits)
    return "\n".join(
        (
            f"| first visit: moved over the network | {megabytes:.2f} MB in {requests:.0f} requests |",
            f"| first visit: first paint | {_median([visit.first_paint for visit in visits])} |",
            f"| first visit: frame player there | {_median([visit.player for visit in visits])} |",
        )
    )


def describe_network(pipeline: GlyffuserPipeline) -> str:
    """Sizes of the networks, and operations of one U-net call for one glyph (multiplications and additions)."""
    million = {
        name: sum(p.numel() for p in getattr(pipeline, name).parameters()) / 1e6 for name in ("unet", "glyph_prior")
    }
    x_t = torch.zeros(1, 1, GLYPH_SIZE, GLYPH_SIZE, device=pipeline.device)
    timesteps, conditioning = torch.zeros(1, dtype=torch.int64).to(x_t.device), pipeline.encode_prompts(["gold"])
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        predict(pipeline.unet, x_t, timesteps, conditioning)
    return (
        f"U-net: {million['unet']:.1f} million parameters, {counter.get_total_flops() / 1e9:.1f} GFLOP a call; "
        f"glyph prior: {million['glyph_prior']:.1f} million parameters\n"
    )


def table(timings: Timings) -> str:
    """Medians and ranges as a Markdown table."""
    ratio = statistics.median(timings.last) / statistics.median(timings.bare)
    return "\n".join(
        (
            "| what | median (least to most) |\n|---|---|",
            f"| sampling loop alone | {_median(timings.bare)} |",
            f"| through the page, to the last frame | {_median(timings.last)}, {ratio:.2f} times the loop |",
            f"| through the page, to the first frame | {_median(timings.first)} |",
        )
    )


def _median(seconds: list[float]) -> str:
    return f"{statistics.median(seconds):.2f} s ({min(seconds):.2f} to {max(seconds):.2f})"


@ends_in_one_line
def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark and print a Markdown table; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m glyffuser.bench", description=__doc__.splitlines()[0])
    parser.add_argument("--num-glyphs", type=int, default=4, help="glyphs per run (default: 4)")
    parser.add_argument("--repeats", type=int, default=7, help="runs of each kind (default: 7)")
    options = parser.parse_args(arguments)

    from gradio_client import Client

    from glyffuser.ui.context import AppContext
    from glyffuser.ui.page import build_page, launch_options

    pipeline = GlyffuserPipeline.load(checkpoint_folder(), device=best_device())
    pipeline.fast_unet = GlyffuserPipeline.load(FAST_CHECKPOINT, device=best_device()).unet
    print(describe_network(pipeline))
    context = AppContext.load(pipeline)
    page = build_page(context)
    _, url, _ = page.launch(**launch_options(context), prevent_thread_lock=True, quiet=True)
    timings = time_runs(pipeline, Client(url, verbose=False), options.num_glyphs, options.repeats)
    networks = networks_table(pipeline, options.repeats)
    visits = first_visits(url, options.repeats)
    page.close()
    settings = ", ".join(f"{name} {getattr(CONFIG, name)}" for name in SETTINGS)
    print(f"{options.num_glyphs} glyphs, {settings}, {pipeline.device}, {options.repeats} runs of each kind\n")
    print(table(timings))
    print(networks)
    print(visits_table(visits))
    return 0


if __name__ == "__main__":
    sys.exit(main())
