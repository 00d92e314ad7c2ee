"""Bad days on demand: which request is hit, when, and by what."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from email.utils import format_datetime, parsedate_to_datetime
from fnmatch import fnmatchcase
from typing import Literal
from urllib.parse import urlencode

from githubsim.wire import JSON_TYPE, Lost, LostKind, Refused, SimRequest, SimResponse

When = Literal["before", "after"]


@dataclass(frozen=True, slots=True)
class Answer:
    """Answer this instead of what GitHub would say."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


Reword = Callable[[str | None], str | None]
"""What becomes of GitHub's own text of a header; None: there is no such header."""


@dataclass(frozen=True, slots=True)
class Rewrite:
    """Let it happen and answer as ever, but with another status or other headers (a 200 where 202 belongs)."""

    status: int | None = None
    headers: Mapping[str, str | Reword] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Lose:
    """Let no whole answer through."""

    kind: LostKind


@dataclass(frozen=True, slots=True)
class Delay:
    """Answer as ever, but that much later."""

    milliseconds: int


@dataclass(frozen=True, slots=True)
class Call:
    """Call a function, then go on as ever: it may kill the client's process, or raise a crash in this one."""

    function: Callable[[], None]


Effect = Answer | Rewrite | Lose | Delay | Call


@dataclass(slots=True)
class Fault:
    """One rule: it hits requests that match, from the ``nth`` match on, ``times`` times.

    ``path`` is a pattern (``*/attempts``) for the path below the API's root, ``query`` one for what follows it
    (``*status=failure*``). ``at_request`` instead counts every request since the simulation began (1 is the first).
    ``before``: GitHub never sees the request, so that nothing happens; ``after``: it has happened, and only the answer
    is touched.
    """

    effect: Effect
    verb: str = "*"
    path: str = "*"
    query: str = "*"
    nth: int = 1
    times: int | None = 1
    at_request: int | None = None
    when: When = "before"
    matches: int = field(default=0, init=False)
    hits: int = field(default=0, init=False)

    def strikes(self, request: SimRequest, path: str, number: int) -> bool:
        """Whether this request is hit; counts the match."""
        if self.at_request is not None and self.at_request != number:
            return False
        if self.verb not in {"*", request.verb} or not fnmatchcase(path, self.path):
            return False
        if self.query != "*" and not fnmatchcase(urlencode(request.query), self.query):
            return False
        self.matches += 1
        if self.matches < self.nth or (self.times is not None and self.hits >= self.times):
            return False
        self.hits += 1
        return True


class Faults:
    """The rules in force; the first that strikes wins."""

    def __init__(self) -> None:
        self.rules: list[Fault] = []

    def add(self, *rules: Fault) -> None:
        """Put rules in force, after those that already are."""
        self.rules.extend(rules)

    def clear(self) -> None:
        self.rules.clear()

    def strike(self, request: SimRequest, path: str, number: int) -> Fault | None:
        """The rule that hits this request, if any."""
        return next((rule for rule in self.rules if rule.strikes(request, path, number)), None)


def apply(fault: Fault, carry_out: Callable[[], SimResponse]) -> SimResponse:
    """Let a fault strike one request.

    Raises:
        Lost: the fault lets no whole answer through.
    """
    effect = fault.effect
    if isinstance(effect, Call):
        if fault.when == "before":
            effect.function()
            return carry_out()
        answer = carry_out()
        effect.function()
        return answer
    if isinstance(effect, Delay):
        return replace(answer := carry_out(), delay_ms=answer.delay_ms + effect.milliseconds)
    if isinstance(effect, Rewrite):
        answer = carry_out()
        headers = {
            name: new(answer.headers.get(name)) if callable(new) else new for name, new in effect.headers.items()
        }
        kept = {name: text for name, text in {**answer.headers, **headers}.items() if text is not None}
        return replace(answer, status=effect.status or answer.status, headers=kept, forged=True)
    happened = carry_out() if fault.when == "after" or (isinstance(effect, Lose) and effect.kind == "cut") else None
    if isinstance(effect, Lose):
        raise Lost(effect.kind, answer=happened)
    return SimResponse(effect.status, dict(effect.headers), effect.body, forged=True)


def json_answer(status: int, message: str, **headers: str) -> Answer:
    """An error the way GitHub words it; ``retry_after="5"`` becomes the header ``retry-after``."""
    told = Refused(status, message, **headers).answer
    return Answer(status, told.body, dict(told.headers))


def html_answer(status: int) -> Answer:
    """The page of a proxy or a unicorn, which is no JSON."""
    body = f"<html><head><title>{status}</title></head><body><h1>Unicorn!</h1></body></html>"
    return Answer(status, body.encode(), {"content-type": "text/html"})


def garbage(status: int = 200) -> Answer:
    """Announced as JSON, and is none."""
    return Answer(status, b'[{"id": 12, "guid": ', {"content-type": JSON_TYPE})


def redirect(location: str, status: int = 307) -> Answer:
    """Somewhere else, please."""
    return Answer(status, b"", {"location": location})


def foreign_next(url: str) -> Rewrite:
    """A page whose next link leaves GitHub."""
    return Rewrite(headers={"link": f'<{url}>; rel="next"'})


def without_link() -> Rewrite:
    """A page that names no next one, though there is one."""
    return Rewrite(headers={"link": lambda _: None})


def link_in_other_words(by: Callable[[str], str]) -> Rewrite:
    """A page whose ``Link`` is there, if GitHub gives one, and hard to read. ``by``: what it makes of GitHub's own."""
    return Rewrite(headers={"link": lambda link: None if link is None else by(link)})


def wrong_date(by_ms: int) -> Rewrite:
    """An answer from a server whose clock is so many milliseconds ahead, or behind if there is a minus."""

    def shifted(date: str | None) -> str | None:
        if date is None:
            return None
        return format_datetime(parsedate_to_datetime(date) + timedelta(milliseconds=by_ms), usegmt=True)

    return Rewrite(headers={"date": shifted})


def proxy_refusal(date: str) -> Answer:
    """The page of a proxy that wants a password, with its own clock's time."""
    page = html_answer(407)
    return Answer(page.status, page.body, {**page.headers, "date": date})


def every_kind() -> Iterator[Fault]:
    """One fault of each kind, before and after the effect, for tests that go through all of them."""
    effects: tuple[Effect, ...] = (
        json_answer(500, "Server Error"),
        html_answer(502),
        html_answer(503),
        garbage(),
        Lose("reset"),
        Lose("silence"),
        Lose("cut"),
    )
    for effect in effects:
        yield Fault(effect, when="before")
        yield Fault(effect, when="after")
