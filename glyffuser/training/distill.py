"""Distil a network into one that draws in four calls, guidance included: `python -m glyffuser.training.distill`.

The trainer with other defaults, and `glyffuser.training.segments` as its objective; all its options hold.
"""

import sys

from glyffuser.checkpoint import DEFAULT_CHECKPOINT
from glyffuser.command import check_extra, ends_in_one_line

DEFAULTS = {
    "--teacher": str(DEFAULT_CHECKPOINT),
    "--output": "runs/fast",
}
"""Options of the trainer that differ, besides the recipe."""


@ends_in_one_line
def main(arguments: list[str] | None = None) -> int:
    """Distil; returns the exit status."""
    check_extra("train")
    from glyffuser.training import command
    from glyffuser.training.recipe import DISTILLATION_PRESETS

    given = sys.argv[1:] if arguments is None else arguments
    defaults = [part for option in DEFAULTS.items() for part in option]
    return command.main([*defaults, *given], "python -m glyffuser.training.distill", DISTILLATION_PRESETS)


if __name__ == "__main__":
    sys.exit(main())
