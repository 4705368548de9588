"""GigE Vision cameras, by their GenICam features (viva-genicam)."""

import contextlib
from typing import Any

import viva_genicam as vg

from kenpin.line.cameras import CameraError
from kenpin.line.settings import GenicamCamera
from kenpin.line.stream import Pixels, as_text, to_full_range

_FIND_MS, _READ_MS = 500, 500
_PRIVILEGE = 0x0A00  # GigE Vision's register of who controls the camera; 0 is nobody


class GigE:
    """See `GenicamCamera`. Raises CameraError where it is not there, or refuses a setting."""

    def __init__(self, settings: GenicamCamera) -> None:
        self._free = settings.trigger == "free"
        self._camera = _connected(settings.device)
        self._stream: Any = None
        self._lost = 0
        try:
            self._set_up(settings)
            self._stream = self._camera.stream()
            self._stream.__enter__()
        except vg.GenicamError as error:
            self.close()
            raise CameraError("camera_setting", str(error)) from None

    def _set_up(self, settings: GenicamCamera) -> None:
        for name, value in settings.features.items():
            self._camera.set(name, as_text(value))
        if self._free:
            with contextlib.suppress(vg.GenicamError):  # one without triggers runs freely anyway
                self._camera.disable_trigger("FrameStart")
        else:
            source = "Software" if settings.trigger == "software" else settings.trigger
            self._camera.enable_trigger("FrameStart", source)

    def read(self) -> Pixels | None:
        """The next whole frame."""
        try:
            frame = self._stream.next_frame(_READ_MS)
        except vg.GenicamError:  # a timeout, or it is gone
            frame = None
        if frame is None:
            self._check_there()
        elif not self._free and self._stream.stats().frames_lost > self._lost:
            raise CameraError("camera_frame_lost")  # one that belonged to a part
        return None if frame is None else _pixels(frame)

    def _check_there(self) -> None:
        try:
            held = any(self._camera.read_register(_PRIVILEGE, 4))  # features may be remembered
        except vg.GenicamError:
            held = False
        if not held:
            raise CameraError("camera_lost")
        if not self._free and self._stream.stats().frames_lost > self._lost:
            raise CameraError("camera_frame_lost")

    def trigger(self) -> None:
        """By software."""
        try:
            self._camera.trigger_software()
        except vg.GenicamError:
            raise CameraError("camera_lost") from None

    def close(self) -> None:
        """Stop it and give control back, so that it can be opened again at once."""
        with contextlib.suppress(vg.GenicamError):
            if self._stream is not None:
                self._stream.__exit__(None, None, None)
        with contextlib.suppress(vg.GenicamError):
            self._camera.close()


def _connected(device: str | None) -> Any:
    """The camera of this address, or the only one."""
    try:
        found = vg.discover(timeout_ms=_FIND_MS, all=True)
        own = [one for one in found if device is None or device.upper() in (one.ip, one.mac)]
        if len(own) != 1:
            there = ", ".join(f"{one.ip} ({one.model})" for one in found) or "-"
            raise CameraError("camera_lost", f"{device or ''} {there}".strip())
        return vg.connect_gige(own[0])
    except vg.GenicamError as error:
        raise CameraError("camera_lost", str(error)) from None


def _pixels(frame: Any) -> Pixels:
    try:
        pixels = frame.to_numpy(demosaic=True)
    except vg.GenicamError as error:
        raise CameraError("camera_setting", str(error)) from None
    if pixels.ndim == 1:  # the bytes of a format that it does not know
        raise CameraError("camera_setting", frame.pixel_format)
    return to_full_range(pixels, frame.pixel_format)
