"""`python -m glyffuser.data`: build `definitions.jsonl` anew."""

from glyffuser.data.build import build
from glyffuser.data.characters import DEFINITIONS_PATH


def main() -> None:
    """Build the file, or say in one sentence why that cannot be done."""
    try:
        build()
    except (FileNotFoundError, ValueError) as error:
        raise SystemExit(str(error)) from error
    print(f"written to  {DEFINITIONS_PATH}")


if __name__ == "__main__":
    main()
