"""The app, as Hugging Face Spaces and `make demo` start it."""

import sys

from glyffuser.ui.app import build_app, launch

demo, options = build_app()

if __name__ == "__main__":
    launch(demo, options, open_browser="--open" in sys.argv)
