"""`python -m app` is `d3p`."""

import sys

from app.cli import main

if __name__ == "__main__":
    sys.exit(main())
