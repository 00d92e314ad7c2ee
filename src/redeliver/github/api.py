"""Calls to GitHub's API: within its limits, retried after an error where that is safe, and no redelivery twice.

Facts: https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import KW_ONLY, dataclass, field
from math import inf
from typing import TYPE_CHECKING, Generic, TypeVar

from redeliver.core.case import Acceptance, Reply
from redeliver.core.forecast import READ_POINTS, WRITE_POINTS
from redeliver.errors import (
    AccessBlocked,
    ApiError,
    ApiFailing,
    ApiTimedOut,
    ApiUnexpected,
    NextPageMissing,
    NoTimeToRetry,
    OutOfTime,
    ReplyLost,
)
from redeliver.github.pace import HOURLY_LIMIT, SEND_RATE, WINDOW, Pace, Quota
from redeliver.github.pages import PAGE_SIZE, next_query
from redeliver.github.responses import (
    TOO_LONG,
    Body,
    CredentialKind,
    Purpose,
    Response,
    ResponseLost,
    Transport,
    Verb,
    date_of,
    error_for,
    number,
    request_id,
    token_end_of,
)
from redeliver.text import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Container, Mapping, Sequence

    from redeliver.github.pages import Query
    from redeliver.timing import RunClock

T = TypeVar("T")

_POINTS: dict[Verb, int] = {"GET": READ_POINTS, **dict.fromkeys(("POST", "PUT", "PATCH", "DELETE"), WRITE_POINTS)}
#: Seconds to wait before the second, third and fourth try of a call that may be repeated.
BACKOFF = (1.0, 3.0, 9.0)
TRIES = 1 + len(BACKOFF)
#: What GitHub answers when its own servers ran out of time.
_TIMED_OUT = frozenset({502, 504})
#: Seconds to wait after a limit that does not say how long, doubling each time.
LIMIT_WAIT = 60.0
#: Calls of the hour that are kept back, so that the checkpoint can still be saved and the limit is never exceeded.
RESERVE = 10
#: Two of GitHub's clocks that differ by more than this many milliseconds are not both right. Less is what a call takes.
CLOCKS_AGREE = 60_000
#: A call that costs nothing against the limit of an hour: https://docs.github.com/en/rest/rate-limit/rate-limit
_CLOCK = "/rate_limit"
#: Characters of a body in which the message about a limit is looked for.
_MESSAGE_WITHIN = 10_000


@dataclass(slots=True, eq=False)
class Caller:
    """Makes calls with one credential, one at a time. A signal interrupts them.

    Its methods raise ApiError where GitHub refused or every try failed, and OutOfTime where a wait does not fit into
    the time limit.
    """

    connected: Callable[[], Transport]
    """Gives the connection for the next call; it may have to renew a token for that."""
    pace: Pace
    clock: RunClock
    kind: CredentialKind = CredentialKind.TOKEN
    _: KW_ONLY
    api_url: str = "https://api.github.com"
    web_url: str = ""
    """Where users see this GitHub; an error shows an address there, and none elsewhere."""
    before_post: Callable[[], None] | None = None
    """What it raises keeps a POST from being made."""
    clocks_differ_by: int = field(default=0, init=False)
    """Milliseconds by which two of GitHub's clocks differed, as far as they must not; 0: all of them agreed."""
    token_ends_at: int | None = field(default=None, init=False)
    """When the token ends, in epoch milliseconds, as the last response said that says it; None: not known."""
    _clock_reading: tuple[int, float] | None = field(default=None, init=False)
    _readings: int = field(default=0, init=False)
    _asked_again: bool = field(default=False, init=False)
    _limits_met: int = field(default=0, init=False)
    _left: float = field(default=inf, init=False)
    _hourly: float = field(default=inf, init=False)
    _resets_at: float = field(default=inf, init=False)  # in epoch seconds

    @property
    def quota(self) -> Quota:
        """How many calls GitHub still allows within the hour, as its last response said."""
        now = self.known_time()
        return Quota(self._left, self._hourly, inf if now is None else self._resets_at - now / 1000)

    def now(self) -> int:
        """GitHub's clock, in epoch milliseconds: the ``Date`` of a response and the time since.

        One response's clock may be wrong: a second one is asked for. Of two that differ, the earlier one counts, since
        a checkpoint that lies too early loses nothing.
        """
        if self._readings == 0:
            purpose = Purpose("give its current time", "no permission", "GitHub has no clock")
            # 404: an Enterprise Server without limits.
            self.call("GET", _CLOCK, purpose, lambda response: response, accept=(404,))
        if self._readings == 1 and not self._asked_again:
            self._asked_again = True
            self.get_if_free(_CLOCK, lambda response: response)
        now = self.known_time()
        if now is None:
            raise ApiUnexpected(what="give its current time", why="the response has no Date header")
        return now

    def call(
        self,
        verb: Verb,
        path: str,
        purpose: Purpose,
        parse: Callable[[Response], T],
        *,
        query: Mapping[str, str] | None = None,
        body: Body | None = None,
        accept: Container[int | None] = (),
        once: bool = False,
        most_tries: int = TRIES,
    ) -> T:
        """Make a call. It is tried again after an error or an unreadable response; a refusal is an error at once.

        ``parse`` raises ValueError for a response that is not as expected; statuses to ``accept`` are not refused
        before. ``once``: what must not be done twice is tried again only where a limit refused it.

        Raises:
            ReplyLost: what was asked for ``once`` may be done, or not.
        """
        fault: ApiError
        tries = 0
        while True:
            self.wait_for_turn(_POINTS[verb])
            seen = ""
            try:
                response = self._exchange(verb, path, query, body, accept=accept)
                if response is None:
                    continue
                seen = request_id(response)
                if response.status < 300 or response.status in accept:
                    return parse(response)
                if response.status < 500:
                    raise error_for(response, purpose, self.kind, self.web_url)
                kind = ApiTimedOut if response.status in _TIMED_OUT else ApiFailing
                why = f"it answered {response.status}"
                fault = kind(tries=tries + 1, what=purpose.what, why=why, request_id=seen)
            except ResponseLost as lost:
                fault = ApiFailing(tries=tries + 1, what=purpose.what, why=str(lost))
            except ValueError as unreadable:
                fault = ApiUnexpected(what=purpose.what, why=str(unreadable), request_id=seen)
            if once:
                raise ReplyLost(what=purpose.what, why=fault.why, request_id=seen)
            if tries == most_tries - 1:
                raise fault
            try:
                self.clock.wait(BACKOFF[tries], f"another try to {purpose.what} ({plain(fault.why, 400)})")
            except OutOfTime:
                raise NoTimeToRetry(fault=fault) from None
            tries += 1

    def get_if_free(self, path: str, parse: Callable[[Response], T]) -> T | None:
        """Read something optional: once, and only if that uses up no limit.

        None: a limit is near or in force, too little time is left, or GitHub did not give it. ``parse`` raises
        ValueError for a response that is not as expected.
        """
        if self.quota.wait(RESERVE, redelivery=True):
            return None  # what is left of the hour's calls is for others
        seconds, what = self.pace.turn(READ_POINTS, self.clock.now())
        if seconds > WINDOW or seconds >= self.clock.remaining():
            return None
        self.clock.wait(seconds, what)
        try:
            response = self._exchange("GET", path)
            return parse(response) if response and response.status == 200 else None
        except (ResponseLost, ValueError, ApiError, OutOfTime):
            return None  # the last two: the token had to be renewed, and could not be

    def seconds_to_turn(self, points: int, *, redelivery: bool = False) -> float:
        """Seconds that :meth:`wait_for_turn` would wait now, or longer."""
        by_the_hour = self.quota.wait(RESERVE, redelivery=redelivery)
        return max(by_the_hour, self.pace.turn(points, self.clock.now(), redelivery=redelivery)[0])

    def wait_for_turn(self, points: int, *, redelivery: bool = False) -> None:
        """Wait until a request of that many points may be made."""
        if seconds := self.quota.wait(1 if self.clock.is_closing else RESERVE, redelivery=redelivery):
            self.clock.wait(seconds, HOURLY_LIMIT, asked_by_github=True)
        seconds, what = self.pace.turn(points, self.clock.now(), redelivery=redelivery)
        self.clock.wait(seconds, what, asked_by_github=what != SEND_RATE)

    def post_once(self, path: str, purpose: Purpose) -> Reply | None:
        """Make a POST that must not be repeated. Call :meth:`wait_for_turn` first.

        None: a limit refused it. The pace has taken note, and the same may be asked for again.

        Raises:
            ApiError: 401, 403 that is not a limit, or a redirect: the next one would be refused, too. Also when the
                token had to be renewed and could not be, or a proxy lets nothing through.
        """
        try:
            response = self._exchange("POST", path, redelivery=True)
        except ResponseLost as lost:
            return Reply(Acceptance.UNKNOWN, str(lost))
        if response is None:
            return None
        status, why = response.status, f"GitHub answered {response.status}"
        if status == 202:
            return Reply(Acceptance.ACCEPTED)
        if status >= 500 or status < 300:
            return Reply(Acceptance.UNKNOWN, why)
        fault = error_for(response, purpose, self.kind, self.web_url)
        if status in {401, 403} or status < 400 or isinstance(fault, AccessBlocked):
            raise fault
        return Reply(Acceptance.REFUSED, why)

    def _exchange(
        self,
        verb: Verb,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Body | None = None,
        *,
        accept: Container[int | None] = (),
        redelivery: bool = False,
    ) -> Response | None:
        """Make one request, and note what its response says of limits and of the time. None: a limit refused it."""
        try:
            transport = self.connected()
            if self.clock.is_closing and self.clock.remaining() <= 0:
                raise ResponseLost(TOO_LONG)
            with self.clock.call():
                if verb == "POST" and self.before_post:
                    self.before_post()
                response = transport.exchange(verb, path, query=query, body=body)
        finally:
            self.pace.spent(_POINTS[verb], self.clock.now(), redelivery=redelivery)
        headers = response.headers
        # One without it, or that cannot be read, does not say that the token has no end.
        self.token_ends_at = token_end_of(response) or self.token_ends_at
        self._left = number(headers.get("x-ratelimit-remaining", ""), inf)
        self._hourly = number(headers.get("x-ratelimit-limit", ""), self._left)
        self._resets_at = number(headers.get("x-ratelimit-reset", ""), inf)
        if self._note_limit(response):
            return None
        moment = date_of(response)
        # Not a refusal's time: a proxy may have made it.
        if moment is not None and (response.status < 300 or response.status in accept):
            self._readings += 1
            ahead = 0 if (known := self.known_time()) is None else moment - known
            if abs(ahead) > CLOCKS_AGREE:
                self.clocks_differ_by = max(self.clocks_differ_by, abs(ahead))
            if ahead <= CLOCKS_AGREE:
                self._clock_reading = (moment, self.clock.now())
        return response

    def known_time(self) -> int | None:
        """GitHub's clock as far as it is known, in epoch milliseconds; None: it is not."""
        if self._clock_reading is None:
            return None
        moment, since = self._clock_reading
        return moment + int((self.clock.now() - since) * 1000)

    def _note_limit(self, response: Response) -> bool:
        """Whether a limit refused the call. If so, the pace is told how long to wait."""
        if response.status not in {403, 429}:
            self._limits_met = 0
            return False
        asked = response.headers.get("retry-after", "")
        # The earlier clock, as everywhere, makes for the longer wait.
        now = min((one for one in (date_of(response), self.known_time()) if one is not None), default=-inf)
        until_reset = self._resets_at - now / 1000 + 1
        primary = self._left == 0
        growing = LIMIT_WAIT * 2**self._limits_met
        if (wait := number(asked, inf)) < inf:
            seconds = max(1.0, wait)
        elif primary and 0 < until_reset < inf:
            seconds = until_reset
        elif asked or primary or response.status == 429 or "rate limit" in response.body[:_MESSAGE_WITHIN].lower():
            seconds, primary = growing, False
        else:
            return False
        if self._limits_met:
            # The wait before was as long as GitHub had asked for, and was not enough.
            seconds = max(seconds, growing / 2)
        self._limits_met += 1
        self.pace.limited(seconds, self.clock.now(), slower=not primary)
        return True


@dataclass(slots=True)
class Listing(Generic[T]):
    """One list of GitHub's.

    A full page that names no next one is believed to be the last only if one that is a row shorter names one: a fault
    may have dropped the link. The query of that shorter page stands in for the link.
    """

    caller: Caller
    path: str
    purpose: Purpose
    rows_of: Callable[[Response], Sequence[T]]
    """The rows of a response; raises ValueError if they cannot be read."""
    fewer: tuple[int, ...] = ()
    """Smaller sizes of a page, which are asked for from then on if GitHub's servers run out of time. They must not
    change what a query means, as they do where pages have numbers."""
    size: int = PAGE_SIZE
    """Rows of a page."""
    _shorter: Query | None = field(default=None, init=False)

    def everything(self, name: Callable[[T], object], most: int, first: Query | None = None) -> Collection[T]:
        """All rows, of those with the same name the last. ``first``: the query of the first page.

        Raises ApiUnexpected: there are more than so many names.
        """
        found: dict[object, T] = {}
        query: Query | None = first or {}
        while query is not None:
            before = len(found)
            rows, query = self.page(query)
            found |= {name(row): row for row in rows}
            if len(found) > most:
                raise ApiUnexpected(what=self.purpose.what, why="the list has no end")
            if len(found) == before:
                break  # a page with nothing new: the end, or a loop
        return found.values()

    def page(self, query: Query, *, most_tries: int = TRIES) -> tuple[Sequence[T], Query | None]:
        """The rows of the page that a query names, and the query of the next page; None: it is the last one.

        Raises:
            NextPageMissing: there must be a next page, and none is named.
            ApiError, OutOfTime: as :meth:`Caller.call`; ForeignLink among them.
        """
        told = query.get("per_page", "")
        size = min(int(told) if told.isdecimal() and len(told) < 4 else PAGE_SIZE, self.size)

        def read(response: Response) -> tuple[Sequence[T], Query | None]:
            rows, following = self.rows_of(response), next_query(response.headers.get("link", ""), self.caller.api_url)
            if following is None and len(rows) >= size > 1:
                if query == self._shorter:
                    raise NextPageMissing(what=self.purpose.what)
                self._shorter = following = {**query, "per_page": str(size - 1)}
            return rows, following

        of_size = {**query, "per_page": str(size)}
        try:
            rows, following = self.caller.call(
                "GET", self.path, self.purpose, read, query=of_size, most_tries=most_tries
            )
        except ApiTimedOut as failing:
            smaller = next((one for one in self.fewer if one < self.size), None)
            if smaller is None:
                raise
            self.size = smaller
            with suppress(ApiTimedOut):
                return self.page(query, most_tries=1)
            raise failing from None
        if query != self._shorter or following is None:
            return rows, following
        # It repeats the rows of the page before, and has the link.
        self._shorter = None
        return self.page(following)
