"""Writing without ever leaving half a file behind."""

import contextlib
import itertools
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from kenpin.errors import OutputError


def check_writable(path: Path) -> None:
    """Raise OutputError now if `path` could not be written later; leaves nothing behind."""
    if path.is_dir():
        raise OutputError("output_is_folder", path=path)
    if path.exists() and not path.is_file():
        raise OutputError("output_special", path=path)
    if path.parent.exists() and not path.parent.is_dir():
        raise OutputError("output_is_file", path=path.parent)
    if not path.parent.is_dir():
        raise OutputError("output_folder_missing", path=path, folder=path.parent)
    try:
        handle, probe = tempfile.mkstemp(dir=path.parent, prefix=".kenpin-")
        os.close(handle)
        Path(probe).unlink()
    except OSError as error:
        raise OutputError("output_denied", path=path, reason=error.strerror) from error


def check_not_input(output: Path, inputs: Iterable[Path]) -> None:
    """Raise OutputError if writing `output` would overwrite one of the inputs."""
    target = output.resolve()
    if any(target == path.resolve() for path in inputs):
        raise OutputError("output_is_input", path=output)


def check_apart(folder: Path, inputs: Iterable[Path]) -> None:
    """Raise OutputError if an input is in `folder`, or `folder` in an input."""
    target = folder.resolve()
    for path in {one.resolve() for one in inputs}:
        if path.is_relative_to(target) or target.is_relative_to(path):
            raise OutputError("output_among_inputs", path=folder)


def check_free(path: Path, force: bool) -> None:
    """Raise OutputError if something is at `path` and `force` does not say to replace it."""
    if not force and path.exists():
        raise OutputError("output_exists", path=path)


def keep_old(path: Path) -> Path | None:
    """Keep what is at `path`, so that it can be written anew; where, or None: nothing was there.

    As FILE.bak, or the first of FILE.bak2, FILE.bak3, … that is free. A file is copied, so that
    whoever opens it meanwhile finds it; a folder is renamed. Raises OutputError.
    """
    path = path.resolve()  # through a link to what it points at; and "." has no name
    if not path.exists():
        return None
    names = (f"{path.name}.bak{number}" for number in itertools.count(2))
    every = (path.with_name(name) for name in itertools.chain([f"{path.name}.bak"], names))
    kept = next(one for one in every if not one.exists())
    try:
        if path.is_file():
            shutil.copy2(path, kept)
        else:
            path.rename(kept)
    except OSError as error:
        raise OutputError("output_denied", path=kept, reason=error.strerror) from error
    return kept


def make_folder(path: Path) -> None:
    """Make the folder `path`, with its parents, or raise OutputError."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise OutputError("output_is_file", path=path) from error
    except OSError as error:
        raise OutputError("output_denied", path=path, reason=error.strerror) from error


def write_atomically(path: Path, content: bytes) -> None:
    """Put `content` at `path` all at once: a crash or Ctrl-C leaves the old file or none.

    Raises OutputError when the place cannot be written.
    """
    with written_at_once(path) as file:
        file.write(content)


@contextlib.contextmanager
def written_at_once(path: Path) -> Iterator[BinaryIO]:
    """A file to write into that takes its place at `path` when all is written, and else is gone.

    Raises OutputError when the place cannot be written.
    """
    check_writable(path)
    path = path.resolve()  # through a link to what it points at
    temporary = path.parent / f".kenpin-{secrets.token_hex(8)}"
    try:
        # With the rights that the user gives to any new file, unlike those of the module tempfile.
        with temporary.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        if isinstance(error, OSError):
            raise OutputError("output_denied", path=path, reason=error.strerror) from error
        raise


@contextlib.contextmanager
def scratch_folder() -> Iterator[Path | None]:
    """A folder for what nobody is to keep; None where this machine has no place for one."""
    try:
        folder = tempfile.TemporaryDirectory(prefix="kenpin-")
    except OSError:
        yield None
        return
    with folder as name:
        yield Path(name)
