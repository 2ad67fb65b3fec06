"""The app, as Hugging Face Spaces and `make demo` start it."""

import sys

from glyffuser.ui.app import build_demo, launch

demo = build_demo()

if __name__ == "__main__":
    launch(demo, open_browser="--open" in sys.argv)
