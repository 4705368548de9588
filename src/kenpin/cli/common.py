"""What all commands share: the program itself, its streams, one sentence for every mishap."""

import functools
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, ParamSpec, TypeVar

import typer
from rich.console import Console

from kenpin import messages
from kenpin.errors import DatasetError, KenpinError
from kenpin.types import Progress

P = ParamSpec("P")
T = TypeVar("T")

COULD_NOT_RUN = 2

app = typer.Typer(
    name="kenpin",
    help="Visual inspection learned from good pictures only (検品).",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


class _Console(Console):
    def on_broken_pipe(self) -> None:
        raise  # noqa: PLE0704 - rich would end with status 1, which says that a part is not OK


# A table needs some width whatever the terminal claims. No markup: a file may be called "[ok].png".
_WIDTH = max(80, shutil.get_terminal_size((100, 24)).columns)
_PLAIN: dict[str, Any] = {"width": _WIDTH, "highlight": False, "markup": False, "emoji": False}
out = _Console(soft_wrap=True, **_PLAIN)
err = _Console(soft_wrap=True, stderr=True, **_PLAIN)

Layout = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        show_default=False,
        help="Tables are laid out like published data: terminals (dirname, out_sianame; "
        "label 0 is OK).",
    ),
]
Columns = Annotated[
    list[str] | None,
    typer.Option(
        "--column",
        metavar="file=NAME",
        show_default=False,
        help="What a column of a table is called: file=NAME, folder=NAME, truth=NAME, "
        "part=NAME. "
        "May be repeated.",
    ),
]
GoodNames = Annotated[
    list[str] | None,
    typer.Option(
        "--good",
        metavar="NAME",
        show_default=False,
        help="What the column of the truth, or the label of an idx file, says of good "
        "pieces. May be repeated.",
    ),
]
Good = Annotated[
    list[Path],
    typer.Argument(
        help="Good pictures: a folder, files, a folder in MVTec layout (train/good is taken), a "
        "CSV or Excel table, an idx file, or a zip of any of these.",
        show_default=False,
    ),
]
Labels = Annotated[
    str | None,
    typer.Option(
        metavar="folders|COLUMN",
        show_default=False,
        help="Several parts at once: each sub-folder of the good pictures is one, or this "
        "column of a table says which.",
    ),
]
Review = Annotated[
    float | None,
    typer.Option(
        metavar="SHARE",
        show_default=False,
        help="Share of good parts you accept not to be OK at once: between the limits of the two "
        "shares a part is REVIEW, for a person to look at.",
    ),
]
Report = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Write a report for people.", show_default=False),
]
Part = Annotated[Path, typer.Argument(metavar="PART.kenpin", show_default=False)]


def one_sentence(command: Callable[P, T]) -> Callable[P, T]:
    """Whatever the user's input did, they get one sentence and exit status 2, never a traceback."""

    @functools.wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return command(*args, **kwargs)
        except KenpinError as error:
            sentence = str(error)
        except BrokenPipeError:  # the reader of our output has gone, as in: | head
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(COULD_NOT_RUN) from None
        except OSError as error:
            kind = messages.SYSTEM_REFUSED if error.filename else messages.SYSTEM_FAILED
            sentence = kind.format(path=error.filename, reason=error.strerror or error)
        except KeyboardInterrupt:
            sentence = messages.STOPPED
        except MemoryError:
            sentence = messages.OUT_OF_MEMORY
        complain(sentence)
        raise typer.Exit(COULD_NOT_RUN)

    return wrapped


def layout_of(name: str | None, columns: list[str] | None, good: list[str] | None) -> Any:
    """What the three options say together; None when none was given."""
    from kenpin.manifest import Layout as Told  # noqa: PLC0415 - each command loads what it needs

    if name is None and not columns and not good:
        return None
    told: dict[str, Any] = vars(Told.named(name)).copy() if name else {}
    for column in columns or []:
        role, _, own = column.partition("=")
        if role not in ("file", "folder", "truth", "part") or not own:
            raise DatasetError(messages.COLUMN_OPTION.format(value=column))
        told[role] = own
    return Told(**told | ({"good": tuple(good)} if good else {}))


def complain(sentence: str) -> None:
    """Say it on standard error."""
    err.print(f"kenpin: {sentence}")


@contextmanager
def progress_bar(rate: str = "") -> Iterator[Progress | None]:
    """A progress bar on a terminal; nothing in a pipe. rate: the unit of a rate, if it has one."""
    if not err.is_terminal:
        yield None
        return
    from rich.progress import Progress as Bar  # noqa: PLC0415 - only on a terminal
    from rich.progress import TextColumn  # noqa: PLC0415

    columns = (*Bar.get_default_columns(), TextColumn("{task.fields[rate]}"))
    # What is printed meanwhile goes above the bar, but what goes into a file stays there.
    with Bar(*columns, console=err, transient=True, redirect_stdout=sys.stdout.isatty()) as bar:
        task = bar.add_task("", total=None, rate="")

        def update(stage: str, done: int, total: int) -> None:
            if done < bar.tasks[task].completed:  # something else has begun
                bar.reset(task, total=total)
            speed = bar.tasks[task].speed if rate else None
            told = f"{speed:.0f} {rate}" if speed else ""
            bar.update(task, description=stage, completed=done, total=total, rate=told)

        yield update


def write_report_to(folder: Path, inspector: Any, evaluation: Any, costs: Any = None) -> Path:
    """The report, in this folder."""
    from kenpin.report import write_report  # noqa: PLC0415 - matplotlib, only for reports

    return write_report(folder, inspector, evaluation, costs)


def show_sheet(found: Any, sheet: Any, report: Path | None, about: str, as_json: bool) -> None:
    """A result in the terminal or as JSON, and as a page where one is asked for."""
    from kenpin.tables import print_sheet  # noqa: PLC0415 - each command loads what it needs

    page = None
    if report:
        from kenpin.report.page import write_page  # noqa: PLC0415 - matplotlib, only for reports

        page = write_page(report, sheet, about)
    if as_json:
        print(json.dumps(found.to_dict(), ensure_ascii=False))
        return
    print_sheet(out, sheet)
    if page:
        out.print(f"Report: {page}")
