import json
import re
import shutil

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file

from glyffuser import checkpoint as checkpoint_module
from glyffuser.checkpoint import DEFAULT_CHECKPOINT, CheckpointError, weights_path
from glyffuser.config import SampleConfig
from glyffuser.data.glyphs import GlyphRenderer
from glyffuser.diffusion import SAMPLERS, training_scheduler
from glyffuser.images import uint8_to_x_0, x_0_to_uint8
from glyffuser.pipeline import GlyffuserPipeline, best_device, initial_noise
from glyffuser.prior import GlyphPrior
from glyffuser.unet import Conditioning, weight_format

FEW = SampleConfig(num_inference_steps=4, guidance_scale=5, spacing="even")


def last_frame(pipeline, prompts, seeds, config=FEW):
    return list(pipeline.stream(prompts, seeds, config))[-1]


def test_the_stream_yields_one_frame_a_step(tiny_pipeline):
    frames = list(tiny_pipeline.stream(["gold", "fish"], [1, 2], FEW))
    assert [(frame.step, frame.num_inference_steps) for frame in frames] == [(i, 4) for i in (1, 2, 3, 4)]
    assert all(frame.x_t.shape == frame.pred_x_0.shape == (2, 1, 128, 128) for frame in frames)
    assert all(frame.pred_x_0.abs().max() <= 1 for frame in frames)
    assert frames[-1].x_t.abs().max() <= 1 and not frames[-1].x_t.requires_grad


def test_calling_drains_the_stream(tiny_pipeline):
    images = tiny_pipeline(["gold", ""], seeds=[3, 4], config=FEW).images
    assert [(image.size, image.mode) for image in images] == [((128, 128), "L")] * 2
    expected = x_0_to_uint8(last_frame(tiny_pipeline, ["gold", ""], [3, 4]).x_t)
    assert all(np.array_equal(np.asarray(image), glyph) for image, glyph in zip(images, expected, strict=True))


def test_a_single_prompt_need_not_be_a_list(tiny_pipeline):
    assert len(tiny_pipeline("gold", config=FEW).images) == 1


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_seed_gives_the_same_glyph_alone_and_among_sixteen(pipeline, sampler):
    config = SampleConfig(num_inference_steps=3, guidance_scale=5, sampler=sampler)
    prompts = ["gold", "a long definition of a bird that sings at dawn", "", "fish"] * 4
    seeds = list(range(100, 116))
    together = last_frame(pipeline, prompts, seeds, config).x_t
    for i in (1, 7, 14):
        alone = last_frame(pipeline, [prompts[i]], [seeds[i]], config).x_t
        assert (alone[0] - together[i]).abs().max() < 2e-3


def test_the_noise_is_drawn_per_seed():
    alone, _ = initial_noise([7])
    together, generators = initial_noise([3, 7])
    assert torch.equal(alone[0], together[1]) and len(generators) == 2
    assert together.mean().abs() < 0.02 and (together.std() - 1).abs() < 0.02


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_seeds_out_of_range_are_named(seed):
    with pytest.raises(ValueError, match=f"between 0 and 4294967295, got {seed}"):
        initial_noise([seed])


@pytest.mark.parametrize(("prompts", "seeds"), [([], []), (["gold"], [1, 2])])
def test_lists_must_match(tiny_pipeline, prompts, seeds):
    with pytest.raises(ValueError, match="one seed per prompt"):
        tiny_pipeline.stream(prompts, seeds, FEW)


def test_prompts_are_checked_before_anything_is_drawn(tiny_pipeline):
    with pytest.raises(ValueError, match="201 characters"):
        tiny_pipeline.stream(["x" * 201], [0], FEW)


class CountingUNet:
    """Counts the rows of each call of the network."""

    def __init__(self, pipeline, monkeypatch):
        self.rows = []
        forward = pipeline.unet.forward

        def counted(x, *args, **kwargs):
            self.rows.append(len(x))
            return forward(x, *args, **kwargs)

        monkeypatch.setattr(pipeline.unet, "forward", counted)


@pytest.mark.parametrize(
    ("prompt", "settings", "rows"),
    [
        ("gold", {}, [4, 4, 4, 2]),  # not below timestep 400
        ("gold", {"guidance_interval": (0, 999)}, [4, 4, 4, 4]),
        ("gold", {"guidance_scale": 1}, [2, 2, 2, 2]),
        ("gold", {"guidance_interval": (300, 800)}, [2, 4, 4, 2]),  # called at 999, 749, 499, 249
        ("", {}, [2, 2, 2, 2]),
        ("gold", {"pag_scale": 2}, [4, 6, 4, 2]),  # from 800 to 500
        ("gold", {"pag_scale": 2, "guidance_scale": 1}, [2, 4, 2, 2]),
        ("gold", {"pag_scale": 2, "pag_interval": (0, 999)}, [6, 6, 6, 4]),
        ("", {"pag_scale": 2}, [2, 4, 2, 2]),
    ],
)
def test_the_batch_grows_only_where_guidance_acts(tiny_pipeline, monkeypatch, prompt, settings, rows):
    unet = CountingUNet(tiny_pipeline, monkeypatch)
    config = SampleConfig(
        **{"num_inference_steps": 4, "guidance_scale": 5, "pag_scale": 0, "spacing": "even"} | settings
    )
    list(tiny_pipeline.stream([prompt] * 2, [0, 1], config))
    assert unet.rows == rows


def test_guidance_extrapolates_from_the_null_prompt(pipeline):
    """With scale 3: the output with the null prompt plus three times the difference that the prompt makes."""

    def first_output(prompt, scale):
        config = SampleConfig(num_inference_steps=1, guidance_scale=scale, pag_scale=0)
        x_T = initial_noise([0])[0]
        return pipeline._guided([prompt], config)(x_T, 999)

    with torch.inference_mode():
        conditional, null = first_output("gold", 1), first_output("", 1)
        guided = first_output("gold", 3)
    assert torch.allclose(guided, null + 3 * (conditional - null), atol=1e-4)


def test_both_guidances_add_up(pipeline, monkeypatch):
    """Away from the null prompt, and away from a network whose positions attend to themselves alone."""
    x_t = initial_noise([0])[0]

    def model(**settings):
        return pipeline._guided(["gold"], SampleConfig(num_inference_steps=1, **settings))

    unguided = model(guidance_scale=1, pag_scale=0)
    with torch.inference_mode():
        alone, away_from_null = unguided(x_t, 700), model(guidance_scale=3, pag_scale=0)(x_t, 700)
        both = model(guidance_scale=3, pag_scale=2)(x_t, 700)
        attend = F.scaled_dot_product_attention
        monkeypatch.setattr(
            F,
            "scaled_dot_product_attention",
            lambda q, k, v, **kwargs: v if q.shape == k.shape else attend(q, k, v, **kwargs),
        )
        perturbed = unguided(x_t, 700)
    assert (perturbed - alone).abs().max() > 0.1
    assert torch.allclose(both, away_from_null + 2 * (alone - perturbed), atol=1e-4)


def test_the_null_prompt_has_zero_sentence_vector_and_prior(pipeline):
    conditioning = pipeline.encode_prompts(["gold", ""])
    assert isinstance(conditioning, Conditioning)
    for part in (conditioning.class_labels, conditioning.prior):
        assert (part[1] == 0).all() and part[0].abs().max() > 0
    assert conditioning.class_labels[0].norm().item() == pytest.approx(384**0.5, rel=1e-4)


def test_gold_looks_like_gold(pipeline):
    """The metal radical stands on the left of the sampled glyphs as it does in the real ones, and not by chance."""
    renderer = GlyphRenderer()
    metals = uint8_to_x_0(renderer.render_all("銅銀鋼鐵錢針鉛鍋鏡鎖鈴銘")).mean(dim=0)[:, :, :56]
    everyday = uint8_to_x_0(renderer.render_all("河村打吃情虫竹話紅仁鳥妹")).mean(dim=0)[:, :, :56]
    direction = (metals - everyday).flatten()
    config = SampleConfig(num_inference_steps=10, spacing="even")

    def likeness(prompt):
        glyphs = last_frame(pipeline, [prompt] * 4, [0, 1, 2, 3], config).x_t[..., :56].flatten(1)
        return torch.nn.functional.cosine_similarity(glyphs - everyday.flatten(), direction[None])

    assert likeness("gold").min() > likeness("fish").max()


def test_another_text_encoder_is_refused(tiny_pipeline):
    class T5:
        name = "t5-small"

    with pytest.raises(ValueError, match="trained with the text encoder 'minilm', not 't5-small'"):
        tiny_pipeline.text_encoder = T5()


def test_saving_and_loading_keeps_the_glyph(tiny_pipeline, tmp_path):
    tiny_pipeline.save_pretrained(tmp_path)
    index = json.loads((tmp_path / "model_index.json").read_text())
    assert index["text_encoder_name"] == "minilm" and index["glyph_prior"] == ["glyffuser.prior", "GlyphPrior"]
    again = GlyffuserPipeline.from_pretrained(tmp_path)
    # sums of another batch size may be computed in another order
    assert torch.allclose(last_frame(again, ["gold"], [5]).x_t, last_frame(tiny_pipeline, ["gold"], [5]).x_t, atol=1e-4)


def test_a_checkpoint_trained_to_predict_noise_can_be_sampled(tiny_pipeline):
    pipeline = GlyffuserPipeline(tiny_pipeline.unet, tiny_pipeline.glyph_prior, training_scheduler("epsilon"))
    paper = torch.ones(1, 1, 128, 128)
    noise, alpha_bar = initial_noise([0])[0], pipeline.scheduler.alphas_cumprod[249]
    x_t = alpha_bar.sqrt() * paper + (1 - alpha_bar).sqrt() * noise

    def first_guess(pipeline):
        return next(pipeline.begin(["gold"], [0], FEW, paper, start_timestep=249).frames).pred_x_0

    with torch.inference_mode():
        eps = pipeline._guided(["gold"], FEW)(x_t, 249)
    expected = (x_t - (1 - alpha_bar).sqrt() * eps) / alpha_bar.sqrt()
    assert torch.allclose(first_guess(pipeline), expected.clamp(-1, 1), atol=1e-5)
    assert (first_guess(tiny_pipeline) - expected.clamp(-1, 1)).abs().mean() > 0.1


def test_a_half_precision_network_outputs_single_precision(tiny_pipeline, tmp_path):
    tiny_pipeline.save_pretrained(tmp_path)
    pipeline = GlyffuserPipeline.load(tmp_path, dtype=torch.bfloat16)
    assert pipeline.unet.dtype == torch.bfloat16
    halves, whole = (list(p.stream(["gold"], [0], FEW)) for p in (pipeline, tiny_pipeline))
    for half, exact in zip(halves, whole, strict=True):
        assert half.x_t.dtype == half.pred_x_0.dtype == torch.float32
        assert (half.x_t - exact.x_t).abs().mean() < 0.05
        assert 0 < (half.pred_x_0 - exact.pred_x_0).abs().mean() < 0.05


@pytest.fixture
def copied(tiny_pipeline, tmp_path):
    tiny_pipeline.save_pretrained(tmp_path)
    return tmp_path


def test_weights_of_another_network_are_refused(copied):
    shutil.copytree(DEFAULT_CHECKPOINT / "unet", copied / "unet", dirs_exist_ok=True)
    config = json.loads((copied / "unet" / "config.json").read_text())
    (copied / "unet" / "config.json").write_text(json.dumps(config | {"cross_attention_dim": 128}))
    with pytest.raises(CheckpointError, match="holds .* of shape .* instead of"):
        GlyffuserPipeline.load(copied)


@pytest.mark.parametrize("load", [GlyffuserPipeline.load, GlyffuserPipeline.from_pretrained])
@pytest.mark.parametrize(
    ("part", "name"),
    [("glyph_prior", "std"), ("glyph_prior", "folds.1.mean"), ("unet", "conv_in.weight"), ("unet", "conv_out.bias")],
)
def test_a_whole_file_without_a_tensor_is_refused(copied, load, part, name):
    path = weights_path(copied, part)
    tensors = load_file(path)
    save_file({key: tensor for key, tensor in tensors.items() if key != name}, path)
    with pytest.raises(CheckpointError, match=re.escape(f"it lacks {name}; restore it")) as caught:
        load(copied)
    assert str(path) in str(caught.value)
    save_file(tensors | {"other": torch.zeros(3)}, path)
    with pytest.raises(CheckpointError, match="it holds other, which the network has not"):
        load(copied)
    save_file(tensors | {name: torch.zeros(3, 7)}, path)
    with pytest.raises(CheckpointError, match=re.escape(f"holds {name} of shape [3, 7] instead of")):
        load(copied)


@pytest.mark.parametrize(
    "form", [{"variant": "fp16"}, {"max_shard_size": "40KB"}, {"safe_serialization": False}], ids=str
)
def test_weights_in_another_form_are_called_that(tiny_pipeline, tmp_path, form):
    tiny_pipeline.save_pretrained(tmp_path, **form)
    with pytest.raises(CheckpointError, match="was saved as a variant, in pieces or pickled: load it with"):
        GlyffuserPipeline.load(tmp_path)
    how = {name: value for name, value in form.items() if name == "variant"}
    again = GlyffuserPipeline.from_pretrained(tmp_path, **how)
    again.save_pretrained(tmp_path / "again")
    again = GlyffuserPipeline.load(tmp_path / "again")
    assert torch.equal(again.unet.conv_in.weight, tiny_pipeline.unet.conv_in.weight)


def test_a_repository_of_the_hub_is_loaded(copied, monkeypatch):
    asked = []

    def download(name, **arguments):
        asked.append((name, arguments))
        return str(copied)

    monkeypatch.setattr(checkpoint_module, "snapshot_download", download)
    GlyffuserPipeline.from_pretrained("someone/glyffuser", revision="v1", dtype=torch.float32)
    assert asked == [("someone/glyffuser", {"revision": "v1"})]


def test_a_prior_is_read_with_its_settings(copied):
    prior = GlyphPrior.from_pretrained(copied / "glyph_prior")
    assert len(prior.folds) == 2 and prior.family_glyphs.shape == (3, 1024)


def test_the_device_can_be_named(monkeypatch):
    monkeypatch.setenv("GLYFFUSER_DEVICE", "cpu")
    assert best_device() == "cpu"
    monkeypatch.delenv("GLYFFUSER_DEVICE")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert best_device() == "cuda"


def test_a_glyph_survives_little_noise_and_not_full_noise(pipeline):
    river = uint8_to_x_0(GlyphRenderer().render_all("河"))

    def error(start_timestep):
        config = SampleConfig(10, guidance_scale=1, spacing="even")
        frames = list(pipeline.begin(["river"], [0], config, river, start_timestep).frames)
        assert frames[0].timestep <= start_timestep
        return (frames[-1].x_t - river).square().mean().item()

    assert error(100) < 0.05 < error(999)


def test_a_start_without_steps_is_refused(tiny_pipeline):
    glyph = torch.ones(1, 1, 128, 128)
    with pytest.raises(ValueError, match="4 steps leave none below timestep 100"):
        tiny_pipeline.begin(["gold"], [0], FEW, glyph, start_timestep=100)


@pytest.mark.parametrize("device", ["warp", "meta"])
def test_an_unavailable_device_is_named(copied, device):
    with pytest.raises(ValueError, match=f"device '{device}' cannot be used here .*: give cpu, cuda or mps"):
        GlyffuserPipeline.load(copied, device=device)


def test_weights_are_contiguous_on_mps_alone():
    assert weight_format("mps") == torch.contiguous_format
    assert weight_format("cpu") == weight_format(torch.device("cuda")) == torch.channels_last


def test_the_prior_stays_on_the_cpu_wherever_the_network_goes(copied, monkeypatch):
    monkeypatch.setattr("glyffuser.pipeline.DEVICES", ("meta",))
    pipeline = GlyffuserPipeline.load(copied, device="meta")
    assert pipeline.device.type == "meta" and pipeline.glyph_prior.device.type == "cpu"
    assert pipeline.suggest(["gold"]).shape == (1, 1, 32, 32)
