"""The command line: parses, calls the library, prints. Nothing is decided here.

One file for each command; each loads the rest of kenpin only when it runs, and is itself loaded
only when it is asked for.
"""

import io
import signal
import sys
import warnings
from collections.abc import Iterable, Sequence
from importlib import import_module
from typing import Annotated

import typer

from kenpin.cli.program import app, out, without_language
from kenpin.system import VERSION

COMMANDS = ("check", "window", "plan", "learn", "inspect", "evaluate", "show", "repeat", "master",
            "drift", "record", "release", "history", "review", "user",
            "report", "run", "line", "station", "archive", "draw", "export", "bench", "demo",
            "reproduce")  # fmt: skip
"""In the order in which --help lists them; each file makes its command known when imported."""


def load_commands(names: Iterable[str] = COMMANDS) -> typer.Typer:
    """The program with these commands."""
    for name in names:
        import_module(f"kenpin.cli.{name}")
    return app


def _asked_for(arguments: Sequence[str]) -> Sequence[str]:
    """The one command that is named first; all of them where none is, for help or a mishap."""
    rest, _ = without_language(arguments)
    named = next((one for one in rest if not one.startswith("-")), "")
    return (named,) if named in COMMANDS else COMMANDS


def main() -> None:
    """The `kenpin` command."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal that cannot show 過検出 shows ???
            stream.reconfigure(errors="replace")
    signal.signal(signal.SIGTERM, _stop)  # a shutdown ends it as Ctrl-C does
    warnings.simplefilter("ignore")  # of libraries, about odd pictures: not for the user
    load_commands(_asked_for(sys.argv[1:]))()


def _stop(*_: object) -> None:
    raise KeyboardInterrupt


@app.callback(invoke_without_command=True)
def _kenpin(
    version: Annotated[bool, typer.Option("--version")] = False,
    lang: Annotated[str | None, typer.Option(metavar="en|ja", show_default=False)] = None,
) -> None:
    del lang  # taken out of the arguments before
    if version:
        out.print(f"kenpin {VERSION}")
        raise typer.Exit
