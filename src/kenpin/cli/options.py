"""Options that several commands have; what they mean is in kenpin.text, by their names."""

from pathlib import Path
from typing import Annotated, Any

import typer

from kenpin.errors import DatasetError
from kenpin.text import say


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


Force = Annotated[bool, typer.Option("--force")]


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


def keep_report(folder: Path, page: str) -> None:
    """Put the old page aside; just before the new one is written."""
    from kenpin.cli.program import out
    from kenpin.system import keep_old

    kept = keep_old(folder / page)
    if kept:
        out.print(say("output_kept", path=kept))
