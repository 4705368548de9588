"""Options that several commands have; what they mean is in kenpin.text, by their names."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kenpin.errors import DatasetError, ExtraError, OutputError
from kenpin.text import say

if TYPE_CHECKING:
    from kenpin.types import Workers


def _option(metavar: str | None = None, *names: str) -> Any:
    return typer.Option(*names, metavar=metavar, show_default=False)


Layout = Annotated[str | None, _option("NAME")]
Columns = Annotated[list[str] | None, _option("file=NAME", "--column")]
Outside = Annotated[bool, typer.Option("--outside")]
GoodNames = Annotated[list[str] | None, _option("NAME", "--good")]
Good = Annotated[list[Path], typer.Argument(show_default=False)]
Labels = Annotated[str | None, _option("folders|COLUMN")]
Review = Annotated[float | None, _option("SHARE")]
FalseReject = Annotated[float | None, _option("SHARE")]
RecipeFile = Annotated[Path | None, _option("FILE.toml")]
Report = Annotated[Path | None, _option("DIR")]
Expect = Annotated[str | None, _option("LABEL")]
Part = Annotated[Path, typer.Argument(metavar="PART.kenpin", show_default=False)]
Json = Annotated[bool, typer.Option("--json")]
Explain = Annotated[bool, typer.Option("--explain")]
On = Annotated[str, typer.Option("--on", metavar="local|ray|ray://HOST:PORT")]

Force = Annotated[bool, typer.Option("--force")]
Record = Annotated[str | None, _option("DIR|URL", "--record")]
PartNumber = Annotated[str | None, _option("NUMBER")]
LineFile = Annotated[Path, typer.Argument(metavar="LINE.toml", show_default=False)]
Station = Annotated[str | None, _option("NAME")]
Who = Annotated[str | None, _option("NAME")]


def record_room() -> Any:
    """The room of records; raises ExtraError where what it needs is not installed."""
    from importlib import import_module
    from importlib.util import find_spec

    needed = ("sqlalchemy", "alembic", "platformdirs", "uuid_utils", "argon2")
    if any(find_spec(name) is None for name in needed):
        raise ExtraError("extra_record")
    return import_module("kenpin.record")


def scale_room() -> Any:
    """The room of archives; raises ExtraError where what it needs is not installed."""
    from importlib import import_module
    from importlib.util import find_spec

    if any(find_spec(name) is None for name in ("fsspec", "pyarrow")):
        raise ExtraError("extra_scale")
    return import_module("kenpin.scale")


@contextmanager
def workers_on(on: str) -> "Iterator[Workers | None]":
    """Who does the work; None: this process itself, one piece after the other."""
    if on == "local":
        yield None
        return
    with scale_room().workers_on(on) as workers:
        yield workers


def station_room() -> Any:
    """The room of pages; raises ExtraError where what it needs is not installed."""
    from importlib import import_module
    from importlib.util import find_spec

    line_room()
    needed = ("fastapi", "uvicorn", "python_multipart")
    missing = next((name for name in needed if find_spec(name) is None), None)
    if missing is not None:
        raise ExtraError("extra_station", package=missing)
    return import_module("kenpin.station")


def line_room() -> Any:
    """The room of lines; raises ExtraError where what it needs is not installed."""
    from importlib import import_module
    from importlib.util import find_spec

    record_room()
    needed = ("pymodbus", "asyncua", "aiomqtt", "watchfiles", "prometheus_client", "httpx", "slmp")
    missing = next((name for name in needed if find_spec(name) is None), None)
    if missing is not None:
        raise ExtraError("extra_line", package=missing)
    return import_module("kenpin.line")


def layout_of(
    name: str | None, columns: list[str] | None, good: list[str] | None, outside: bool
) -> Any:
    """What the four options say together; None when none was given."""
    from kenpin.sources import Layout as Told

    if name is None and not columns and not good and not outside:
        return None
    told: dict[str, Any] = vars(Told.named(name)).copy() if name else {}
    for column in columns or []:
        role, _, own = column.partition("=")
        if role not in ("file", "folder", "truth", "part") or not own:
            raise DatasetError("column_option", value=column)
        told[role] = own
    told["outside"] = outside
    return Told(**told | ({"good": tuple(good)} if good else {}))


def given(**options: object) -> dict[str, Any]:
    """The options that were given."""
    return {name: value for name, value in options.items() if value is not None}


def check_report(folder: Path | None, page: str, force: bool) -> None:
    """Refuse now a report that could not be written later, or would replace an old one."""
    from kenpin.system import check_free, make_folder

    if folder is not None:
        check_free(folder / page, force)
        make_folder(folder)


def keep(path: Path) -> None:
    """Put aside what is at `path`, and say so; just before it is written anew."""
    from kenpin.cli.program import complain
    from kenpin.system import keep_old

    kept = keep_old(path)
    if kept:
        complain(say("output_kept", path=kept))


def check_folder(folder: Path, ours: Callable[[str], bool], force: bool) -> bool:
    """Whether it holds an earlier run of ours; refused unless that is all and may be replaced."""
    from kenpin.system import make_folder

    make_folder(folder)
    inside = sorted(path.name for path in folder.iterdir())
    if inside and not force:
        raise OutputError("output_exists", path=folder)
    others = [name for name in inside if not ours(name)]
    if others:
        raise OutputError("output_not_shown", path=folder, name=others[0])
    return bool(inside)
