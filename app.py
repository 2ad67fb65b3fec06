"""The app, as Hugging Face Spaces and `make demo` start it."""

import sys

from glyffuser.ui.app import build_app

demo, options = build_app()

if __name__ == "__main__":
    demo.launch(**options, inbrowser="--open" in sys.argv)
