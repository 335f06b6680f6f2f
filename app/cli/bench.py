"""`d3p bench`: how long each stage takes, and how much memory."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.cli._arguments import at_least_one
from app.cli.run import add_pipeline_arguments, options
from estimators.numbers import number

if TYPE_CHECKING:
    from app.evaluation.cost import Cost

MB = 1e6


def add_parser(subparsers: Any) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "bench",
        help="speed and memory",
        description="Run the pipeline, print what each stage takes, and keep nothing.",
    )
    parser.add_argument("clip", type=Path, nargs="?", metavar="VIDEO", help="default: the first of the bundled clips")
    parser.add_argument(
        "--seconds",
        type=number,
        nargs="+",
        metavar="S",
        help="make clips of these lengths of it, to and fro, and compare",
    )
    parser.add_argument(
        "--networks",
        type=at_least_one,
        metavar="N",
        help="instead: N looks of each bundled network at the clip's first frame, in torch and as CPUs compute it",
    )
    parser.add_argument("--json", action="store_true", help="for programs")
    add_pipeline_arguments(parser, output=False)


def run(args: argparse.Namespace) -> None:
    """Run the command.

    Raises:
        D3PError: see `app.evaluation.cost.measure_cost`.
    """
    import json

    from rich.console import Console

    from app.cli.demo import choose
    from app.evaluation.cost import measure_cost

    video = args.clip or next(iter(choose(None, everything=False).values()))[0]
    console, costs = Console(), []
    if args.networks:
        _run_networks(video, args.networks, args.json)
        return
    for seconds in args.seconds or [None]:
        costs.append(measure_cost(video, options(args), seconds))
        if not args.json:
            console.print(_table(costs[-1]))
    if args.json:
        print(
            json.dumps(
                {"format": "d3p-bench", "format_version": 1, "video": video.name, "runs": list(map(_told, costs))}
            )
        )
    elif len(costs) > 1:
        more = (costs[-1].peak_bytes - costs[0].peak_bytes) / MB
        console.print(
            f"{costs[-1].frames} frames take {more:.0f} MB more than {costs[0].frames} frames.", highlight=False
        )


def _run_networks(video: Path, repeats: int, for_programs: bool) -> None:
    import json
    from dataclasses import asdict

    from rich import box
    from rich.console import Console
    from rich.table import Table

    from app.evaluation.networks_cost import Spread, measure_networks
    from app.media.video import VideoReader

    costs = list(measure_networks(next(iter(VideoReader(video))), repeats))
    if for_programs:
        networks = [asdict(cost) for cost in costs]
        print(json.dumps({"format": "d3p-bench", "format_version": 1, "video": video.name, "networks": networks}))
        return

    def shown(spread: Spread, digits: int) -> str:
        return f"{spread.median:.{digits}f} ({spread.low:.{digits}f}-{spread.high:.{digits}f})"

    title = f"Milliseconds of one thread for a picture: median and quartiles of {repeats}"
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title=title)
    for heading in ("Network", "torch", costs[0].engine.split()[0], "ratio"):
        table.add_column(heading, justify="left" if heading == "Network" else "right")
    for cost in costs:
        table.add_row(cost.name, shown(cost.torch_ms, 1), shown(cost.engine_ms, 1), shown(cost.ratio, 2))
    Console().print(table)


def _told(cost: Cost) -> dict[str, Any]:
    stages = [
        {
            "name": stage.name,
            "seconds": round(stage.seconds, 3),
            "cpu_seconds": round(stage.cpu_seconds, 3),
            "ms_per_frame": round(1000 * stage.seconds / cost.frames, 3),
            "peak_mb": round(stage.peak_bytes / MB, 1),
        }
        for stage in cost.stages
    ]
    whole = {"seconds": round(cost.seconds, 3), "peak_mb": round(cost.peak_bytes / MB, 1)}
    return {"frames": cost.frames, "fps": round(cost.fps, 3), **whole, "stages": stages}


def _table(cost: Cost) -> Any:
    from rich import box
    from rich.table import Table

    told = _told(cost)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title=f"{cost.frames} frames, {cost.fps:.4g} a second")
    for heading in ("Stage", "seconds", "processor s", "ms/frame", "peak so far MB"):
        table.add_column(heading, justify="left" if heading == "Stage" else "right")
    for stage in told["stages"]:
        seconds, cpu, per_frame, peak = (stage[key] for key in ("seconds", "cpu_seconds", "ms_per_frame", "peak_mb"))
        table.add_row(stage["name"], f"{seconds:.2f}", f"{cpu:.2f}", f"{per_frame:.2f}", f"{peak:.0f}")
    table.add_row("[bold]All but loading[/]", f"[bold]{cost.seconds:.2f}[/]", "", "", "")
    return table
