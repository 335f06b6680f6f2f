"""`python -m tests.hostile.kill`: SIGKILL at random moments over a batch of short clips, and over two trainings."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.support.synthetic import write_mocap

from .kill_batch import kill_batches
from .kill_training import kill_trainings, table


def main() -> int:
    """The command; returns 1 if anything was lost, broken, done twice, left over or different."""
    parser = argparse.ArgumentParser(prog="python -m tests.hostile.kill", description=__doc__)
    parser.add_argument("--kills", type=int, default=50, help="of the batch (default: 50)")
    parser.add_argument("--clips", type=int, default=12, help="in the batch (default: 12)")
    parser.add_argument("--training-kills", type=int, default=6, help="of each training (default: 6)")
    parser.add_argument("--lifter-only", action="store_true", help="no refiner is trained")
    parser.add_argument("--stand-ins", action="store_true", help="stand-ins for the batch's networks: much faster")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    good, tables = True, []
    with tempfile.TemporaryDirectory(prefix="kill-") as scratch:
        folder = Path(scratch)
        if options.training_kills:
            mocap = write_mocap(folder / "mocap.npz", frames=120)
            outcomes = kill_trainings(
                folder / "training", mocap, options.training_kills, options.seed, options.lifter_only
            )
            tables.append(table(outcomes))
            good &= all(one.good for one in outcomes)
        if options.kills:
            tally = kill_batches(folder / "batch", options.kills, options.clips, options.seed, options.stand_ins)
            tables.append(tally.table())
            good &= not tally.wrong
            for wrong in tally.wrong:
                print(wrong)
    print("\n" + "\n\n".join(tables))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
