"""The program itself: its streams, its language, its help, and one sentence for every mishap."""

import functools
import itertools
import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ParamSpec, TypeVar

import typer
from rich.console import Console
from typer.core import TyperCommand, TyperGroup

from kenpin.errors import KenpinError
from kenpin.text import LANGUAGES, Notice, exists, language, say, speak, visible
from kenpin.types import Progress

P = ParamSpec("P")
T = TypeVar("T")

COULD_NOT_RUN = 2
STOPPED = 130  # by Ctrl-C, as shells say it
_USAGE_ERROR: Any = typer.BadParameter.__mro__[1]
_LIBRARY_WORDS = {
    "Usage:": "help_usage", "Options:": "help_options", "Arguments:": "help_arguments",
    "Commands:": "help_commands", "[required]": "help_required", "; required]": "help_and_required",
    "[default:": "help_default",
}  # fmt: skip


class _Console(Console):
    def on_broken_pipe(self) -> None:
        raise  # noqa: PLE0704 - rich would end with status 1, which says that a part is not OK


# A table needs some width whatever the terminal claims. No markup: a file may be called "[ok].png".
_COLUMNS = shutil.get_terminal_size((100, 24)).columns
_PLAIN: dict[str, Any] = {"width": max(80, _COLUMNS), "highlight": False, "markup": False,
                          "emoji": False}  # fmt: skip
out = _Console(soft_wrap=True, **_PLAIN)
err = _Console(soft_wrap=True, stderr=True, **_PLAIN)


def _explain(command: Any, context: Any) -> None:
    """Put the help of a command, and of each of its options, into the language spoken now."""
    name = _path(context)
    command.help = say(f"help_{name or 'kenpin'}")
    for option in command.get_params(context):
        own = f"help_{name}_{option.name}"
        option.help = say(own if exists(own) else f"help_option_{option.name}")


def _path(context: Any) -> str:
    """Of a command's context its names below `kenpin`: "", "learn" or "master_add"."""
    above = _path(context.parent) if context.parent else ""
    return "_".join(filter(None, (above, context.info_name if context.parent else "")))


def _in_language(text: str) -> str:
    """The words that the library adds itself."""
    if language() == "en":
        return text
    for words, code in _LIBRARY_WORDS.items():
        text = text.replace(words, say(code))
    return text


class Command(TyperCommand):
    """A command whose help is in the language spoken when it is asked for."""

    def get_help(self, ctx: Any) -> str:
        """See click."""
        _explain(self, ctx)
        _narrow(ctx)
        return _in_language(super().get_help(ctx))


class Group(TyperGroup):
    """The same for a group of commands; it takes --lang anywhere, and mishaps are one sentence."""

    def get_help(self, ctx: Any) -> str:
        """See click."""
        _explain(self, ctx)
        _narrow(ctx)
        for name, command in self.commands.items():
            code = "_".join(filter(None, (_path(ctx), name)))
            command.short_help = re.split(r"(?<=\.)\s|(?<=。)", say(f"help_{code}"))[0]
        return _in_language(super().get_help(ctx))

    def main(self, args: Sequence[str] | None = None, *given: Any, **settings: Any) -> Any:
        """See click; ends with the exit status unless standalone_mode is False."""
        alone = settings.pop("standalone_mode", True)
        settings["standalone_mode"] = False
        rest, wanted = without_language(sys.argv[1:] if args is None else args)
        before = speak(wanted if wanted in LANGUAGES else None)
        status: Any = COULD_NOT_RUN
        try:
            if wanted is not None and wanted not in LANGUAGES:
                complain(say("lang_unknown", value=wanted))
            else:
                status = super().main(rest, *given, **settings)
        except _USAGE_ERROR as error:
            if type(error).__name__ == "NoArgsIsHelpError":
                print(error.message)
            else:
                complain(_usage(error, rest))
            status = COULD_NOT_RUN
        except (typer.Abort, KeyboardInterrupt):
            status = STOPPED
        finally:
            if status == STOPPED:  # by the library, before the command began
                tell_stopped()
            _stops.clear()
            speak(before)
        if alone:
            sys.exit(status if isinstance(status, int) else 0)
        return status


def _narrow(context: Any) -> None:
    if language() == "ja":  # each letter is as wide as two
        wide = context.terminal_width or min(_COLUMNS, 100)
        context.terminal_width = max(44, wide * 6 // 10)


def without_language(args: Sequence[str]) -> tuple[list[str], str | None]:
    """The arguments without --lang, and what it says."""
    rest: list[str] = []
    wanted, waiting = None, False
    for number, one in enumerate(args):
        if waiting:
            wanted, waiting = one, False
        elif one == "--":
            return [*rest, *args[number:]], wanted
        elif one == "--lang":
            wanted, waiting = "", True
        elif one.startswith("--lang="):
            wanted = one.removeprefix("--lang=")
        else:
            rest.append(one)
    return rest, wanted


def _usage(error: Any, args: Sequence[str]) -> str:
    """What is wrong with the arguments, in one sentence."""
    kind, context, option = type(error).__name__, error.ctx, getattr(error, "param", None)
    told = {"command": context.command_path if context else "kenpin"}
    named = _called(option) if option is not None else ""
    if kind == "MissingParameter":
        return say("usage_missing", name=named, **told)
    if kind == "BadOptionUsage":
        given = "not take" in error.message  # "--json=1"
        return say("usage_takes_none" if given else "usage_empty", name=error.option_name, **told)
    if kind in ("NoSuchOption", "NoSuchCommand"):
        name = getattr(error, "option_name", None) or getattr(error, "command_name", "")
        return say("usage_unknown", name=name, **told)
    if option is not None:
        rule, value = _rule(option) or error.message, _typed(option, args)
        return say("usage_value", name=named, reason=rule, value=repr(value), **told)
    unknown = re.search(r"'(.+?)'|\((?!s\))(.+)\)", error.message or "")
    if unknown:
        return say("usage_unknown", name=unknown[1] or unknown[2], **told)
    return say("usage_other", reason=error.message, **told)


def _typed(option: Any, args: Sequence[str]) -> str:
    """What was given for it."""
    for one, following in itertools.pairwise([*args, ""]):
        if one in option.opts:
            return following
        name, equals, value = one.partition("=")
        if equals and name in option.opts:
            return value
    return args[-1]


def _rule(option: Any) -> str:
    """What its value must be; nothing where anything goes."""
    if option.min is not None and option.max is not None:
        return say("rule_range", low=option.min, high=option.max)
    wanted = option.type_descriptor.annotation
    rules = {float: "rule_number", int: "rule_whole_number"}
    return say(rules[wanted]) if wanted in (float, int) else ""


def _called(option: Any) -> str:
    names = sorted((one for one in option.opts if one.startswith("-")), key=len, reverse=True)
    return str(names[0] if names else option.metavar or option.name.upper())


app = typer.Typer(
    name="kenpin",
    cls=Group,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def group(name: str) -> typer.Typer:
    """A group of commands, below `kenpin`."""
    made = typer.Typer(
        name=name,
        cls=Group,
        no_args_is_help=True,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.add_typer(made)
    return made


def command(name: str | None = None, group: typer.Typer = app) -> Callable[..., Any]:
    """A command: whatever the input did, one sentence and exit status 2, never a traceback."""

    def made(function: Callable[P, T]) -> Callable[P, T]:
        return group.command(name, cls=Command)(_one_sentence(function))

    return made


def _one_sentence(function: Callable[P, T]) -> Callable[P, T]:
    @functools.wraps(function)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return function(*args, **kwargs)
        except KenpinError as error:
            sentence = str(_about_option(error.notice, kwargs))
        except BrokenPipeError:  # the reader of our output has gone, as in: | head
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(COULD_NOT_RUN) from None
        except OSError as error:
            code = "system_refused" if error.filename else "system_failed"
            sentence = say(code, path=error.filename, reason=error.strerror or error)
        except KeyboardInterrupt:
            tell_stopped()
            raise typer.Exit(STOPPED) from None
        except MemoryError:
            sentence = say("out_of_memory")
        complain(sentence)
        raise typer.Exit(COULD_NOT_RUN)

    return wrapped


def _about_option(notice: Notice, given: dict[str, Any]) -> Notice:
    """What is wrong with a setting, under the name of the option where that was given."""
    name = str(notice.values.get("setting", "")).rpartition(".")[2]
    if notice.code != "recipe_value" or given.get(name) is None:
        return notice
    told = {key: notice.values[key] for key in ("reason", "value")}
    return Notice("option_value", name="--" + name.replace("_", "-"), **told)


def as_json_line(content: Any) -> str:
    """JSON on one line, for every reader of lines: letters that act are written as their codes."""
    line = json.dumps(content, ensure_ascii=False)
    if line.isprintable():
        return line
    return "".join(one if visible(one) == one else json.dumps(one)[1:-1] for one in line)


_stops: list[str] = []


def tell_stopped(code: str = "stopped") -> None:
    """Say once that Ctrl-C was heard."""
    if not _stops:
        _stops.append(code)
        complain(say(code))


def complain(sentence: str) -> None:
    """Say it on standard error."""
    err.print(f"kenpin: {sentence}")


@contextmanager
def progress_bar(rate: str = "") -> Iterator[Progress | None]:
    """A progress bar on a terminal; nothing in a pipe. rate: the unit of a rate, if it has one."""
    if not err.is_terminal:
        yield None
        return
    from rich.progress import Progress as Bar
    from rich.progress import TextColumn

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
