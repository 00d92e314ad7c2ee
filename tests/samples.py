"""Small things to test with: rows, attempts, events, a log to page through, a connection that says what it is told."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby
from math import inf
from typing import TYPE_CHECKING, Any

from githubsim.clock import START, VirtualClock
from redeliver.console import Console, headed
from redeliver.core.deliveries import Attempt, DeliveryLog, Event, Filter, Page, Row
from redeliver.core.reading import Extent, Reading, Successes, Window
from redeliver.core.settings import ScanMode, parse
from redeliver.github.api import Caller
from redeliver.github.connection import GitHubApi
from redeliver.github.pace import Pace, Quota
from redeliver.github.responses import Body, Purpose, Response, Verb
from redeliver.run.scan import Reader
from redeliver.timing import RunClock

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator, Mapping

    from redeliver.console import Word

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE


def plain_id(value: object) -> str:
    """The id of a test, in characters that pytest does not escape: mutmut runs it many times in one process, and each
    time what the last one has escaped is escaped again.
    """
    return ascii(value).replace("\\", "/")


def row(
    number: int,
    at: int = START,
    *,
    guid: str = "g",
    code: int = 503,
    status: str | None = None,
    redelivery: bool = False,
    event: str = "push",
    action: str | None = None,
) -> Row:
    """One row of the log. ``status`` is what GitHub would write for the code."""
    if status is None:
        status = "OK" if 200 <= code < 300 else f"Invalid HTTP Response: {code}"
    return {
        "id": number,
        "guid": guid,
        "delivered_at": at,
        "redelivery": redelivery,
        "status": status,
        "status_code": code,
        "event": event,
        "action": action,
    }


def attempt(number: int, at: int = START, *, redelivery: bool = False, code: int = 503) -> Attempt:
    """A failed attempt."""
    return Attempt(number, at, redelivery, code, f"HTTP {code}")


def event(*attempts: Attempt, guid: str = "g", name: str = "push") -> Event:
    """An event with these failed attempts, or with one."""
    return Event(guid, name, attempts or (attempt(1),))


def window_of(back: int = 72 * HOUR) -> Window:
    """One that begins so many milliseconds before START."""
    began = START - back
    return Window(START, None, began, began, START - 72 * HOUR)


def reading_of(rows: Iterable[Row] = (), window: Window | None = None, **known: Any) -> Reading:  # noqa: ANN401
    """What a run has read that found these rows in its window, and read all of that."""
    window, log = window or window_of(24 * HOUR), DeliveryLog()
    log.add(rows)
    usual: dict[str, Any] = {
        "extent": Extent.WHOLE,
        "log": log,
        "scanned": 100,
        "accounts_from": window.cutoff,
        "back_to": window.cutoff,
        "sought": frozenset(),
        "sought_back_to": window.cutoff,
        "failures_only": False,
        "successes": Successes(),
        "any_row": False,
        "newest_original": -inf,
        "is_silent": False,
        "any_success": False,
        "failing_since": None,
        "stats": None,
    }
    return Reading(window, **usual | known)


@dataclass
class Pages:
    """A delivery log that is read by the page, newest first. Each page takes ``cost`` seconds of ``clock``."""

    rows: list[Row] = field(default_factory=list)
    size: int = 100
    clock: VirtualClock | None = None
    cost: float = 0.0
    filters: bool = True
    empty_every: int = 0
    asked: list[tuple[Filter | None, int]] = field(default_factory=list)
    before_page: Callable[[int], object] | None = None
    quota: Quota = field(default_factory=Quota)
    _sorted: dict[Filter | None, tuple[int, list[Row]]] = field(default_factory=dict)

    def page(self, query: Mapping[str, str] | None = None, *, only: Filter | None = None) -> Page:
        if self.before_page:
            self.before_page(len(self.asked) + 1)
        start = int((query or {}).get("start", "0"))
        only = "failure" if (query or {}).get("status") == "failure" else only
        self.asked.append((only, start))
        if self.clock:
            self.clock.sleep(self.cost)
        ordered = self._shown("failure" if only and self.filters else None)
        if self.empty_every and len(self.asked) % self.empty_every == 0:
            return Page([], {"start": str(start), "again": str(len(self.asked))})
        end = start + self.size
        following = {"start": str(end)} | ({"status": "failure"} if only else {})
        return Page(ordered[start:end], following if end < len(ordered) else None)

    def _shown(self, only: Filter | None) -> list[Row]:
        """Rows newest first; sorted anew only when there are others."""
        if self._sorted.get(only, (-1, []))[0] != len(self.rows):
            ordered = sorted(self.rows, key=lambda one: -one["id"])
            fitting = [one for one in ordered if only is None or 400 <= one["status_code"] < 600]
            self._sorted[only] = (len(self.rows), fitting)
        return self._sorted[only][1]


TOKEN = "ghp_0123456789abcdef"


def connect(url: str, time_left: Callable[[], float] = lambda: 60.0) -> GitHubApi:
    """A connection over a socket, whose calls have more time than a test takes."""
    return GitHubApi(url, TOKEN, time_left)


class Patience(VirtualClock):
    """A clock that remembers what it was asked to wait for. Between two waits, somebody looks at it."""

    def __init__(self) -> None:
        super().__init__()
        self.slept: list[float] = []
        self._is_waiting = False

    def monotonic(self) -> float:
        self._is_waiting = False
        return super().monotonic()

    def sleep(self, seconds: float) -> None:
        if self._is_waiting:
            self.slept[-1] += seconds
        else:
            self.slept.append(seconds)
        super().sleep(seconds)
        self._is_waiting = True


def answer(status: int, body: object = None, **headers: str) -> Response:
    """An answer; ``retry_after="5"`` becomes the header ``retry-after``. A text is sent as it is, all else as JSON."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    text = body if isinstance(body, str) else json.dumps({} if body is None else body)
    return Response(status, named, text)


@dataclass
class Said(Console):
    """A console that remembers."""

    lines: list[str] = field(default_factory=list)
    details: list[str] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)

    def line(self, text: str, word: Word = "", *, passing: bool = False) -> None:  # noqa: ARG002  it keeps all
        self.lines.append(headed(word, text))

    def detail(self, text: str) -> None:
        self.details.append(text)

    @contextmanager
    def group(self, title: str) -> Iterator[None]:
        self.groups.append(title)
        yield


@dataclass
class Script:
    """A connection that gives one prepared answer after the other, and then the last one again and again."""

    answers: list[Response | Exception]
    clock: VirtualClock | None = None
    cost: float = 0.0
    calls: list[tuple[str, str, dict[str, str], Body]] = field(default_factory=list)

    def exchange(
        self,
        verb: Verb,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Body | None = None,
    ) -> Response:
        self.calls.append((verb, path, dict(query or {}), dict(body or {})))
        if self.clock:
            self.clock.sleep(self.cost)
        told = self.answers[min(len(self.calls), len(self.answers)) - 1]
        if isinstance(told, Exception):
            raise told
        return told

    @property
    def lines(self) -> list[str]:
        """The calls as ``GET /path``."""
        return [f"{verb} {path}" for verb, path, _, _ in self.calls]


TASK = Purpose("read the log", "the permission to read and write", "octo has no log")
PAGE = {"page": "1"}


class Calls:
    """A caller on a prepared connection, and a clock that remembers every wait."""

    def __init__(self, *answers: Response | Exception, limit: float = 3_600) -> None:
        self.clock = Patience()
        self.script = Script([*answers])
        self.console = Said()
        self.pace = Pace(150)
        self.run_clock = RunClock(self.clock, limit, self.console)
        self.caller = Caller(lambda: self.script, self.pace, self.run_clock)

    def get(self, *, accept: Container[int] = ()) -> object:
        return self.caller.call("GET", "/log", TASK, lambda told: json.loads(told.body), query=PAGE, accept=accept)

    @property
    def count(self) -> int:
        return len(self.script.calls)


class Desk:
    """A reader of a log whose pages take a while."""

    def __init__(
        self,
        rows: Iterable[Row],
        *,
        cost: float = 0.1,
        limit: float = 1_800,
        quota: Quota | None = None,
        **pages: Any,  # noqa: ANN401  fields of Pages
    ) -> None:
        self.clock, self.console = Patience(), Said()
        self.pages = Pages([*rows], clock=self.clock, cost=cost, quota=quota or Quota(), **pages)
        self.run_clock = RunClock(self.clock, limit, self.console)

    def head(self, back: int, mode: ScanMode = ScanMode.FULL) -> tuple[Reader, Reading | None]:
        settings = parse({"org": "octo", "hook-id": "1", "token": "t", "scan": mode})
        reader = Reader(self.pages, window_of(back), settings, self.run_clock, self.console)
        return reader, reader.read_outage()

    def window(self, back: int, mode: ScanMode = ScanMode.FULL, *, postpone: bool = False) -> Reading:
        return self.head(back, mode)[0].read_window(postpone=postpone)

    @property
    def filters(self) -> list[str | None]:
        """Which filter each page was asked for with, in a row of equals only once."""
        return [only for only, _ in groupby(only for only, _ in self.pages.asked)]
