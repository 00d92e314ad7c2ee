"""What was asked and what was answered, in order, with the model's time and without a secret."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from githubsim.wire import LostKind


@dataclass(slots=True)
class Entry:
    """One request. ``token`` is the credential's name, never its value; ``lost`` says that no whole answer went out."""

    number: int
    at: int
    verb: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    token: str | None
    body: bytes
    status: int | None = None
    lost: LostKind | None = None
    limited: bool = False

    @property
    def line(self) -> str:
        """The request in one line, for snapshots and failures: ``GET /orgs/octo/hooks?page=2 -> 200``."""
        query = "&".join(f"{name}={value}" for name, value in self.query.items())
        end = self.status if self.lost is None else self.lost
        return f"{self.verb} {self.path}{'?' if query else ''}{query} -> {end}"


class Journal:
    """Every request since the beginning."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.count = 0

    def of(self, verb: str, ending: str = "") -> list[Entry]:
        """The requests with this verb whose path ends so."""
        return [entry for entry in self.entries if entry.verb == verb and entry.path.endswith(ending)]

    def clear(self) -> None:
        """Drop the entries (a benchmark has many); the numbers go on."""
        self.entries.clear()
