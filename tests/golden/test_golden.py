"""What kenpin decides about real pictures stays what it was."""

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
def test_verdicts_on_four_open_sets_and_old_files_are_the_recorded_ones(shared):
    command = [sys.executable, str(Path(__file__).parent / "make.py"), str(shared), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
