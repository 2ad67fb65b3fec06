"""Time the network in a browser beside torch: `make bench-browser`.

A Chromium opens the page and calls the network on the processor, with one thread and with two, in turn with torch in
this process. WebGPU is not measured: it takes a graphics card, and software adapters say nothing about one.
"""

import argparse
import os
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import torch

from glyffuser.bench import CHROMIUMS
from glyffuser.checkpoint import checkpoint_folder
from glyffuser.command import ends_in_one_line
from glyffuser.config import GLYPH_SIZE, SampleConfig
from glyffuser.pipeline import GlyffuserPipeline
from glyffuser.unet import predict

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from glyffuser.ui.context import AppContext

ROWS = (1, 4)
"""Rows of a call; the browser sends at most four at a time."""

FIELDS = ["gold", 1, "full", 1, 1.0, 0.0, "ddim", "even", 0, 999, 0, 999, 0, False]
"""A request as the page's fields hold it, of which only the prompt counts here."""

COMPONENT = "document.querySelector('#own-device .glyff-device').parentElement.component"

MEGABYTE = 1e6


@dataclass(frozen=True)
class BrowserTimings:
    """Measurements of one number of threads.

    Attributes:
        seconds: of each call, by its rows.
        cold: seconds from nothing to the first answer, files fetched from this machine.
        warm: the same on a second visit, files kept by the browser.
        memory: peak of the tab in megabytes; None where it cannot be read.
    """

    seconds: dict[int, list[float]]
    cold: float
    warm: float
    memory: float | None


def measure(url: str, pipeline: GlyffuserPipeline, repeats: int) -> tuple[dict[int, BrowserTimings], dict]:
    """Time browser and torch in turn.

    Args:
        url: of the page.
        pipeline: on the CPU.
        repeats: rounds of each kind.

    Returns:
        The browser's timings by number of threads; torch's seconds by (threads, rows).
    """
    browsers: dict[int, BrowserTimings] = {}
    torch_seconds: dict[tuple[int, int], list[float]] = {}
    for threads in (1, 2):
        with open_page(url, threads) as page:
            cold = first_answer(page)
            page.reload()
            warm = first_answer(page)
            seconds: dict[int, list[float]] = {rows: [] for rows in ROWS}
            for _ in range(repeats):
                for rows in ROWS:
                    seconds[rows] += time_calls(page, rows, 2)[1:]  # the first one warms up
                    torch_seconds.setdefault((threads, rows), []).append(time_torch(pipeline, threads, rows))
            browsers[threads] = BrowserTimings(seconds, cold, warm, peak_memory())
    return browsers, torch_seconds


@contextmanager
def open_page(url: str, threads: int) -> "Iterator[Page]":
    """The page in a new Chromium that believes in so many cores."""
    import shutil

    from playwright.sync_api import sync_playwright

    executable = next(filter(None, map(shutil.which, CHROMIUMS)), None)
    with sync_playwright() as playwright:
        browser: Browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        with browser:
            page = browser.new_page()
            page.set_default_timeout(120_000)
            page.add_init_script(f"Object.defineProperty(navigator, 'hardwareConcurrency', {{ get: () => {threads} }})")
            page.goto(url)
            yield page


def first_answer(page: "Page") -> float:
    """Seconds until the network has answered once."""
    page.wait_for_selector("#own-device .glyff-device[data-backend=wasm]")
    start = time.perf_counter()
    time_calls(page, 1, 1)
    return time.perf_counter() - start


def time_calls(page: "Page", rows: int, calls: int) -> list[float]:
    """Seconds of calls of the network in the browser."""
    return page.evaluate(f"([fields, rows, calls]) => {COMPONENT}.time(fields, rows, calls)", [FIELDS, rows, calls])


@torch.inference_mode()
def time_torch(pipeline: GlyffuserPipeline, threads: int, rows: int) -> float:
    """Seconds of one call of the network in torch."""
    torch.set_num_threads(threads)
    x_t = torch.randn(rows, 1, GLYPH_SIZE, GLYPH_SIZE)
    conditioning = pipeline.encode_prompts(["gold"] * rows)
    start = time.perf_counter()
    predict(pipeline.unet, x_t, torch.full((rows,), 519), conditioning)
    return time.perf_counter() - start


def peak_memory() -> float | None:
    """Peak resident memory in megabytes of the largest tab that this process started (Linux)."""
    proc = Path("/proc")
    peaks = [0.0]
    for folder in proc.glob("[0-9]*"):
        try:
            if b"--type=renderer" in (folder / "cmdline").read_bytes() and os.getpid() in _ancestors(folder):
                status = (folder / "status").read_text(encoding="utf-8")
                peaks += [int(line.split()[1]) / 1e3 for line in status.splitlines() if line.startswith("VmHWM")]
        except OSError:  # a process that has ended
            continue
    return max(peaks) or None


def _ancestors(folder: Path) -> Iterator[int]:
    """Process numbers of a process's parent, its parent, and so on."""
    while folder.name != "0":
        parent = (folder / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1]
        yield int(parent)
        folder = folder.parent / parent
        if not folder.exists():
            return


def report(browsers: dict[int, BrowserTimings], torch_seconds: dict) -> str:
    """A Markdown table of seconds a row, start and memory."""
    lines = ["| seconds a row, median | 1 row a call | 4 rows a call | start | start, files kept | peak memory |"]
    lines.append("|---|---|---|---|---|---|")
    for threads, timings in browsers.items():
        memory = f"{timings.memory:.0f} MB" if timings.memory else "not measured"
        cells = [_a_row(timings.seconds[rows], rows) for rows in ROWS]
        cells += [f"{timings.cold:.1f} s", f"{timings.warm:.1f} s", memory]
        lines.append(f"| browser, {_threads(threads)} | {' | '.join(cells)} |")
    for threads in browsers:
        cells = [_a_row(torch_seconds[threads, rows], rows) for rows in ROWS]
        lines.append(f"| torch, {_threads(threads)} | {' | '.join(cells)} | | | |")
    return "\n".join(lines)


def rows_of_a_glyph(config: SampleConfig) -> int:
    """Rows that a run computes for each glyph."""
    from glyffuser.spacing import spaced_timesteps

    timesteps = spaced_timesteps(config.num_inference_steps, config.spacing)
    return sum(1 + config.is_guided_at(timestep) + config.is_perturbed_at(timestep) for timestep in timesteps)


def sizes(context: "AppContext") -> str:
    """What a visitor fetches, in a sentence."""
    from glyffuser.ui.own_device import device_files

    files = device_files(context).get(SampleConfig.network)
    if files is None:
        raise ValueError("this checkpoint has no graph: write it with `python -m glyffuser.training.onnx_graph`")
    parts = {"graph": files["graph"], "weights": files["weights"], "runtime": files["wasm"]["wasm"]}
    total = sum(file["size"] for file in parts.values())
    listed = ", ".join(f"{name} {file['size'] / MEGABYTE:.1f} MB" for name, file in parts.items())
    return f"Fetched once: {total / MEGABYTE:.1f} MB ({listed})."


def _a_row(seconds: list[float], rows: int) -> str:
    return f"{statistics.median(seconds) / rows:.3f} ({min(seconds) / rows:.3f} to {max(seconds) / rows:.3f})"


def _threads(count: int) -> str:
    return "1 thread" if count == 1 else f"{count} threads"


@ends_in_one_line
def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark and print a Markdown table; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m glyffuser.bench_browser",
        description="Time the network in a browser, on the processor, beside torch.",
    )
    parser.add_argument("--repeats", type=int, default=7, help="rounds of each kind (default: 7)")
    options = parser.parse_args(arguments)

    from glyffuser.ui.context import AppContext
    from glyffuser.ui.page import build_page, launch_options

    context = AppContext.load(GlyffuserPipeline.load(checkpoint_folder()))
    page = build_page(context)
    _, url, _ = page.launch(**launch_options(context), prevent_thread_lock=True, quiet=True)
    browsers, torch_seconds = measure(url, context.pipeline, options.repeats)
    page.close()
    print(f"{sizes(context)} A glyph takes {rows_of_a_glyph(SampleConfig())} rows at the defaults.\n")
    print(report(browsers, torch_seconds))
    return 0


if __name__ == "__main__":
    sys.exit(main())
