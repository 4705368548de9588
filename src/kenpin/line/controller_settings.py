"""What LINE.toml says of a controller, and of whom else is told."""

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from kenpin.line.words import IN_WORDS, OUT_WORDS
from kenpin.text import Notice

_WORD = 0xFFFF

Host = Annotated[str, Field(min_length=1, max_length=255)]
Port = Annotated[int, Field(ge=1, le=65535)]
Milliseconds = Annotated[int, Field(ge=1, le=600_000)]
Finite = Annotated[float, Field(allow_inf_nan=False)]


class Strict(BaseModel):
    """Unknown settings are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Nobody(Strict):
    """No controller: answers are in the record, and go to whom is told."""

    kind: Literal["none"]


class Words(Strict):
    """Where both blocks of words are: what is asked, and what is shown.

    STEP: how many addresses a word takes.
    """

    STEP: ClassVar[int] = 1

    asked_at: int = Field(0, ge=0, le=_WORD)
    shown_at: int = Field(100, ge=0, le=_WORD)
    silence_ms: Milliseconds = 2000

    def address(self, word: int, bit: int | None = None) -> str:
        """How the PLC's programmer calls a word, or the word that a bit is in."""
        return str(word)

    def _words(self) -> set[int]:
        """Every address that is used."""
        asked = range(self.asked_at, self.asked_at + self.STEP * len(IN_WORDS))
        return {*asked, *range(self.shown_at, self.shown_at + self.STEP * len(OUT_WORDS))}

    @model_validator(mode="after")
    def _apart(self) -> Self:
        asked = range(self.asked_at, self.asked_at + self.STEP * len(IN_WORDS))
        shown = range(self.shown_at, self.shown_at + self.STEP * len(OUT_WORDS))
        if max(asked.stop, shown.stop) - 1 > _WORD:
            raise ValueError(Notice("rule_words_end", most=_WORD))
        if asked.start < shown.stop and shown.start < asked.stop:
            raise ValueError(
                Notice("rule_words_overlap", asked=len(IN_WORDS), shown=len(OUT_WORDS))
            )
        return self


class ModbusServer(Words):
    """kenpin holds the registers; the PLC reads and writes them."""

    kind: Literal["modbus-server"]
    host: Host = "127.0.0.1"
    port: Port = 5020


class Polled(Words):
    """The PLC holds the words; kenpin polls them."""

    host: Host
    port: Port
    poll_ms: Milliseconds = 20

    @property
    def where(self) -> tuple[Any, ...]:
        """Which words they are, beside their addresses."""
        return self.host, self.port

    def shares_words_with(self, other: "Polled") -> bool:
        """Whether a word of one is a word of the other too."""
        same = type(self) is type(other) and self.where == other.where
        return same and bool(self._words() & other._words())


class ModbusClient(Polled):
    """Holding registers of a Modbus TCP server."""

    kind: Literal["modbus-client"]
    port: Port = 502
    unit: int = Field(1, ge=0, le=247)

    @property
    def where(self) -> tuple[Any, ...]:
        """One host and port may lead to several PLCs."""
        return self.host, self.port, self.unit


class Slmp(Polled):
    """A MELSEC PLC by SLMP (MC protocol, 3E binary, TCP): both blocks are D registers."""

    kind: Literal["slmp"]
    port: Port = 5007
    profile: Literal[
        "melsec:iq-r", "melsec:iq-r:rj71en71", "melsec:iq-l", "melsec:iq-f", "melsec:mx-r",
        "melsec:mx-r:rj71en71", "melsec:mx-f", "melsec:qcpu:qj71e71-100", "melsec:lcpu",
        "melsec:lcpu:lj71e71-100", "melsec:qnu", "melsec:qnu:qj71e71-100", "melsec:qnudv",
        "melsec:qnudv:qj71e71-100",
    ] = "melsec:iq-r"  # fmt: skip
    asked_at: int = Field(1000, ge=0, le=_WORD)
    shown_at: int = Field(1100, ge=0, le=_WORD)

    def address(self, word: int, bit: int | None = None) -> str:
        """D1000."""
        return f"D{word}"


class S7(Polled):
    """A Siemens PLC by S7 communication: both blocks lie in one data block, at these bytes."""

    STEP: ClassVar[int] = 2

    kind: Literal["s7"]
    port: Port = 102
    rack: int = Field(0, ge=0, le=7)
    slot: int = Field(1, ge=0, le=31)
    db: int = Field(ge=1, le=_WORD)
    asked_at: int = Field(0, ge=0, le=_WORD, multiple_of=2)
    shown_at: int = Field(10, ge=0, le=_WORD, multiple_of=2)

    @property
    def where(self) -> tuple[Any, ...]:
        """A block of a PLC."""
        return self.host, self.port, self.rack, self.slot, self.db

    def address(self, word: int, bit: int | None = None) -> str:
        """DB5.DBW10; of a bit DB5.DBX11.0, for the high byte of a word comes first."""
        if bit is None:
            return f"DB{self.db}.DBW{word}"
        return f"DB{self.db}.DBX{word + 1 - bit // 8}.{bit % 8}"


class Mqtt(Strict):
    """Triggers, results and a retained status as JSON, below TOPIC/STATION."""

    kind: Literal["mqtt"]
    host: Host = "127.0.0.1"
    port: Port = 1883
    topic: str = Field("kenpin", min_length=1, pattern=r"^[^+#\x00]+$")
    user: str | None = None
    password_variable: str | None = None
    silence_ms: Milliseconds = 2000


class OpcUa(Strict):
    """kenpin as an OPC UA server; anybody who reaches the port may ask."""

    kind: Literal["opc-ua"]
    host: Host = "127.0.0.1"
    port: Port = 4840


class Webhook(Strict):
    """Each answer is posted as JSON; signed with the secret in a variable of the environment."""

    kind: Literal["webhook"]
    url: str = Field(pattern=r"^https?://[^\s/]+")
    secret_variable: str | None = None
    retries: int = Field(3, ge=0, le=20)
    timeout_ms: Milliseconds = 2000
