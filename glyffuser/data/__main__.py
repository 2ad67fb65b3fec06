"""Rebuild `definitions.jsonl`: `make data` or `python -m glyffuser.data`."""

import argparse
import sys
from pathlib import Path

from glyffuser.command import ends_in_one_line
from glyffuser.data.build import build
from glyffuser.data.characters import DEFINITIONS_PATH


@ends_in_one_line
def main(arguments: list[str] | None = None) -> int:
    """Rebuild the file; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m glyffuser.data", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--output", type=Path, default=DEFINITIONS_PATH, help="file to write (default: %(default)s)")
    output = parser.parse_args(arguments).output
    try:
        build(output)
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"written to  {output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
