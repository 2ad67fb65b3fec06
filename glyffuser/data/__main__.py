"""Rebuild `definitions.jsonl`: `make data` or `python -m glyffuser.data`."""

from glyffuser.data.build import build
from glyffuser.data.characters import DEFINITIONS_PATH


def main() -> None:
    """Rebuild the file, or exit with one sentence that says why not."""
    try:
        build()
    except (FileNotFoundError, ValueError) as error:
        raise SystemExit(str(error)) from error
    print(f"written to  {DEFINITIONS_PATH}")


if __name__ == "__main__":
    main()
