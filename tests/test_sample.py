import errno
import io
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from glyffuser import sample as command
from glyffuser.checkpoint import DEFAULT_CHECKPOINT, checkpoint_fingerprint
from glyffuser.images import read_settings
from glyffuser.ui.request import request_from_png


@pytest.fixture(autouse=True)
def loaded(monkeypatch, tiny_pipeline) -> list:
    """A tiny model in place of a checkpoint; the arguments of every `load`."""
    calls = []

    def load(*args, **kwargs):
        calls.append((*args, kwargs))
        return tiny_pipeline

    monkeypatch.setattr(command.GlyffuserPipeline, "load", load)
    return calls


def run(*arguments) -> int:
    return command.main([*map(str, arguments), "--num-inference-steps", "2", "--guidance-scale", "3"])


def test_a_grid_holds_its_settings(tmp_path):
    path = tmp_path / "new" / "gold.png"
    assert run("gold", "--num-glyphs", 4, "--seed", 7, "--out", path) == 0
    assert Image.open(path).size == (256, 256)
    assert read_settings(path.read_bytes()) == {
        "version": 4,
        "prompt": "gold",
        "seeds": [7, 8, 9, 10],
        "num_inference_steps": 2,
        "guidance_scale": 3.0,
        "sampler": "dpm++-sde",
        "guidance_interval": [400, 999],
        "pag_scale": 3.0,
        "pag_interval": [500, 800],
        "spacing": "middle",
        "network": "full",
        "checkpoint": checkpoint_fingerprint(DEFAULT_CHECKPOINT),
    }


def test_the_page_can_draw_it_again(tmp_path):
    path = tmp_path / "gold.png"
    assert run("gold", "--num-glyphs", 4, "--seed", 7, "--guidance-interval", 200, 900, "--out", path) == 0
    request = request_from_png(path.read_bytes())
    assert (request.prompt, request.seeds) == ("gold", [7, 8, 9, 10])
    assert request.config.guidance_interval == (200, 900) and request.config.guidance_scale == 3


def test_a_file_of_prompts_gives_one_picture_per_prompt_and_seed(tmp_path):
    prompts = tmp_path / "prompts.txt"
    prompts.write_text("gold\n\n  a bird, singing \n")
    assert run("--prompts-file", prompts, "--num-glyphs", 2, "--out-dir", tmp_path / "out") == 0
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == ["0000-gold-0.png", "0000-gold-1.png", "0001-a-bird-singing-0.png", "0001-a-bird-singing-1.png"]
    settings = read_settings((tmp_path / "out" / names[3]).read_bytes())
    assert (settings["prompt"], settings["seeds"]) == ("a bird, singing", [1])


def test_a_single_picture_equals_its_cell_of_the_grid(tmp_path):
    run("gold", "--num-glyphs", 4, "--out", tmp_path / "grid.png")
    run("gold", "--seed", 3, "--out", tmp_path / "one.png")
    cell = np.asarray(Image.open(tmp_path / "grid.png"))[128:, 128:].astype(int)
    assert abs(cell - np.asarray(Image.open(tmp_path / "one.png")).astype(int)).max() <= 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["gold", "--guidance-scale", "0", "--out", "x.png"], "Guidance must be a number from 1 to 20; got 0.0."),
        (["x" * 201, "--out", "x.png"], "has 201 characters"),
        (["gold", "--seed", "-1", "--out", "x.png"], "Seed must be a whole number from 0"),
        (["gold", "--num-inference-steps", "121", "--out", "x.png"], "Steps must be a whole number from 1 to 120"),
        (["gold", "--num-glyphs", "17", "--out", "x.png"], "Number of glyphs must be a whole number from 1 to 16"),
        (["gold", "--out", "gold.jpg"], "give a name that ends in .png, not gold.jpg"),
        (["gold", "--out", "gold"], "give a name that ends in .png, not gold"),
        (["--prompts-file", "nowhere.txt", "--out-dir", "x"], "nowhere.txt"),
    ],
)
def test_bad_input_is_reported_in_one_sentence(arguments, sentence, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert command.main(arguments) == 2
    error = capsys.readouterr().err
    assert sentence in error and "Traceback" not in error
    assert list(tmp_path.iterdir()) == []


def test_checkpoint_device_and_dtype_are_those_of_the_options(loaded, tmp_path, monkeypatch):
    monkeypatch.setenv("GLYFFUSER_DEVICE", "meta")
    run("gold", "--checkpoint", "there", "--dtype", "bfloat16", "--out", tmp_path / "x.png")
    run("gold", "--checkpoint", "there", "--device", "cpu", "--out", tmp_path / "x.png")
    assert loaded[0] == (Path("there"), {"device": "meta", "dtype": torch.bfloat16})
    assert loaded[1] == (Path("there"), {"device": "cpu", "dtype": torch.float32})


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--prompts-file", "words.txt", "--out", "x.png"], "--prompts-file needs --out-dir"),
        (["gold", "--num-glyphs", "0", "--out", "x.png"], "--num-glyphs must be at least 1"),
    ],
)
def test_options_that_do_not_go_together_are_refused(arguments, sentence, capsys):
    with pytest.raises(SystemExit, match="2"):
        command.main(arguments)
    assert sentence in capsys.readouterr().err


def test_a_bad_line_or_file_of_prompts_is_named_before_anything_is_drawn(loaded, tmp_path, capsys):
    words = tmp_path / "words.txt"
    for content, sentence in (
        (b"gold\n\n" + b"x" * 201, f"Line 3 of {words} has 201 characters; 200 is the most."),
        (b"gold\r\ngo\x07ld", f"Line 2 of {words} holds the unprintable character U+0007"),
        (b"gold \xff", "words.txt is not a text file"),
    ):
        words.write_bytes(content)
        assert run("--prompts-file", words, "--out-dir", tmp_path / "out") == 2
        assert sentence in capsys.readouterr().err
    assert not loaded


def test_only_line_ends_end_a_line(tmp_path):
    words = tmp_path / "words.txt"
    words.write_bytes("\ufeffgold\u2028and silver\r\nfish\x0cthat flies\rbird\x85\nriver".encode())
    assert run("--prompts-file", words, "--out-dir", tmp_path / "out") == 0
    written = sorted((tmp_path / "out").iterdir())
    prompts = [read_settings(path.read_bytes())["prompt"] for path in written]
    assert prompts == ["gold and silver", "fish that flies", "bird", "river"]


def test_prompts_of_any_script_name_their_files(tmp_path):
    words = tmp_path / "words.txt"
    words.write_text("金\nΓη\n", encoding="utf-8")
    assert run("--prompts-file", words, "--out-dir", tmp_path / "out") == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["0000-金-0.png", "0001-γη-0.png"]


def test_an_empty_prompts_file_is_named(tmp_path, capsys):
    (tmp_path / "empty.txt").write_text("\n\n")
    assert run("--prompts-file", tmp_path / "empty.txt", "--out-dir", tmp_path) == 2
    assert "empty.txt holds no prompt" in capsys.readouterr().err


@pytest.mark.parametrize("number", [1, 2, 3, 16])
def test_the_page_takes_every_number_of_glyphs_that_the_command_draws(number, tmp_path):
    assert run("gold", "--num-glyphs", number, "--out", tmp_path / "x.png") == 0
    assert len(request_from_png((tmp_path / "x.png").read_bytes()).seeds) == number


def test_a_folder_takes_more_glyphs_than_a_grid(tmp_path):
    assert run("gold", "--num-glyphs", 17, "--out-dir", tmp_path) == 0
    assert len(list(tmp_path.iterdir())) == 17


@pytest.mark.parametrize("option", ["--out", "--out-dir"])
def test_a_place_that_cannot_be_written_is_named_before_anything_is_loaded(option, loaded, tmp_path, capsys):
    (tmp_path / "file").write_text("not a folder")
    assert run("gold", option, tmp_path / "file" / "x.png") == 2
    assert str(tmp_path / "file") in capsys.readouterr().err and not loaded


def test_a_folder_in_place_of_the_picture_is_named_before_anything_is_loaded(loaded, tmp_path, capsys):
    (tmp_path / "x.png").mkdir()
    assert run("gold", "--out", tmp_path / "x.png") == 2
    assert "x.png" in capsys.readouterr().err and not loaded


def test_a_full_disk_leaves_the_older_picture_and_names_the_new_one(tmp_path, monkeypatch, capsys):
    def fill(path, data):
        with path.open("wb") as file:
            file.write(data[:100])
        raise OSError(errno.ENOSPC, "No space left on device")

    path = tmp_path / "gold.png"
    path.write_bytes(b"older")
    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", fill)
        assert run("gold", "--out", path) == 2
    assert f"No space left on device: '{path}'" in capsys.readouterr().err
    assert path.read_bytes() == b"older" and list(tmp_path.iterdir()) == [path]


def test_a_link_to_a_picture_stays_one(tmp_path):
    (tmp_path / "link.png").symlink_to("real.png")
    assert run("gold", "--out", tmp_path / "link.png") == 0
    assert (tmp_path / "link.png").is_symlink() and (tmp_path / "real.png").stat().st_size > 1000


def test_a_console_without_a_character_ends_no_batch(tmp_path, monkeypatch):
    console = io.TextIOWrapper(io.BytesIO(), encoding="cp1252")
    monkeypatch.setattr(command.sys, "stdout", console)
    (tmp_path / "words.txt").write_text("金\nfish\n", encoding="utf-8")
    assert run("--prompts-file", tmp_path / "words.txt", "--out-dir", tmp_path / "out") == 0
    console.flush()
    assert b"\\u91d1" in console.buffer.getvalue() and b"fish-0.png" in console.buffer.getvalue()


def test_a_fault_of_ours_passes_for_no_mistake_of_the_user(monkeypatch, tmp_path):
    def fail(*_):
        raise ValueError("a fault of ours")

    monkeypatch.setattr(command, "tile", fail)
    with pytest.raises(ValueError, match="a fault of ours"):
        run("gold", "--out", tmp_path / "x.png")
