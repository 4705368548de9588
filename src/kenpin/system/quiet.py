"""Other people's libraries, kept from reporting to their makers, from caching and from warning.

Every other file takes ONNX Runtime, OpenVINO and Matplotlib from here, never by itself: what must
be said to them has to be said before they are loaded.
"""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast

_NOWHERE = f"{os.devnull}/kenpin"  # no file can be there
_QUIET = {
    "ORT_DISABLE_TELEMETRY": "1",  # ONNX Runtime 1.29 and later reports to its maker by default
    "HF_HUB_DISABLE_TELEMETRY": "1",  # of the downloads that a pretrained --backbone asks for
}

os.environ.update(_QUIET)  # here, not in a function: whoever loads a room of kenpin has it


@cache
def onnxruntime() -> Any:
    """ONNX Runtime, which reports nothing."""
    started = "onnxruntime" in sys.modules  # by the program that uses kenpin, maybe before kenpin
    import onnxruntime as ort  # noqa: PLC0415 - slow to load, and not every command runs a graph

    if started:
        ort.disable_telemetry_events()
    return ort


@cache
def openvino_core() -> Any:
    """The engine of OpenVINO, which reports nothing."""
    # Importing OpenVINO reports to its maker over the network wherever that package can be loaded;
    # without it OpenVINO uses a stub of its own.
    sys.modules.setdefault("openvino_telemetry", cast(Any, None))
    import openvino  # noqa: PLC0415 - an extra, and slow to load

    return openvino.Core()


@cache
def load_matplotlib() -> None:
    """Load Matplotlib without its folders under the home, which may not be there or not be ours.

    It keeps its settings and a list of the machine's fonts there. Without them it uses those it
    came with, and looks for the fonts again: about half a second.
    """
    if "matplotlib.font_manager" in sys.modules:
        return  # by the program that uses kenpin, in its own way
    with _for_now("MATPLOTLIBRC", _own_settings()), _silent("matplotlib"):
        import matplotlib as mpl  # noqa: PLC0415 - takes long, and only plots need it

        usual = mpl.get_cachedir
        mpl.get_cachedir = lambda: _NOWHERE
        try:
            # What asks for its folders: the fonts, and of the figure's parts one more.
            import matplotlib.backends.backend_agg  # noqa: PLC0415
            import matplotlib.figure  # noqa: PLC0415
            import matplotlib.texmanager  # noqa: PLC0415
        finally:
            mpl.get_cachedir = usual


def _own_settings() -> str:
    spec = find_spec("matplotlib")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("matplotlib")
    return str(Path(spec.origin).parent / "mpl-data" / "matplotlibrc")


@contextmanager
def _for_now(name: str, value: str) -> Iterator[None]:
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


@contextmanager
def _silent(name: str) -> Iterator[None]:
    logger = logging.getLogger(name)
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)
