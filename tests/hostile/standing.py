"""`python -m tests.hostile.standing COMMAND ...`: d3p with stand-ins for the networks, in its worker processes as well.

Worker processes are spawned and import this module again, which is why the change is made at the top.
"""

from __future__ import annotations

import sys

from app.cli import main
from tests.hostile.running import stand_in

stand_in()

if __name__ == "__main__":
    sys.exit(main())
