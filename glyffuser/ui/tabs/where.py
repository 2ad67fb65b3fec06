"""Where Generate draws: on the server, or on the visitor's own device."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import gradio as gr

from glyffuser.config import SampleConfig
from glyffuser.ui.components.own_device import build_own_device
from glyffuser.ui.context import AppContext
from glyffuser.ui.own_device import BEGIN_URL, FINISH_URL, WAIT_URL, device_config, device_files, noise_schedule
from glyffuser.ui.request import default_num_glyphs, default_num_steps
from glyffuser.ui.runs import QUICK

ROUTE = """(device, runs, ...fields) => {
  const id = (device?.order?.id ?? 0) + 1;
  return device?.where === "device"
    ? [{ ...device, message: null, order: { id, kind: "start", fields } }, runs]
    : [{ ...device, message: null, order: { id, kind: "server", fields: [] } }, runs + 1];
}"""
"""In the browser: order the run of the device, or count one more run of the server."""

STOP = """(device) => ({
  ...device, message: null, order: { id: (device?.order?.id ?? 0) + 1, kind: "stop", fields: [] },
})"""

IN_BROWSER = QUICK | {"fn": None, "trigger_mode": "multiple"}
"""For events that never leave the browser."""


@dataclass(frozen=True)
class Where:
    """The switch and what it starts.

    Attributes:
        own_device: the switch, and the network in the browser.
        server_runs: hidden; its change starts a run on the server.
    """

    own_device: gr.HTML
    server_runs: gr.Number

    def route(self, starts: Sequence[Callable], fields: Sequence[gr.components.Component]) -> None:
        """Send runs where the visitor wants them.

        Args:
            starts: events that start a run.
            fields: what decides it, in the order of `glyffuser.ui.tabs.settings.request_of`.
        """
        inputs, outputs = [self.own_device, self.server_runs, *fields], [self.own_device, self.server_runs]
        for start in (*starts, self.own_device.submit):
            start(inputs=inputs, outputs=outputs, js=ROUTE, **IN_BROWSER)

    def connect(self, player: gr.HTML, seed: gr.Number, stop: gr.Button) -> None:
        """Show the frames of the device, end its run on Stop, and let the server draw where it fails."""
        device = self.own_device
        device.input(inputs=device, outputs=player, js="(device) => device.message", **IN_BROWSER)
        device.click(inputs=device, outputs=seed, js="(device) => device.message.seeds[0]", **IN_BROWSER)
        device.select(inputs=self.server_runs, outputs=self.server_runs, js="(runs) => runs + 1", **IN_BROWSER)
        stop.click(inputs=device, outputs=device, js=STOP, **IN_BROWSER)


def build_where(context: AppContext) -> Where | None:
    """Lay out the switch; None where the model cannot run in a browser."""
    files = device_files(context)
    if SampleConfig.network not in files:
        return None
    device = context.pipeline.device
    config = SampleConfig(num_inference_steps=default_num_steps(device))
    own_device = build_own_device(
        context.static_files,
        files,
        noise_schedule(context.pipeline.scheduler),
        usual=(device_config(config), default_num_glyphs(device)),
        urls=(BEGIN_URL, FINISH_URL, WAIT_URL),
        elem_id="own-device",
    )
    return Where(own_device, gr.Number(0, visible="hidden", precision=0))
