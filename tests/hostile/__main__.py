"""`python -m tests.hostile`: run the corpus, print a table of counts and every case that ended badly."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from pathlib import Path

from .case import End
from .corpus import all_cases, prepare
from .runner import Verdict, run_all


def main() -> int:
    """The command; returns 1 if a case ended as it must not."""
    parser = argparse.ArgumentParser(prog="python -m tests.hostile", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="the short version")
    parser.add_argument("--area", help="one area only")
    parser.add_argument("--name", help="cases whose names hold this")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="cases at a time (default: 1)")
    parser.add_argument("--verbose", action="store_true", help="a line for every case, with what it said")
    options = parser.parse_args()
    chosen = [
        case
        for case in all_cases()
        if (case.quick or not options.quick)
        and options.area in (None, case.area)
        and (options.name or "") in f"{case.area}: {case.name}"
    ]
    if not chosen:
        parser.error("no case has this area and name")
    verdicts = []
    with tempfile.TemporaryDirectory(prefix="hostile-") as scratch:
        material = prepare(Path(scratch) / "material")
        for verdict in run_all(chosen, Path(scratch), material, options.jobs):
            verdicts.append(verdict)
            if options.verbose or not verdict.good:
                print(line(verdict), flush=True)
    print("\n" + table(verdicts))
    return 0 if all(verdict.good for verdict in verdicts) else 1


def line(verdict: Verdict) -> str:
    """One case in words."""
    case = verdict.case
    numbers = f"{verdict.seconds:.1f} s, +{verdict.grown_mb:.0f} MB"
    mark = "ok " if verdict.good else "BAD"
    return f"{mark} {case.area}: {case.name!r}: {verdict.how} ({numbers}) {verdict.detail}"


def table(verdicts: list[Verdict]) -> str:
    """Counts by area and end, as Markdown; the worst time and memory of each area."""
    bad = sorted({verdict.how for verdict in verdicts} - set(End))
    heads = [*End, *bad, "not as expected"]
    lines = [
        "| area | cases | " + " | ".join(heads) + " | longest s | most MB |",
        "|---" + "|---:" * (len(heads) + 3) + "|",
    ]
    areas = list(dict.fromkeys(verdict.case.area for verdict in verdicts))
    for area in [*areas, "all"]:
        members = [verdict for verdict in verdicts if area in (verdict.case.area, "all")]
        counts = Counter(verdict.how for verdict in members)
        wrong = sum(not verdict.good for verdict in members)
        cells = [area, len(members), *(counts[how] for how in (*End, *bad)), wrong]
        cells += [f"{max(one.seconds for one in members):.1f}", f"{max(one.grown_mb for one in members):.0f}"]
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
