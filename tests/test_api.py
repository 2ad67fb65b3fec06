"""The page as programs see it."""

import base64
import re
import time
from pathlib import Path

import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError

from glyffuser.images import read_settings


@pytest.fixture(scope="module")
def client(page_url) -> Client:
    return Client(page_url, verbose=False)


def test_the_endpoint_explains_itself(client):
    endpoints = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    assert set(endpoints) == {"/generate", "/single_step"}
    names = [parameter["parameter_name"] for parameter in endpoints["/generate"]["parameters"]]
    assert names == [
        "prompt",
        "num_glyphs",
        "num_inference_steps",
        "guidance_scale",
        "pag_scale",
        "sampler",
        "seed",
        "spacing",
        "fast",
    ]
    assert "Denoise glyphs" in endpoints["/generate"]["description"]


def test_frames_can_be_iterated(client):
    job = client.submit(prompt="gold", num_glyphs=2, num_inference_steps=6, seed=11, api_name="/generate")
    frames = list(job)
    steps = [frame["step"] for frame in frames]
    assert steps[0] == 0 and steps[-1] == 6 and steps == sorted(set(steps))
    assert frames[-1]["state"] == "done" and frames[-1]["seeds"] == [11, 12]
    png = base64.b64decode(frames[-1]["downloads"][0].split(",")[1])
    assert read_settings(png)["prompt"] == "gold"


def test_only_the_prompt_is_needed(client):
    last = client.predict(prompt="fish", num_inference_steps=2, api_name="/generate")
    assert last["state"] == "done" and last["num_glyphs"] == 1 and 0 <= last["seeds"][0] < 1_000_000


def test_a_seed_gives_the_same_picture_again(client):
    def run(**settings):
        order = {"prompt": "fish", "num_inference_steps": 4, "seed": 5} | settings
        return client.predict(**order, api_name="/generate")["pred_x_0"]

    assert run() == run() != run(pag_scale=0)


def test_the_loop_of_the_readme_says_what_went_wrong(page_url):
    readme = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    (loop,) = re.findall(r"^```python\n(from gradio_client.*?)^```$", readme, re.DOTALL | re.MULTILINE)
    loop = loop.replace("http://127.0.0.1:7860", page_url)
    with pytest.raises(AppError, match="Number of glyphs must be a whole number from 1 to 16; got 400"):
        exec(loop.replace("num_glyphs=4", "num_glyphs=400"), {})


@pytest.mark.parametrize(
    ("setting", "value", "sentence"),
    [
        ("prompt", "x" * 201, "201 characters"),
        ("prompt", 5, "The prompt must be text; got 5"),
        ("num_glyphs", 64, "Number of glyphs must be a whole number from 1 to 16; got 64"),
        ("num_inference_steps", 5000, "Steps must be"),
        ("guidance_scale", 1e9, "Guidance must be"),
        ("pag_scale", 11, "Perturbed-attention guidance must be"),
        ("sampler", "euler", "Sampler must be one of"),
        ("sampler", ["ddim"], "Sampler must be one of"),
        ("seed", -5, "Seed must be"),
    ],
)
def test_bad_values_come_back_as_a_sentence(client, setting, value, sentence):
    with pytest.raises(AppError, match=sentence) as caught:
        client.predict(**{"prompt": "gold", "num_inference_steps": 1} | {setting: value}, api_name="/generate")
    assert "Traceback" not in str(caught.value)


def test_a_cancelled_run_frees_the_model(client):
    long = client.submit(prompt="gold", num_glyphs=16, num_inference_steps=120, api_name="/generate")
    while not long.outputs():
        time.sleep(0.05)
    long.cancel()
    start = time.monotonic()
    client.predict(prompt="fish", num_inference_steps=1, api_name="/generate")
    assert time.monotonic() - start < 20


def test_a_single_step_comes_as_numbers_and_pictures(client):
    step = client.predict(prompt="river", timestep=500, character="河", stride=100, api_name="/single_step")
    assert step["timestep"] == 500 and step["stride"] == 100 and -3 < step["log_snr"] < -2
    for answer in (step["with_prompt"], step["without_prompt"]):
        assert 0 < answer["noise_error"] < 1 and 0 < answer["x_0_error"] < 1
        assert answer["ddim"].startswith("data:image/png") and answer["ddim"] != answer["ddpm"]
    assert step["with_prompt"]["pred_x_0"] != step["without_prompt"]["pred_x_0"]


@pytest.mark.parametrize(
    ("setting", "value", "sentence"),
    [
        ("prompt", "x" * 201, "201 characters"),
        ("prompt", 5, "The prompt must be text; got 5"),
        ("timestep", 1000, "Timestep must be a whole number from 0 to 999; got 1000"),
        ("timestep", 10.5, "got 10.5"),
        ("timestep", "x", "got 'x'"),
        ("timestep", None, "got None"),
        ("character", "河川", "'河川' is not one of the 20,592 characters"),
        ("character", "A", "'A' is not one of"),
        ("stride", 0, "Stride must be a whole number from 1 to 1000; got 0"),
        ("seed", -1, "from 0 to 4294967295"),
        ("seed", 1.5, "got 1.5"),
    ],
)
def test_a_single_step_refuses_in_a_sentence(client, setting, value, sentence):
    with pytest.raises(AppError, match=sentence):
        client.predict(**{"prompt": "gold", setting: value}, api_name="/single_step")
