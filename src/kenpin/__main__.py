"""python -m kenpin."""

from kenpin.cli import main

main()
