"""A folder on this computer, on a network drive or in an object store, by its URL (fsspec)."""

import contextlib
import json
import os
import socket
import sys
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from time import sleep, time
from typing import Any, Self

from kenpin.errors import ArchiveError, ExtraError, KenpinError
from kenpin.sources import is_litter, is_picture_name
from kenpin.system import write_atomically

_S3 = {
    # After the first, in each of five tries of s3fs.
    "retries": {"mode": "standard", "max_attempts": 2},
    "connect_timeout": 10,
    "read_timeout": 60,
}
_LOCK = "running.json"
_STALE = 900.0  # seconds without a sign of life, after which a run is taken for dead
_SILENT = 120.0  # the same where it may be what ran in this container before it was started again
_SIGN = 30.0  # seconds between two signs
_LIFE = uuid.uuid4().hex  # of this process
_PAUSES = (0.0, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0)  # seconds


@dataclass(frozen=True)
class Storage:
    """url: a path of this computer, or as fsspec has it: s3://bucket/folder."""

    url: str

    @classmethod
    def of(cls, url: str) -> Self:
        """Raises ArchiveError for a kind of storage that is not known or not installed."""
        found = cls(url if "://" in url else str(Path(url).absolute()))
        found.system()
        return found

    def system(self) -> Any:
        """The file system; made anew in each process."""
        try:
            from fsspec.core import url_to_fs  # noqa: PLC0415 - optional
        except ImportError as error:
            raise ExtraError("extra_scale") from error
        options = {"config_kwargs": _S3} if self.url.startswith("s3://") else {}
        try:
            return url_to_fs(self.url, **options)[0]
        except Exception as error:  # each kind has errors of its own
            raise ArchiveError("archive_storage", url=self.url, reason=str(error)) from error

    @property
    def root(self) -> str:
        """The path inside the file system."""
        return str(self.system()._strip_protocol(self.url)).rstrip("/")

    def at(self, name: str) -> str:
        """The path of something in it. Raises ArchiveError for a name that leads out of it."""
        if ".." in PurePosixPath(name).parts or name.startswith("/"):
            raise ArchiveError("archive_name", name=name)
        return f"{self.root}/{name}"

    def holds(self, other: "Storage") -> bool:
        """Whether the other is this or lies in it."""
        return f"{other.url.rstrip('/')}/".startswith(f"{self.url.rstrip('/')}/")

    def check_there(self) -> None:
        """Raises ArchiveError where there is no such folder of this computer; in an object store
        there are no folders but those that hold something.
        """
        if self._is_disk() and not Path(self.root).is_dir():
            raise ArchiveError("archive_no_folder", url=self.url)

    def check_arrived(self, name: str) -> None:
        """Raises ArchiveError where a file that another computer wrote is not here: network drives
        show it after a while.
        """
        for pause in _PAUSES:
            if self.size(name) is not None:
                return
            sleep(pause)
        raise ArchiveError("archive_not_shared", url=self.url, file=name)

    def _is_disk(self) -> bool:
        return "file" in self.system().protocol

    def pictures(self) -> Iterator[tuple[str, int]]:
        """Names and bytes of all pictures in it, in the order of names; those of one folder are in
        memory. Raises ArchiveError where it cannot be listed.
        """
        yield from self._below(self.system(), self.root, "", frozenset())

    def read(self, name: str) -> bytes:
        """Raises ArchiveError; "archive_gone" where it is not there."""
        with self._saying():
            try:
                return bytes(self.system().cat_file(self.at(name)))
            except FileNotFoundError:
                raise ArchiveError("archive_gone", name=name) from None

    def size(self, name: str) -> int | None:
        """Bytes; None where it is not there. Raises ArchiveError."""
        with self._saying():
            try:
                return int(self.system().size(self.at(name)))
            except FileNotFoundError:
                return None

    def write(self, name: str, content: bytes) -> None:
        """Whole or not at all. Raises ArchiveError."""
        path = self.at(name)
        with self._saying():
            if self._is_disk():
                Path(path).parent.mkdir(parents=True, exist_ok=True)
                write_atomically(Path(path), content)
            else:
                self.system().pipe_file(path, content)

    def create(self, name: str, content: bytes) -> bool:
        """Only if it is not there; whether it was made. Raises ArchiveError."""
        path = self.at(name)
        with self._saying():
            if not self._is_disk():
                try:
                    self.system().pipe_file(path, content, mode="create")
                except FileExistsError:
                    return False
                return True
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            try:
                with Path(path).open("xb") as file:
                    file.write(content)
            except FileExistsError:
                return False
            return True

    @contextmanager
    def open(self, name: str, mode: str) -> Iterator[Any]:
        """As a file that can be sought ("rb") or is written from front to back ("wb"), and is then
        on the disk.
        """
        path = self.at(name)
        with self._saying():
            if not self._is_disk():
                with self.system().open(path, mode) as file:
                    yield file
                return
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            with Path(path).open(mode) as file:
                yield file
                if mode == "wb":
                    file.flush()
                    os.fsync(file.fileno())

    @contextmanager
    def alone(self) -> Iterator["Lease"]:
        """As the only run that writes here. Raises ArchiveError while another one does."""
        lease = Lease(self)
        lease.take()
        ended = threading.Event()
        signs = threading.Thread(
            target=lease.renew, args=(ended,), name="kenpin-lease", daemon=True
        )
        signs.start()
        try:
            yield lease
        finally:
            ended.set()
            signs.join()
            lease.leave()

    @contextmanager
    def _saying(self) -> Iterator[None]:
        """Whatever the storage refuses, as one sentence: each kind has errors of its own."""
        try:
            yield
        except (KenpinError, FileExistsError, MemoryError, ValueError):
            raise
        except Exception as error:
            reason = str(error) or type(error).__name__
            raise ArchiveError("archive_refused", url=self.url, reason=reason) from error

    def _below(
        self, system: Any, folder: str, name: str, above: frozenset[str]
    ) -> Iterator[tuple[str, int]]:
        """Of one folder after the other: only the names of one path are in memory. above: the
        folders around it, where links lead in a circle.
        """
        if self._is_disk():
            above = above | {os.path.realpath(folder)}
        with self._saying():
            try:
                entries = system.ls(folder, detail=True, refresh=True)
            except FileNotFoundError:
                raise ArchiveError("archive_no_folder", url=f"{self.url}/{name}") from None
        for entry in sorted(entries, key=lambda one: str(one["name"])):
            last = PurePosixPath(entry["name"]).name
            own = f"{name}/{last}" if name else last
            if entry["name"].rstrip("/") == folder:  # object stores list a folder in itself
                if entry["type"] == "directory" and self.url.startswith("s3://"):
                    told = {"url": self.url, "name": f"{name}//".lstrip("/") or "//"}
                    raise ArchiveError("archive_empty_name", **told)
                continue
            linked = self._is_disk() and entry.get("islink") and Path(entry["name"]).is_dir()
            if entry["type"] == "directory" or linked:
                circle = linked and os.path.realpath(entry["name"]) in above
                if not circle and not is_litter(PurePosixPath(own)):
                    yield from self._below(system, entry["name"].rstrip("/"), own, above)
            elif is_picture_name(own):
                # A name that is no text is told as one; it will not be found, which is its row.
                yield own.encode("utf-8", "backslashreplace").decode(), int(entry["size"] or 0)


class Lease:
    """The file that says that a run writes into a storage, renewed as long as it lives."""

    def __init__(self, storage: Storage) -> None:
        self._storage, self._token = storage, uuid.uuid4().hex
        self._lost: ArchiveError | None = None
        self._signed = time()

    def take(self) -> None:
        """Raises ArchiveError where another one has it that is not long dead."""
        while not self._storage.create(_LOCK, self._content()):
            try:
                self._take_over(self._told())
            except ArchiveError as error:
                if error.code != "archive_gone":  # else that run has just ended
                    raise
            else:
                return

    def renew(self, ended: threading.Event) -> None:
        """Give a sign of life now and then, until the run has ended or another one took it over."""
        while self._lost is None and not ended.wait(_SIGN):
            with contextlib.suppress(KenpinError):  # a storage that is away for a moment
                other = self._told()
                if other and other.get("token") != self._token:
                    self._lost = _another(other)
                    continue
                self._storage.write(_LOCK, self._content())
                self._signed = time()
            if time() - self._signed > _STALE / 2:  # another run may soon take it for dead
                self._lost = ArchiveError("archive_no_sign", url=self._storage.url)

    def check(self) -> None:
        """Raises ArchiveError where another run has taken it over."""
        if self._lost is not None:
            raise self._lost

    def leave(self) -> None:
        """Only if it is still ours."""
        with contextlib.suppress(KenpinError), self._storage._saying():
            if self._told().get("token") == self._token:
                self._storage.system().rm_file(self._storage.at(_LOCK))

    def _told(self) -> dict[str, Any]:
        """What the file says; nothing where it is torn."""
        try:
            found = json.loads(self._storage.read(_LOCK))
        except ValueError:
            found = None
        return found if isinstance(found, dict) else {}

    def _take_over(self, other: dict[str, Any]) -> None:
        if not _is_dead(other):
            raise _another(other)
        self._storage.write(_LOCK, self._content())
        now = self._told()
        if now.get("token") != self._token:  # two saw at once that it was dead
            raise _another(now)

    def _content(self) -> bytes:
        own = {"host": socket.gethostname(), "process": os.getpid(), "life": _LIFE, "at": time()}
        return json.dumps(own | {"token": self._token}).encode()


def _another(other: dict[str, Any]) -> ArchiveError:
    told = {name: other.get(name, "?") for name in ("host", "process")}
    return ArchiveError("archive_running", **told)


def _is_dead(other: dict[str, Any]) -> bool:
    if not other:
        return False  # just being written, or torn: a person must look
    here = other.get("host") == socket.gethostname()
    # What ran in this container before it was started again had its name and number; so may another
    # container of that name, which is alive and gives signs.
    again = here and other.get("process") == os.getpid() and other.get("life", _LIFE) != _LIFE
    if here and sys.platform != "win32":  # on Windows this would send it a Ctrl-C
        try:
            os.kill(int(other.get("process", 0)), 0)
        except ProcessLookupError:
            return True
        except (OSError, ValueError):
            pass
    return time() - float(other.get("at", 0)) > (_SILENT if again else _STALE)
