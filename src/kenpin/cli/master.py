"""kenpin master: pieces whose verdict is known, shown again before a shift."""

from pathlib import Path
from typing import Annotated

import typer

from kenpin.cli import options
from kenpin.cli.program import as_json_line, command, group, out, progress_bar
from kenpin.text import say

JUDGED_WRONG = 1

master = group("master")


@command(group=master)
def add(
    part: options.Part,
    ok: Annotated[
        list[Path] | None, typer.Option("--ok", metavar="PICTURE|FOLDER", show_default=False)
    ] = None,
    ng: Annotated[
        list[Path] | None, typer.Option("--ng", metavar="PICTURE|FOLDER", show_default=False)
    ] = None,
    expect: options.Expect = None,
) -> None:
    from kenpin.assurance import add_masters, master_folder

    kept, added = add_masters(part, ok or [], ng or [], expect)
    told = {"added": added, "count": len(kept.masters), "folder": master_folder(part)}
    out.print(say("master_added", **told))


@command(group=master)
def check(
    part: options.Part,
    fresh: Annotated[Path | None, typer.Argument(metavar="[FOLDER]", show_default=False)] = None,
    as_json: options.Json = False,
    explain: options.Explain = False,
) -> None:
    from kenpin.assurance import check_masters
    from kenpin.cli.tables import print_masters

    with progress_bar() as progress:
        found = check_masters(part, fresh, progress)
    if as_json:
        print(as_json_line(found.to_dict()))
    else:
        print_masters(out, found, explain)
    if not found.passed:
        raise typer.Exit(JUDGED_WRONG)
