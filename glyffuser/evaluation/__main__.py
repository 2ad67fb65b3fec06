"""Evaluate a checkpoint and write its score sheet: `make evaluate` or `python -m glyffuser.evaluation`."""

import os
import sys

from glyffuser.command import check_extra, ends_in_one_line


@ends_in_one_line
def main(arguments: list[str] | None = None) -> int:
    """Evaluate, write and print; returns the exit status."""
    check_extra("train")
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # waiting threads leave the cores to others; before torch
    from glyffuser.evaluation import command

    return command.main(arguments)


if __name__ == "__main__":
    sys.exit(main())
