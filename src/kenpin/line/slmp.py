"""MELSEC PLCs by SLMP (MC protocol, 3E binary over TCP)."""

import contextlib
from typing import Any

from kenpin.line.controller_settings import Slmp
from kenpin.line.polling import Registers
from kenpin.line.words import IN_WORDS


class DRegisters(Registers):
    """D registers; a request that fails in any way is a lost connection."""

    def __init__(self, settings: Slmp) -> None:
        self._settings = settings
        self._client: Any = None

    async def open(self) -> None:
        """Raises OSError."""
        from slmp import SlmpConnectionOptions, SlmpTarget, open_and_connect  # noqa: PLC0415

        own = self._settings
        target = SlmpTarget(network=0, station=0xFF, module_io=0x03FF, multidrop=0)
        with _as_os_error():
            options = SlmpConnectionOptions(
                host=own.host, port=own.port, transport="tcp", plc_profile=own.profile,
                default_target=target, timeout=own.silence_ms / 1000,
            )  # fmt: skip
            self._client = await open_and_connect(options)

    async def read(self) -> list[int]:
        """Raises OSError."""
        from slmp import read_words_single_request  # noqa: PLC0415

        with _as_os_error():
            return list(
                await read_words_single_request(
                    self._client, f"D{self._settings.asked_at}", len(IN_WORDS)
                )
            )

    async def write(self, words: tuple[int, ...]) -> None:
        """Raises OSError."""
        from slmp import write_words_single_request  # noqa: PLC0415

        with _as_os_error():
            await write_words_single_request(
                self._client, f"D{self._settings.shown_at}", list(words)
            )

    async def close(self) -> None:
        """The connection is thrown away."""
        client, self._client = self._client, None
        if client is not None:
            with _as_os_error():
                await client.close()


@contextlib.contextmanager
def _as_os_error() -> Any:
    from slmp import SlmpError  # noqa: PLC0415

    try:
        yield
    except (SlmpError, ValueError, EOFError) as error:
        raise ConnectionError(str(error)) from None
