"""A page as PDF, printed by a Chromium that is there already; nothing is fetched for it."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from kenpin.errors import ExtraError, OutputError
from kenpin.system import write_atomically

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "msedge")
_PATIENCE = 120  # seconds
_QUIET = ("--headless", "--disable-gpu", "--no-first-run", "--disable-background-networking",
          "--disable-component-update", "--disable-sync", "--disable-default-apps",
          "--no-pdf-header-footer", "--host-resolver-rules=MAP * ~NOTFOUND")  # fmt: skip
"""It prints one file of this machine, and asks nobody anything."""


def browser() -> str:
    """The program that prints pages. Raises ExtraError where there is none."""
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        raise ExtraError("extra_chromium")
    return found


def write_pdf(page: str | Path) -> Path:
    """Print an HTML file beside it, on A4. Raises ExtraError without a browser, OutputError."""
    page = Path(page).absolute()
    target = page.with_suffix(".pdf")
    root = ("--no-sandbox",) if hasattr(os, "geteuid") and os.geteuid() == 0 else ()
    with tempfile.TemporaryDirectory() as own:
        printed = Path(own) / "page.pdf"
        command = [browser(), *_QUIET, *root, f"--user-data-dir={own}/profile",
                   f"--print-to-pdf={printed}", page.as_uri()]  # fmt: skip
        try:
            subprocess.run(  # noqa: S603 - a browser of this machine, on a file of ours
                command, check=True, capture_output=True, timeout=_PATIENCE
            )
            content = printed.read_bytes()
        except (OSError, subprocess.SubprocessError) as error:
            raise OutputError("pdf_failed", path=target, reason=type(error).__name__) from None
    write_atomically(target, content)
    return target
