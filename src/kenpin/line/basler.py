"""Basler cameras of every kind, by their own library (pypylon)."""

import contextlib
import warnings
from typing import Any

import numpy as np

from kenpin.line.cameras import CameraError
from kenpin.line.settings import BaslerCamera
from kenpin.line.stream import Pixels, as_text

with warnings.catch_warnings():  # where warnings are errors its import ends the process
    warnings.simplefilter("ignore")
    from pypylon import genicam, pylon

_READ_MS = 500
_FAULTS = (genicam.GenericException, AttributeError)  # a feature that is not there is either


class Pylon:
    """See `BaslerCamera`. Raises CameraError where it is not there, or refuses a setting."""

    def __init__(self, settings: BaslerCamera) -> None:
        self._free = settings.trigger == "free"
        self._camera = _opened(settings.device)
        self._converter = pylon.ImageFormatConverter()
        self._converter.OutputBitAlignment.Value = "MsbAligned"  # white is 65,535
        try:
            self._set_up(settings)
            latest, each = pylon.GrabStrategy_LatestImageOnly, pylon.GrabStrategy_OneByOne
            self._camera.StartGrabbing(latest if self._free else each)
        except CameraError:
            self.close()
            raise
        except _FAULTS as error:
            self.close()
            raise CameraError("camera_setting", str(error)) from None

    def _set_up(self, settings: BaslerCamera) -> None:
        nodes = self._camera.GetNodeMap()
        for name, value in settings.features.items():
            try:
                nodes.GetNode(name).FromString(as_text(value))
            except _FAULTS as error:
                raise CameraError("camera_setting", f"{name}: {error}") from None
        self._camera.TriggerSelector.Value = "FrameStart"
        if not self._free:
            source = "Software" if settings.trigger == "software" else settings.trigger
            self._camera.TriggerSource.Value = source
        self._camera.TriggerMode.Value = "Off" if self._free else "On"

    def read(self) -> Pixels | None:
        """The next whole frame."""
        try:
            result = self._camera.RetrieveResult(_READ_MS, pylon.TimeoutHandling_Return)
            if not result.IsValid():
                if self._camera.IsCameraDeviceRemoved():
                    raise CameraError("camera_lost")
                return None
            try:
                return self._pixels(result)
            finally:
                result.Release()
        except _FAULTS:
            raise CameraError("camera_lost") from None

    def _pixels(self, result: Any) -> Pixels | None:
        whole = result.GrabSucceeded() and not result.GetNumberOfSkippedImages()
        if not whole and not self._free:
            raise CameraError("camera_frame_lost")  # one that belonged to a part
        if not result.GrabSucceeded():
            return None
        kind = result.PixelType
        grey = pylon.IsMono(kind) and not pylon.IsBayer(kind)
        mono = pylon.PixelType_Mono16 if pylon.BitDepth(kind) > 8 else pylon.PixelType_Mono8
        self._converter.OutputPixelFormat = mono if grey else pylon.PixelType_RGB8packed
        return np.array(self._converter.Convert(result).GetArray())

    def trigger(self) -> None:
        """By software."""
        try:
            self._camera.WaitForFrameTriggerReady(_READ_MS, pylon.TimeoutHandling_Return)
            self._camera.ExecuteSoftwareTrigger()
        except _FAULTS:
            raise CameraError("camera_lost") from None

    def close(self) -> None:
        """Let go of it."""
        with contextlib.suppress(*_FAULTS):
            self._camera.Close()


def _opened(device: str | None) -> Any:
    """The camera of this serial number, or the only one."""
    try:
        factory = pylon.TlFactory.GetInstance()
        found = factory.EnumerateDevices()
        own = [one for one in found if device in (None, one.GetSerialNumber())]
        if len(own) != 1:
            there = ", ".join(one.GetFriendlyName() for one in found) or "-"
            raise CameraError("camera_lost", f"{device or ''} {there}".strip())
        camera = pylon.InstantCamera(factory.CreateDevice(own[0]))
        camera.Open()
    except _FAULTS as error:
        raise CameraError("camera_lost", str(error)) from None
    return camera
