"""The command line: parses, calls the library, prints. Nothing is decided here."""

import io
import signal
import sys
import warnings
from typing import Annotated

import typer

from kenpin.cli import assuring, checking, handing, judging, learning, showing
from kenpin.cli.common import app, out
from kenpin.version import VERSION

__all__ = ["app", "assuring", "checking", "handing", "judging", "learning", "main", "showing"]


def main() -> None:
    """The `kenpin` command."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal that cannot show 過検出 shows ???
            stream.reconfigure(errors="replace")
    signal.signal(signal.SIGTERM, _stop)  # a shutdown ends it as Ctrl-C does
    warnings.simplefilter("ignore")  # of libraries, about odd pictures: not for the user
    app()


def _stop(*_: object) -> None:
    raise KeyboardInterrupt


@app.callback(invoke_without_command=True)
def _version(
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
) -> None:
    if version:
        out.print(f"kenpin {VERSION}")
        raise typer.Exit
