"""Writing without ever leaving half a file behind."""

import contextlib
import os
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
    """Raise OutputError if writing into `folder` could overwrite one of the inputs."""
    target = folder.resolve()
    if any(target == path.resolve().parent for path in inputs):
        raise OutputError("output_among_inputs", path=folder)


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
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".kenpin-")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o666 & ~_umask())
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


def _umask() -> int:
    # The only way to read it is to set it.
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
