"""One denoising step as pictures, numbers and curves."""

import plotly.graph_objects as go
import torch

from glyffuser.attention import WordAttention
from glyffuser.images import encode_png, heat_to_rgb, signed_to_rgb, x_0_to_uint8
from glyffuser.one_step import Prediction, SingleStep
from glyffuser.ui.figures import figure, figures
from glyffuser.ui.components.frame_player import data_url

STRIP_TIMESTEPS = [999, 900, 750, 600, 450, 300, 150, 50]


def step_as_html(step: SingleStep) -> str:
    """All pictures and numbers of one step, each with what it shows."""
    given = [
        _figure(step.prior, "Prior", "What the words alone suggest."),
        *([_figure(step.x_0, "Clean glyph x₀", "What is hidden in the noise.")] if step.x_0 is not None else []),
        _figure(step.noise, "Noise", "Drawn from the seed."),
        _figure(step.x_t, "Noisy glyph xₜ", _shown(step)),
    ]
    difference = figure(
        signed_to_rgb(step.difference)[0],
        "Difference",
        "What the definition changes in the guess.",
        below='<p class="glyff-legend"><span>more ink</span><span>more paper</span></p>',
    )
    return (
        f"<h3>What goes in</h3>{figures(given)}"
        f"<h3>What comes out, without the prompt</h3>{figures(_answer(step, step.without_prompt))}"
        f"<h3>What comes out, with the prompt</h3>{figures([*_answer(step, step.with_prompt), difference])}"
    )


def _shown(step: SingleStep) -> str:
    if step.x_0 is None:
        return f"What the network is shown: noise alone. It is told that this is timestep {step.timestep}."
    return f"What the network is shown: log-SNR {step.log_snr:.1f} (0: as much signal as noise; negative: more noise)."


def _answer(step: SingleStep, answer: Prediction) -> list[str]:
    to = max(step.timestep - step.stride, 0)
    error = "" if answer.x_0_error is None else f" Mean squared error {answer.x_0_error:.2g}."
    return [
        _figure(answer.eps, "Predicted noise", f"The noise it sees. Mean squared error {answer.noise_error:.2g}."),
        _figure(answer.pred_x_0, "Predicted glyph", f"What it sees behind the noise.{error}"),
        _figure(answer.ddim, f"Step to {to}, DDIM", "Part of the noise taken away, nothing added."),
        _figure(answer.ddpm, f"Step to {to}, DDPM", "More taken away, fresh noise added."),
    ]


def strips_as_html(steps: list[SingleStep]) -> str:
    """Three rows over timesteps: the noised glyph, and the guess without and with the prompt."""
    shown = sorted((step for step in steps if step.timestep in STRIP_TIMESTEPS), key=lambda step: -step.timestep)
    rows = [
        ("Noisy glyph", [step.x_t for step in shown]),
        ("Guess without the prompt", [step.without_prompt.pred_x_0 for step in shown]),
        ("Guess with the prompt", [step.with_prompt.pred_x_0 for step in shown]),
    ]
    return "".join(
        f'<h4>{title}</h4><div class="glyff-strip">'
        + "".join(
            figure(x_0_to_uint8(x)[0], f"{title} at {step.timestep}", "", heading=str(step.timestep))
            for x, step in zip(pictures, shown, strict=True)
        )
        + "</div>"
        for title, pictures in rows
    )


def error_curve(steps: list[SingleStep]) -> go.Figure:
    """Errors of the predicted noise and of the predicted glyph against timestep, with and without the prompt."""
    timesteps = [step.timestep for step in steps]
    plot = go.Figure()
    for of_what, error, dash in (("noise", "noise_error", "solid"), ("glyph", "x_0_error", "dot")):
        for with_or_without, answer, color in (
            ("without", "without_prompt", "#8d8373"),
            ("with", "with_prompt", "#c63f31"),
        ):
            errors = [getattr(getattr(step, answer), error) for step in steps]
            line = {"color": color, "dash": dash}
            plot.add_scatter(x=timesteps, y=errors, name=f"{of_what}, {with_or_without} prompt", line=line)
    plot.update_layout(
        xaxis_title="timestep",
        yaxis_title="mean squared error",
        yaxis_type="log",
        height=320,
        margin={"l": 60, "r": 10, "t": 10, "b": 40},
        legend={"orientation": "h", "y": 1.1},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font_color="#6f675c",
    )
    return plot


def step_as_json(step: SingleStep) -> dict:
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
    shown = [
        figure(heat_to_rgb(pixels, heat), f"Attention to {token}", f"{share:.2g} % of the attention", heading=token)
        for token, heat, share in zip(attention.tokens, heats, [100 * share for share in shares], strict=True)
    ]
    return f"<h4>{title}</h4>{figures(shown)}"
