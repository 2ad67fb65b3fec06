"""The switch "on the server / on this device", and the network in the visitor's browser."""

from typing import Any

import gradio as gr

from glyffuser.ui.components import build_component
from glyffuser.ui.device_protocol import DeviceConfig, DeviceFiles, NoiseSchedule
from glyffuser.ui.static_files import StaticFiles


def build_own_device(
    static_files: StaticFiles,
    files: dict[str, DeviceFiles],
    schedule: NoiseSchedule,
    usual: tuple[DeviceConfig, int],
    urls: tuple[str, str, str],
    **kwargs: Any,
) -> gr.HTML:
    """A component that draws runs in the browser; its value is a `DeviceValue`, into which the page puts its orders.

    Its events:
        click: a run has begun; its first message is in the value.
        input: there is another message for the frame player in the value.
        select: the device could not draw; the server is to do it.
        submit: the visitor no longer waits for the server; the device is to draw.

    Args:
        static_files: serve its modules.
        files: what has to be fetched for each network.
        schedule: noise schedule of training.
        usual: config and number of glyphs of a fresh page, of which the time is estimated.
        urls: addresses of `begin`, `finish` and `wait` of `glyffuser.ui.own_device`.
        kwargs: as for `gr.HTML`.
    """
    return build_component(
        "own_device",
        static_files,
        "own_device.html",
        files=files,
        schedule=schedule,
        usual=usual[0],
        usual_num_glyphs=usual[1],
        begin_url=urls[0],
        finish_url=urls[1],
        wait_url=urls[2],
        **kwargs,
    )
