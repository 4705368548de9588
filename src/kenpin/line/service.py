"""A systemd unit that runs a line for years."""

import sys
from pathlib import Path

_UNIT = """[Unit]
Description=kenpin line ({name})
After=network-online.target
Wants=network-online.target

[Service]
Type=notify
ExecStart={python} -m kenpin run {file}
WorkingDirectory={folder}
Restart=always
RestartSec=2
WatchdogSec=10
TimeoutStopSec=30
KillSignal=SIGINT
Environment=PYTHONUNBUFFERED=1
NoNewPrivileges=yes
PrivateTmp=yes
ProtectSystem=full

[Install]
WantedBy=multi-user.target
"""


def unit_file(path: str | Path) -> str:
    """The unit for a LINE.toml: started at boot, watched, started again."""
    file = Path(path).resolve()
    quoted = {"python": _quoted(sys.executable), "file": _quoted(str(file))}
    return _UNIT.format(name=_plain(file.stem), folder=_plain(str(file.parent)), **quoted)


def _plain(text: str) -> str:
    """systemd expands what begins with a percent sign, and a line ends a setting."""
    return text.replace("%", "%%").replace("\n", " ")


def _quoted(text: str) -> str:
    inside = _plain(text).replace("\\", "\\\\").replace('"', '\\"').replace("$", "$$")
    return f'"{inside}"'
