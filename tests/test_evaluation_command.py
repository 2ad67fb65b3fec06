import pytest

from glyffuser.evaluation.command import build_parser


@pytest.mark.parametrize("device", ["meta", "xpu:0", "nonsense"])
def test_a_device_that_cannot_compute_ends_in_one_sentence(device, capsys):
    with pytest.raises(SystemExit) as caught:
        build_parser().parse_args(["--device", device])
    assert caught.value.code == 2
    last = capsys.readouterr().err.strip().splitlines()[-1]
    assert last.endswith(f"argument --device: {device!r} cannot compute: give cpu, cuda or mps")


def test_devices_that_compute_are_taken():
    for device in ("cpu", "cuda", "cuda:1", "mps"):
        assert build_parser().parse_args(["--device", device]).device == device
