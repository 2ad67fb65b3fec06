"""The app, as Hugging Face Spaces and `make demo` start it."""

import sys

from glyffuser.ui import app

demo, options = app.build_app()

if __name__ == "__main__":
    sys.exit(app.serve(demo, options, opens_browser="--open" in sys.argv))
