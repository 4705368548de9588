"""Siemens S7 PLCs: both blocks are words of one data block (PUT/GET, ISO on TCP)."""

import asyncio
import contextlib
import logging
import struct
from typing import Any

from snap7 import AsyncClient
from snap7.error import S7Error

from kenpin.line.controller_settings import S7
from kenpin.line.polling import Registers
from kenpin.line.words import IN_WORDS

# What a person should know is said as an event of ours; its own words would go to the terminal.
logging.getLogger("snap7").setLevel(logging.CRITICAL)


class DataBlock(Registers):
    """Words of a data block, the high byte first; a request that fails is a lost connection."""

    def __init__(self, settings: S7) -> None:
        self._settings = settings
        self._client: Any = None

    async def open(self) -> None:
        """Raises OSError."""
        own = self._settings
        self._client = AsyncClient()
        with _as_os_error():
            await self._client.connect(own.host, own.rack, own.slot, own.port)

    async def read(self) -> list[int]:
        """Raises OSError."""
        own, count = self._settings, len(IN_WORDS)
        with _as_os_error():
            content = await self._client.db_read(own.db, own.asked_at, 2 * count)
            return list(struct.unpack(f">{count}H", content))

    async def write(self, words: tuple[int, ...]) -> None:
        """Raises OSError."""
        own = self._settings
        content = bytearray(struct.pack(f">{len(words)}H", *words))
        with _as_os_error():
            await self._client.db_write(own.db, own.shown_at, content)

    async def close(self) -> None:
        """The connection is thrown away."""
        client, self._client = self._client, None
        if client is not None:
            with _as_os_error():
                await client.disconnect()


@contextlib.contextmanager
def _as_os_error() -> Any:
    try:
        yield
    except (S7Error, asyncio.IncompleteReadError, ValueError, struct.error) as error:
        raise ConnectionError(str(error)) from None
