"""Train the U-net: `make train` = `python -m glyffuser.training`."""

import sys

from glyffuser.command import check_extra, ends_in_one_line


@ends_in_one_line
def main(arguments: list[str] | None = None) -> int:
    """Train; returns the exit status."""
    check_extra("train")
    from glyffuser.training import command

    return command.main(arguments)


if __name__ == "__main__":
    sys.exit(main())
