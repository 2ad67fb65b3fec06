"""app.py as a stranger starts it."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def start_with(*arguments: str, **variables: object) -> subprocess.CompletedProcess:
    environment = os.environ | {name: str(value) for name, value in variables.items()}
    command = [sys.executable, *(arguments or ["app.py"])]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)


def test_a_missing_checkpoint_ends_the_start_with_a_sentence(tmp_path):
    result = start_with(GLYFFUSER_CHECKPOINT=tmp_path / "nothing")
    assert result.returncode == 1 and "Traceback" not in result.stderr
    assert f"{tmp_path / 'nothing' / 'model_index.json'} is missing" in result.stderr
    assert "GLYFFUSER_CHECKPOINT" in result.stderr


def test_a_damaged_checkpoint_ends_the_start_with_a_sentence(tiny_pipeline, tmp_path):
    tiny_pipeline.save_pretrained(tmp_path)
    weights = tmp_path / "unet" / "diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    result = start_with(GLYFFUSER_CHECKPOINT=tmp_path)
    assert result.returncode == 1 and "Traceback" not in result.stderr
    assert f"checkpoint file {weights} is damaged" in result.stderr


def test_importing_the_app_gives_the_page_serves_nothing_and_leaves_the_heavy_packages_alone():
    code = (
        "import sys, app, gradio; assert isinstance(app.demo, gradio.Blocks); print(app.demo.is_running);"
        "print([m for m in ('umap', 'numba', 'sklearn', 'matplotlib', 'sentence_transformers') if m in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert result.stdout.split() == ["False", "[]"]


def test_on_zero_gpu_its_package_comes_before_torch_and_lends_the_gpu(tmp_path):
    """A stand-in for the package `spaces`."""
    (tmp_path / "spaces.py").write_text(
        "import sys\n"
        "assert 'torch' not in sys.modules\n"
        "num_requests = 0\n"
        "def GPU(duration):\n"
        "    global num_requests\n"
        "    num_requests += 1\n"
        "    return lambda function: function\n"
    )
    code = "import app, spaces; assert spaces.num_requests > 0"
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, check=True)


def test_the_command_parses_its_options_before_it_loads_anything():
    code = "import sys; from glyffuser.ui.app import main; assert 'torch' not in sys.modules; main(['--help'])"
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert result.stdout.startswith("usage: glyffuser ")
    assert "Loading" not in result.stderr
