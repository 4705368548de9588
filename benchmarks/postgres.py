"""A PostgreSQL server of one's own, in a folder and on a local socket; for benchmarks and tests."""

import contextlib
import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from urllib.parse import quote

_databases = count()


def programs() -> Path | None:
    """The folder of PostgreSQL's programs, which Debian keeps off the path."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


def _as_server(*command: object) -> None:
    """PostgreSQL refuses to run as root."""
    own = {}
    if os.geteuid() == 0:
        owner = pwd.getpwnam("postgres")
        own = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
    subprocess.run([str(one) for one in command], check=True, capture_output=True, **own)


class Server:
    """A server in an empty folder, reached by a socket in it only."""

    def __init__(self, folder: Path) -> None:
        bin_ = programs()
        assert bin_ is not None, "PostgreSQL is not installed: apt-get install postgresql"
        self.bin, self.folder = bin_, folder
        if os.geteuid() == 0:
            for above in (folder, *folder.parents[:3]):
                above.chmod(0o755)
            shutil.chown(folder, "postgres")
        _as_server(self.bin / "initdb", "-D", folder / "data", "-A", "trust", "-U", "kenpin")
        self.start()

    def start(self) -> None:
        options = f"-k {self.folder} -h ''"
        _as_server(self.bin / "pg_ctl", "-D", self.folder / "data", "-o", options, "-w",
                   "-l", self.folder / "log", "start")  # fmt: skip

    def stop(self) -> None:
        """At once, as a crash."""
        where = self.folder / "data"
        _as_server(self.bin / "pg_ctl", "-D", where, "-m", "immediate", "-w", "stop")

    def url(self) -> str:
        """Of a new database."""
        name = f"record{next(_databases)}"
        _as_server(self.bin / "createdb", "-h", self.folder, "-U", "kenpin", name)
        return f"postgresql+psycopg://kenpin@/{name}?host={quote(str(self.folder))}"


@contextlib.contextmanager
def server_in(folder: Path) -> Iterator[Server]:
    """A server in a new folder for as long as the context lasts."""
    folder.mkdir()
    server = Server(folder)
    try:
        yield server
    finally:
        server.stop()
