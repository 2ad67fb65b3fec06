import pytest
import torch

from glyffuser.data.glyphs import GlyphRenderer
from glyffuser.images import uint8_to_x_0
from glyffuser.one_step import take_step, take_steps
from glyffuser.pipeline import initial_noise


@pytest.fixture(scope="module")
def river() -> torch.Tensor:
    return uint8_to_x_0(GlyphRenderer().render_all("河"))


def test_the_noised_glyph_agrees_with_diffusers(pipeline, river):
    step = take_step(pipeline, "river", 3, 600, river)
    expected = pipeline.scheduler.add_noise(river, initial_noise([3])[0], torch.tensor([600]))
    assert torch.allclose(step.x_t, expected, atol=1e-6)


@pytest.mark.parametrize("timestep", [50, 400])
def test_predicted_noise_and_glyph_add_up_to_x_t(pipeline, river, timestep):
    """Where nothing had to be clipped, the two answers are two ways of saying one thing."""
    step = take_step(pipeline, "river", 3, timestep, river)
    alpha_bar = pipeline.scheduler.alphas_cumprod[timestep]
    assert step.log_snr == pytest.approx(torch.logit(alpha_bar).item(), abs=1e-3)
    for answer in (step.with_prompt, step.without_prompt):
        inside = answer.pred_x_0.abs() < 1
        together = alpha_bar.sqrt() * answer.pred_x_0 + (1 - alpha_bar).sqrt() * answer.eps
        assert inside.float().mean() > 0.1
        assert torch.allclose(together[inside], step.x_t[inside], atol=1e-5)
    assert torch.equal(step.difference, step.with_prompt.pred_x_0 - step.without_prompt.pred_x_0)


def test_the_errors_are_mean_squared_errors(pipeline, river):
    step = take_step(pipeline, "river", 3, 500, river)
    assert step.with_prompt.noise_error == pytest.approx((step.with_prompt.eps - step.noise).square().mean().item())
    assert step.with_prompt.x_0_error == pytest.approx((step.with_prompt.pred_x_0 - river).square().mean().item())
    assert take_step(pipeline, "river", 3, 500).with_prompt.x_0_error is None


def test_several_timesteps_at_once_are_the_same_as_one_by_one(pipeline, river):
    timesteps = list(range(0, 1000, 55))
    together = take_steps(pipeline, "river", 3, timesteps, river)
    assert [step.timestep for step in together] == timesteps
    for i in (0, 7, 18):
        alone = take_step(pipeline, "river", 3, timesteps[i], river)
        assert torch.allclose(alone.with_prompt.eps, together[i].with_prompt.eps, atol=1e-3)
        assert torch.allclose(alone.without_prompt.ddpm, together[i].without_prompt.ddpm, atol=1e-3)


@pytest.mark.parametrize(("timestep", "stride"), [(500, 40), (39, 40), (0, 1)])
def test_a_step_goes_back_by_its_stride(pipeline, river, timestep, stride):
    alphas_cumprod = pipeline.scheduler.alphas_cumprod
    step = take_step(pipeline, "river", 3, timestep, river, stride)
    answer = step.with_prompt
    if timestep < stride:  # nothing is left to remove
        assert torch.allclose(answer.ddim, answer.pred_x_0) and torch.allclose(answer.ddpm, answer.pred_x_0, atol=1e-5)
    else:
        expected = alphas_cumprod[timestep - stride].sqrt() * answer.pred_x_0
        expected = expected + (1 - alphas_cumprod[timestep - stride]).sqrt() * answer.eps
        assert torch.allclose(answer.ddim, expected, atol=1e-5)
        assert (answer.ddpm - answer.ddim).abs().mean() > 0.01  # the fresh noise


@pytest.mark.parametrize("stride", [0, 1001])
def test_strides_out_of_range_are_named(pipeline, stride):
    with pytest.raises(ValueError, match=f"between 1 and 1000; got {stride}"):
        take_step(pipeline, "gold", 0, 500, stride=stride)


def test_less_noise_gives_a_better_prediction(pipeline, river):
    errors = [
        (take_step(pipeline, "river", 3, t, river).with_prompt.pred_x_0 - river).square().mean()
        for t in (900, 600, 100)
    ]
    assert errors[0] > errors[1] > errors[2] and errors[2] < 0.02


def test_in_pure_noise_the_radical_is_predicted_only_with_the_prompt(pipeline):
    """The article's own test: one step from pure noise, "gold", must show 釒 on the left, and nothing without it."""
    renderer = GlyphRenderer()
    metals = uint8_to_x_0(renderer.render_all("銅銀鋼鐵錢針鉛鍋鏡鎖鈴銘")).mean(dim=0).flatten()
    average = pipeline.glyph_prior.mean_glyph.view(1, 1, 32, 32)
    average = torch.nn.functional.interpolate(average, size=128, mode="bilinear").flatten()
    ghost = (metals - average).view(128, 128)[:, :56].flatten()

    def likeness(x_0):
        guess = (x_0.flatten() - average).view(128, 128)[:, :56].flatten()
        return torch.nn.functional.cosine_similarity(guess, ghost, dim=0).item()

    without_prompt = []
    for seed in range(8):
        step = take_step(pipeline, "gold", seed, 999)
        assert step.x_0 is None and torch.equal(step.x_t, step.noise)
        without_prompt.append(likeness(step.without_prompt.pred_x_0))
        assert likeness(step.with_prompt.pred_x_0) > max(0.6, without_prompt[-1] + 0.5)
    assert abs(sum(without_prompt) / len(without_prompt)) < 0.1  # by chance now a little like it, now unlike


@pytest.mark.parametrize("timestep", [-1, 1000])
def test_timesteps_out_of_range_are_named(pipeline, timestep):
    with pytest.raises(ValueError, match=f"between 0 and 999; got {timestep}"):
        take_step(pipeline, "gold", 0, timestep)
