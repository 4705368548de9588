"""What is loaded when the program starts: the command that is asked for, and no other."""

import subprocess
import sys

from kenpin.cli import COMMANDS, load_commands


def test_each_command_is_in_the_file_of_its_name():
    """So that the one that is asked for can be loaded without the others."""
    program = load_commands()
    own = {one.callback.__name__: one.callback.__module__ for one in program.registered_commands}
    groups = {one.typer_instance.info.name for one in program.registered_groups}
    assert {module.rpartition(".")[2] for module in own.values()} | groups == set(COMMANDS)
    for word in ("inspect", "record"):
        code = (
            "import sys; from kenpin.cli import main\n"
            "try: main()\n"
            "finally: print(*sorted(m for m in sys.modules if m.startswith('kenpin.cli.')))"
        )
        command = [sys.executable, "-c", code, "--lang", "en", word, "--help"]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        loaded = done.stdout.splitlines()[-1].split()
        assert f"kenpin.cli.{word}" in loaded and "kenpin.cli.learn" not in loaded
