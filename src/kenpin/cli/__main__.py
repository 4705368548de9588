"""python -m kenpin.cli."""

from kenpin.cli import main

main()
