"""One denoising step as pictures, numbers and curves."""

import plotly.graph_objects as go
import torch

from glyffuser.attention import WordAttention
from glyffuser.images import encode_png, heat_to_rgb, signed_to_rgb, x_0_to_uint8
from glyffuser.one_step import OneStep, Prediction
from glyffuser.ui.figures import figure, figures
from glyffuser.ui.streaming import data_url
from glyffuser.ui.text import say

STRIP_TIMESTEPS = [999, 900, 750, 600, 450, 300, 150, 50]


def step_as_html(step: OneStep) -> str:
    """All pictures and numbers of one step, each with what it shows."""
    given = [
        _figure(step.prior, say("step.prior"), say("step.prior_info")),
        *([_figure(step.x_0, say("step.x_0"), say("step.x_0_info"))] if step.x_0 is not None else []),
        _figure(step.noise, say("step.noise"), say("step.noise_info")),
        _figure(step.x_t, say("step.x_t"), _shown(step)),
    ]
    difference = figure(
        signed_to_rgb(step.difference)[0],
        say("step.difference"),
        say("step.difference_info"),
        below=f'<p class="glyff-legend"><span>{say("step.more_ink")}</span><span>{say("step.more_paper")}</span></p>',
    )
    sections = [
        ("step.in", given),
        ("step.out_without", _answer(step, step.without_prompt)),
        ("step.out_with", [*_answer(step, step.with_prompt), difference]),
    ]
    return "".join(f"<h2>{say(title)}</h2>{figures(items)}" for title, items in sections)


def _shown(step: OneStep) -> str:
    if step.x_0 is None:
        return say("step.x_t_noise", timestep=step.timestep)
    return say("step.x_t_info", log_snr=f"{step.log_snr:.1f}")


def _answer(step: OneStep, answer: Prediction) -> list[str]:
    to = max(step.timestep - step.stride, 0)
    glyph_info = say("step.pred_x_0_info")
    if answer.x_0_error is not None:
        glyph_info += say("step.error", error=f"{answer.x_0_error:.2g}")
    noise_info = say("step.eps_info") + say("step.error", error=f"{answer.noise_error:.2g}")
    return [
        _figure(answer.eps, say("step.eps"), noise_info),
        _figure(answer.pred_x_0, say("step.pred_x_0"), glyph_info),
        _figure(answer.ddim, say("step.ddim", timestep=to), say("step.ddim_info")),
        _figure(answer.ddpm, say("step.ddpm", timestep=to), say("step.ddpm_info")),
    ]


def strips_as_html(steps: list[OneStep]) -> str:
    """Three rows over timesteps: the noised glyph, and the guess without and with the prompt."""
    shown = sorted((step for step in steps if step.timestep in STRIP_TIMESTEPS), key=lambda step: -step.timestep)
    rows = [
        (say("step.strip_x_t"), [step.x_t for step in shown]),
        (say("step.strip_without"), [step.without_prompt.pred_x_0 for step in shown]),
        (say("step.strip_with"), [step.with_prompt.pred_x_0 for step in shown]),
    ]
    return "".join(_strip(title, pictures, shown) for title, pictures in rows)


def _strip(title: str, pictures: list[torch.Tensor], steps: list[OneStep]) -> str:
    """A row of pictures, each below its timestep."""
    items = []
    for x, step in zip(pictures, steps, strict=True):
        alt = say("step.strip_alt", title=title, timestep=step.timestep)
        items.append(figure(x_0_to_uint8(x)[0], alt, "", heading=str(step.timestep)))
    return f'<h3>{title}</h3><div class="glyff-strip">{"".join(items)}</div>'


def error_curve(steps: list[OneStep]) -> go.Figure:
    """Errors of the predicted noise and of the predicted glyph against timestep, with and without the prompt."""
    timesteps = [step.timestep for step in steps]
    plot = go.Figure()
    for error, dash in (("noise_error", "solid"), ("x_0_error", "dot")):
        for answer, color in (("without_prompt", "#8d8373"), ("with_prompt", "#c63f31")):
            errors = [getattr(getattr(step, answer), error) for step in steps]
            name, line = say(f"step.{error}_{answer}"), {"color": color, "dash": dash}
            plot.add_scatter(x=timesteps, y=errors, name=name, line=line)
    plot.update_layout(
        xaxis_title=say("step.curve_x"),
        yaxis_title=say("step.curve_y"),
        yaxis_type="log",
        height=320,
        margin={"l": 60, "r": 10, "t": 10, "b": 40},
        legend={"orientation": "h", "y": 1.1},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font_color="#6f675c",
    )
    return plot


def step_as_json(step: OneStep) -> dict:
    """The same for programs."""

    def picture(x: torch.Tensor | None) -> str | None:
        return None if x is None else data_url(encode_png(x_0_to_uint8(x)[0]), "image/png")

    def answer(prediction: Prediction) -> dict:
        pictures = {name: picture(getattr(prediction, name)) for name in ("eps", "pred_x_0", "ddim", "ddpm")}
        return pictures | {"noise_error": prediction.noise_error, "x_0_error": prediction.x_0_error}

    return {
        "timestep": step.timestep,
        "stride": step.stride,
        "log_snr": step.log_snr,
        **{name: picture(getattr(step, name)) for name in ("x_0", "noise", "x_t", "prior")},
        "difference": data_url(encode_png(signed_to_rgb(step.difference)[0]), "image/png"),
        "with_prompt": answer(step.with_prompt),
        "without_prompt": answer(step.without_prompt),
    }


def _figure(x: torch.Tensor, title: str, caption: str) -> str:
    return figure(x_0_to_uint8(x)[0], title, caption)


def words_as_html(title: str, attention: WordAttention, x_0: torch.Tensor) -> str:
    """A heat map per token over the glyph, scaled to its own greatest value, with its share of all attention.

    Args:
        title: what stands above.
        attention: of any number of timesteps, over which it is averaged.
        x_0: (1, 1, 128, 128), the glyph beneath.
    """
    maps = attention.maps.mean(dim=0)
    pixels = x_0_to_uint8(x_0)[0]
    heats = (maps / maps.amax(dim=(1, 2), keepdim=True)).numpy()
    shares = maps.mean(dim=(1, 2)).tolist()
    shown = []
    for token, heat, share in zip(attention.tokens, heats, shares, strict=True):
        caption = say("step.attention_share", share=f"{100 * share:.2g}")
        alt = say("step.attention", token=token)
        shown.append(figure(heat_to_rgb(pixels, heat), alt, caption, heading=token))
    return f"<h3>{title}</h3>{figures(shown)}"
