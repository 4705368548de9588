"""Figures of a line for Prometheus, on a port of this machine only."""

from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server

from kenpin.line.machine import State, Station

_SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)


class Metrics:
    """Counts and times of all stations of a program."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        own: dict[str, Any] = {"registry": self.registry}
        self._parts = Counter("kenpin_parts", "Parts answered", ["station", "outcome"], **own)
        self._missed = Counter("kenpin_missed", "Triggers missed", ["station", "code"], **own)
        self._errors = Counter("kenpin_errors", "Parts answered ERROR", ["station", "code"], **own)
        self._stages = Histogram("kenpin_stage_seconds", "Time of a stage", ["station", "stage"],
                                 buckets=_SECONDS, **own)  # fmt: skip
        self._state = Gauge("kenpin_state", "1 for the state it is in", ["station", "state"], **own)
        self._waiting = Gauge("kenpin_waiting", "Pictures that came and are not judged yet",
                              ["station"], **own)  # fmt: skip
        self._lost = Gauge("kenpin_lost", "1 where a device is lost", ["station", "device"], **own)
        self._server: Any = None

    def serve(self, port: int) -> None:
        """Answer on this port. Raises OSError where it is taken."""
        self._server = start_http_server(port, addr="127.0.0.1", registry=self.registry)

    def close(self) -> None:
        """Stop answering."""
        if self._server is not None:
            server, thread = self._server
            server.shutdown()
            server.server_close()
            thread.join()
            self._server = None

    def answered(self, station: str, outcome: str, code: str | None) -> None:
        """A part was answered."""
        self._parts.labels(station, outcome).inc()
        if code is not None:
            self._errors.labels(station, code).inc()

    def missed(self, station: str, code: str) -> None:
        """A trigger was not accepted."""
        self._missed.labels(station, code).inc()

    def took(self, station: str, stage: str, seconds: float) -> None:
        """acquire, judge (with its row), or answer: all from trigger to answer."""
        self._stages.labels(station, stage).observe(seconds)

    def now(self, name: str, station: Station, waiting: int) -> None:
        """The state, what is lost, and how many pictures wait."""
        self._waiting.labels(name).set(waiting)
        for state in State:
            self._state.labels(name, state.value).set(state is station.state)
        for device in ("camera", "picture", "controller", "part", "record"):
            self._lost.labels(name, device).set(device in station.faults)
