"""The one way from a picture to a verdict."""

from kenpin.inspection.harness_view import UsualSize
from kenpin.inspection.in_processes import inspect_in_processes
from kenpin.inspection.inspector import Inspector
