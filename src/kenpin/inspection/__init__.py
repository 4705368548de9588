"""The one way from a picture to a verdict."""

from kenpin.inspection.inspector import Inspector
