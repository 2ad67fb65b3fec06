"""How commands end: in one line on Ctrl-C, in one sentence where a file or an extra of the package is missing."""

import functools
import importlib.util
import sys
from typing import Protocol

from glyffuser.config import InputError

INTERRUPTED = 130
"""Exit status of a command that Ctrl-C ended, as in a shell."""

AT_FAULT = 2
"""Exit status of a command that was given something it cannot use."""

EXTRAS = {
    "train": ("accelerate", "tensorboardX", "torchmetrics", "onnx", "onnxscript"),
    "map": ("umap", "sklearn"),
}
"""Extra of the package -> the modules that it brings."""


class Main(Protocol):
    """The `main` of a command."""

    def __call__(self, arguments: list[str] | None = None) -> int:
        """Run the command; returns the exit status."""


def ends_in_one_line(main: Main) -> Main:
    """Decorate the `main` of a command: Ctrl-C, files at fault and unusable input give one line, not a traceback."""

    @functools.wraps(main)
    def wrapped(arguments: list[str] | None = None) -> int:
        try:
            return main(arguments)
        except KeyboardInterrupt:
            print("\nstopped by Ctrl-C", file=sys.stderr)
            return INTERRUPTED
        except (OSError, InputError) as error:
            print(error, file=sys.stderr)
            return AT_FAULT

    return wrapped


def check_extra(extra: str) -> None:
    """Check that the modules of an extra are installed.

    Raises:
        SystemExit: if one is missing; the message names the extra.
    """
    missing = [module for module in EXTRAS[extra] if importlib.util.find_spec(module) is None]
    if missing:
        raise SystemExit(
            f"{' and '.join(missing)} cannot be imported: install the extra with `pip install 'glyffuser[{extra}]'`, "
            f"or in a checkout with `pip install --requirement requirements-{extra}.txt`"
        )
