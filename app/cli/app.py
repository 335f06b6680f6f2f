"""`d3p app`: the browser app."""

from __future__ import annotations

import argparse
import os
import sys
from typing import Any

_WORDS = """\
Open the address it prints. Only this machine can reach it, unless --host says otherwise; then set --user and
--password. Uploads and results live in a temporary directory and are deleted when their page is closed.
"""


def add_parser(subparsers: Any) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "app",
        help="the browser app",
        description="Serve the browser app: drop in a video, watch it move in 3D.",
        epilog=_WORDS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--host", default="127.0.0.1", metavar="ADDRESS", help="default: 127.0.0.1, this machine only")
    parser.add_argument("--port", type=int, default=7860, metavar="N", help="default: 7860; 0 takes a free one")
    parser.add_argument(
        "--allowed-host", action="append", default=[], metavar="NAME",
        help="another name by which browsers may ask for the app, such as that of a proxy before it; may be repeated",
    )  # fmt: skip
    parser.add_argument("--user", metavar="NAME", help="ask for this user name ...")
    parser.add_argument(
        "--password", metavar="WORD",
        help="... and password; better in the environment, as D3P_APP_PASSWORD, where others cannot read it",
    )  # fmt: skip


def run(args: argparse.Namespace) -> None:
    """Run the command.

    Raises:
        SetupError: mmpose, or what only the app needs, is not installed.
        ConfigError: nothing can listen at that address, or user without password.
    """
    from app import web
    from estimators import openmmlab
    from estimators.errors import ConfigError

    if not 0 <= args.port < 1 << 16:
        raise ConfigError(f"A port is a number from 0 to 65535, not {args.port}.")
    openmmlab.require()
    web.require()
    print("Starting ...", file=sys.stderr, flush=True)  # importing takes seconds
    from app.web.gate import LOOPBACK
    from app.web.server import Settings, serve

    password = args.password or (os.environ.get("D3P_APP_PASSWORD") if args.user else None)
    hosts = tuple(args.allowed_host)
    settings = Settings(host=args.host, port=args.port, user=args.user, password=password, allowed_hosts=hosts)
    if settings.host not in LOOPBACK and settings.auth is None:
        print("warning: everybody on the network can use this app; --user and --password close it.", file=sys.stderr)
    serve(settings, lambda address: print(f"The app is at {address}  (Ctrl-C ends it)", flush=True))
