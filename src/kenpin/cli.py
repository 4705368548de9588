"""The command line: parses, calls the library, prints. Nothing is decided here."""

import functools
import io
import itertools
import json
import os
import shutil
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, ParamSpec, TypeVar

import typer
from rich.console import Console
from rich.text import Text

from kenpin import messages
from kenpin.errors import KenpinError, PictureError
from kenpin.types import Outcome, Progress, Verdict
from kenpin.version import VERSION

P = ParamSpec("P")
T = TypeVar("T")

SOMETHING_NOT_OK, COULD_NOT_RUN = 1, 2

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

Good = Annotated[
    list[Path],
    typer.Argument(
        help="Good pictures: a folder, files, or a folder in MVTec layout (train/good is taken).",
        show_default=False,
    ),
]
Part = Annotated[Path, typer.Argument(metavar="PART.kenpin", show_default=False)]


def main() -> None:
    """The `kenpin` command."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal that cannot show 過検出 shows ???
            stream.reconfigure(errors="replace")
    warnings.simplefilter("ignore")  # of libraries, about odd pictures: not for the user
    app()


def _one_sentence(command: Callable[P, T]) -> Callable[P, T]:
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
        _complain(sentence)
        raise typer.Exit(COULD_NOT_RUN)

    return wrapped


@app.callback(invoke_without_command=True)
def _version(
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
) -> None:
    if version:
        out.print(f"kenpin {VERSION}")
        raise typer.Exit


@app.command()
@_one_sentence
def learn(
    good: Good,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="PART.kenpin", show_default=False,
                           help="The file to write.")
    ],
    false_reject: Annotated[
        float | None, typer.Option(help="Share of good parts you accept to see rejected "
                                   "[default: 0.01].", show_default=False)
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="pca, or ae (needs kenpin[torch]) [default: pca].",
                                 show_default=False)
    ] = None,
    size: Annotated[
        str | None, typer.Option(metavar="HxW", help="Pixels that the model sees [default: from "
                                 "the pictures].", show_default=False)
    ] = None,
    color: Annotated[
        str | None, typer.Option(help="grey or rgb [default: from the pictures].",
                                 show_default=False)
    ] = None,
    held_out: Annotated[
        str | None, typer.Option(help="How unseen scores are had: kfold, split or none "
                                 "[default: kfold].", show_default=False)
    ] = None,
    recipe: Annotated[
        Path | None, typer.Option(metavar="FILE.toml", show_default=False,
                                  help="Settings from a file; options given here come first.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="The same seed gives the same file [default: 0].",
                                 show_default=False)
    ] = None,
) -> None:  # fmt: skip
    """Learn a part from pictures of good pieces."""
    from kenpin.dataset import find_good  # noqa: PLC0415 - each command loads what it needs
    from kenpin.files import check_not_input, check_writable  # noqa: PLC0415
    from kenpin.learning import learn as learn_part  # noqa: PLC0415
    from kenpin.recipe import Recipe, parse_size  # noqa: PLC0415
    from kenpin.tables import print_bundle  # noqa: PLC0415

    options = {
        "false_reject": false_reject,
        "model": model,
        "size": parse_size(size) if size else None,
        "color": color,
        "held_out": held_out,
        "seed": seed,
    }
    wanted = Recipe.read(recipe) if recipe else Recipe()
    wanted = wanted.but(**{key: value for key, value in options.items() if value is not None})
    check_not_input(output, find_good(good))
    check_writable(output)
    with _progress() as progress:
        bundle = learn_part(good, wanted, progress)
    bundle.save(output)
    print_bundle(out, bundle, output)


@app.command()
@_one_sentence
def inspect(
    part: Part,
    pictures: Annotated[
        list[Path], typer.Argument(help="Pictures, or folders of pictures.", show_default=False)
    ],
    csv_file: Annotated[
        Path | None, typer.Option("--csv", metavar="FILE", show_default=False,
                                  help="Write a table that Excel opens.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object a line on standard output.")
    ] = False,
    picture_folder: Annotated[
        Path | None, typer.Option("--pictures", metavar="DIR", show_default=False,
                                  help="Write original | reconstruction | difference as PNG.")
    ] = None,
) -> None:  # fmt: skip
    """Judge pictures. Exit status: 0 all OK, 1 something is not OK, 2 could not run or read."""
    from kenpin.dataset import find_pictures  # noqa: PLC0415 - see learn
    from kenpin.files import (  # noqa: PLC0415
        check_apart,
        check_not_input,
        check_writable,
        make_folder,
        write_atomically,
    )
    from kenpin.inspector import Inspector  # noqa: PLC0415
    from kenpin.tables import csv_text  # noqa: PLC0415

    inspector = Inspector.open(part)
    paths = find_pictures(pictures)
    if csv_file:
        check_not_input(csv_file, [part, *paths])
        check_writable(csv_file)
    if picture_folder:
        check_apart(picture_folder, paths)
        make_folder(picture_folder)
    records: list[dict[str, Any]] = []
    stopped = False
    try:
        for record in _judged(inspector, paths, picture_folder, as_json):
            records.append(record)
    except KeyboardInterrupt:
        stopped = True
    finally:  # whatever stopped it, what has been judged is kept
        if csv_file:
            write_atomically(csv_file, csv_text(records).encode("utf-8-sig", "replace"))
    counts = Counter(record["verdict"] for record in records)
    if not as_json:
        out.print(", ".join(f"{count} {verdict}" for verdict, count in sorted(counts.items())))
    if stopped:
        _complain(messages.STOPPED_PARTLY if csv_file or picture_folder else messages.STOPPED)
    if stopped or counts[_UNREADABLE]:
        raise typer.Exit(COULD_NOT_RUN)
    if counts.total() != counts[Outcome.OK.value]:
        raise typer.Exit(SOMETHING_NOT_OK)


@app.command()
@_one_sentence
def evaluate(
    part: Part,
    dataset: Annotated[
        Path, typer.Argument(help="A folder with test/good and test/DEFECT, and masks in "
                             "ground_truth/DEFECT/NAME_mask.png if there are any (MVTec layout).",
                             show_default=False)
    ],
    report: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write a report for people.",
                                  show_default=False)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:  # fmt: skip
    """Measure false rejects (過検出) and escapes (見逃し) on pictures whose truth is known."""
    from kenpin.evaluation import evaluate as evaluate_part  # noqa: PLC0415 - see learn
    from kenpin.files import make_folder  # noqa: PLC0415
    from kenpin.inspector import Inspector  # noqa: PLC0415
    from kenpin.tables import print_evaluation  # noqa: PLC0415

    inspector = Inspector.open(part)
    if report:
        make_folder(report)
    with _progress() as progress:
        evaluation = evaluate_part(inspector, dataset, progress)
    for item in evaluation.left_out:
        _complain(item.reason)
    written = _write_report(report, inspector, evaluation) if report else None
    if as_json:
        print(json.dumps(evaluation.to_dict(), ensure_ascii=False))
    else:
        print_evaluation(out, evaluation)
        if written:
            out.print(f"Report: {written}")


@app.command()
@_one_sentence
def show(
    part: Part,
    report: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write a report of what was learned.",
                                  show_default=False)
    ] = None,
    as_toml: Annotated[
        bool, typer.Option("--toml", help="Print the recipe, to learn again with --recipe.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:  # fmt: skip
    """Show what is in a .kenpin file."""
    from kenpin.bundle import Bundle, describe  # noqa: PLC0415 - see learn
    from kenpin.inspector import Inspector  # noqa: PLC0415
    from kenpin.tables import print_bundle, print_content  # noqa: PLC0415

    bundle = Bundle.load(part)
    written = _write_report(report, Inspector(bundle), None) if report else None
    if as_json or as_toml:
        print(json.dumps(describe(bundle)) if as_json else bundle.recipe.to_toml())
        return
    print_bundle(out, bundle, part)
    print_content(out, bundle)
    if written:
        out.print(f"Report: {written}")


@app.command()
@_one_sentence
def demo(
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="The folder to write.")
    ] = Path("kenpin-demo"),
) -> None:
    """Draw connector terminals, learn 100 good ones, judge good and NG ones, write a report."""
    from kenpin.demo import run_demo  # noqa: PLC0415 - see learn
    from kenpin.tables import print_bundle, print_evaluation  # noqa: PLC0415

    with _progress() as progress:
        done = run_demo(output, progress=progress)
    print_bundle(out, done.bundle, Path(done.bundle.name))
    print_evaluation(out, done.evaluation)
    out.print(f"One picture of each kind: {done.pictures}")
    out.print(f"Report: {done.report}")


# --- printing ----------------------------------------------------------------------------------

_UNREADABLE = "UNREADABLE"
_COLOURS = {Outcome.OK: "green", Outcome.NG: "bold red"}


def _complain(sentence: str) -> None:
    err.print(f"kenpin: {sentence}")


@contextmanager
def _progress() -> Iterator[Progress | None]:
    """A progress bar on a terminal; nothing in a pipe."""
    if not err.is_terminal:
        yield None
        return
    from rich.progress import Progress as Bar  # noqa: PLC0415 - only on a terminal

    with Bar(console=err, transient=True) as bar:
        task = bar.add_task("", total=None)

        def update(stage: str, done: int, total: int) -> None:
            bar.update(task, description=stage, completed=done, total=total)

        yield update


def _line(verdict: Verdict) -> Text:
    text = f"  score {verdict.score:6.2f}  limit {verdict.limit:.2f}  p {verdict.p_value:.4f}"
    text += f"  {verdict.picture}"
    if verdict.regions:
        worst = verdict.regions[0]
        text += f"  worst at x {worst.x} y {worst.y} ({worst.width}x{worst.height})"
    if verdict.notes:
        text += f"  ({', '.join(verdict.notes)})"
    return Text.assemble((verdict.outcome.value, _COLOURS[verdict.outcome]), text)


def _judged(
    inspector: Any, paths: list[Path], picture_folder: Path | None, as_json: bool
) -> Iterator[dict[str, Any]]:
    """Judge and print one picture after the other; an unreadable one does not stop the rest."""
    taken: set[str] = set()
    for path in paths:
        try:
            verdict = inspector.inspect(path)
            record = verdict.to_dict()
            if picture_folder:
                record["shown"] = f"{_free_name(path.stem, taken)}.png"
                _write_triple(picture_folder / record["shown"], path, verdict)
        except PictureError as error:
            verdict = None
            record = {"picture": str(path), "verdict": _UNREADABLE, "reason": str(error)}
            _complain(str(error))
        if as_json:
            print(json.dumps(record, ensure_ascii=False), flush=True)
        elif verdict:
            out.print(_line(verdict))
        yield record


def _free_name(stem: str, taken: set[str]) -> str:
    """A name that is not taken yet, and now is; letters of either case are the same to Windows."""
    names = itertools.chain([stem], (f"{stem}-{number}" for number in itertools.count(2)))
    name = next(name for name in names if name.casefold() not in taken)
    taken.add(name.casefold())
    return name


def _write_triple(target: Path, path: Path, verdict: Verdict) -> None:
    from kenpin.pictures import read_picture, write_png  # noqa: PLC0415 - only with --pictures
    from kenpin.report.pictures import triple  # noqa: PLC0415

    write_png(target, triple(read_picture(path), verdict))


def _write_report(folder: Path, inspector: Any, evaluation: Any) -> Path:
    from kenpin.report import write_report  # noqa: PLC0415 - matplotlib, only for reports

    return write_report(folder, inspector, evaluation)


if __name__ == "__main__":
    main()
