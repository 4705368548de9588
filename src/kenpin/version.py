"""The version of this kenpin, as installed."""

from importlib.metadata import version

VERSION = version("kenpin")
