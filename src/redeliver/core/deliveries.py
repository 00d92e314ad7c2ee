"""Attempts and events, from the rows of a delivery log in any order."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from math import inf
from typing import TYPE_CHECKING, Annotated, Literal, NotRequired

from pydantic import Field, GetPydanticSchema, TypeAdapter, ValidationError
from pydantic_core.core_schema import (
    datetime_schema,
    no_info_after_validator_function,
    no_info_before_validator_function,
    with_default_schema,
)
from typing_extensions import TypedDict

from redeliver.text import without_urls

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

#: Milliseconds by which a moment may be later than it looks. Some servers give whole seconds only, and so does the
#: ``Date`` header that GitHub's time is taken from.
ROUNDING = 1_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)

TIMED_OUT = "timed out"
NO_CONNECTION = "no connection"
TLS = "TLS failed"
#: Codes and causes of an attempt that failed because of the receiver, or of a proxy before it, whatever the event.
_OVERLOAD = frozenset({0, 429, 502, 503, 504})
_UNREACHABLE = frozenset({TIMED_OUT, NO_CONNECTION, TLS})
#: How GitHub's ``status`` begins, in lower case, if the endpoint answered with another code than 2xx.
_RESPONSE = "invalid http response"


#: What types of events are called together that are too many to be named: strangers choose the names.
OTHER = "other"

#: The one value of the ``status`` parameter that is used: codes 400 to 599.
Filter = Literal["failure"]


def _milliseconds(when: datetime) -> int:
    # Datetimes cannot do arithmetic across their first and last day.
    if not 1971 <= when.year <= 9998:
        raise ValueError("a year that no delivery can have")
    return (when - _EPOCH) // _MILLISECOND


#: Seconds; a longer duration is not believed. GitHub waits 10 s for an answer, Enterprise Server 30 s.
LONGEST_DURATION = 600

#: A time, read once as epoch milliseconds: a run needs it several times.
_moment = GetPydanticSchema(
    lambda *_: no_info_after_validator_function(_milliseconds, datetime_schema(tz_constraint="aware")),
)
#: For an optional field: an invalid value counts as absent.
or_none = GetPydanticSchema(
    lambda source, handler: with_default_schema(handler(source), default=None, on_error="default")
)
_Duration = Annotated[float, Field(strict=True, ge=0, le=LONGEST_DURATION, allow_inf_nan=False)]

#: GitHub's are 36 characters (guid) and up to about 50 (event and action).
_Name = Annotated[str, Field(max_length=200)]
_Guid = Annotated[str, Field(min_length=1, max_length=200)]
_Id = Annotated[int, Field(gt=0, lt=2**63)]


def _or_if_absent(value: object) -> GetPydanticSchema:
    """For a field that may be null or missing; ``value`` stands for that, and for nothing else."""
    return GetPydanticSchema(
        lambda source, handler: with_default_schema(
            no_info_before_validator_function(lambda given: value if given is None else given, handler(source)),
            default=value,
        )
    )


class Row(TypedDict):
    """The fields that are used of one row of the delivery log, as in GitHub's OpenAPI description."""

    id: _Id
    guid: _Guid
    delivered_at: Annotated[int, _moment]
    """Epoch milliseconds."""
    # These three are not required of GitHub, but always there once a row has been read.
    redelivery: NotRequired[Annotated[bool, _or_if_absent(value=False)]]
    status: NotRequired[Annotated[str, _or_if_absent("")]]
    status_code: NotRequired[Annotated[int, _or_if_absent(0)]]
    """0: GitHub gave none."""
    event: _Name
    action: NotRequired[_Name | None]
    duration: NotRequired[Annotated[_Duration | None, or_none]]
    """Seconds until the endpoint had answered, or GitHub had given up on it."""
    throttled_at: NotRequired[Annotated[datetime | None, or_none]]
    """When GitHub held the delivery back, which it does with an endpoint that answers too slowly."""


@dataclass(frozen=True, slots=True)
class UnreadRow:
    """A row of the log of which a field that is needed cannot be read: an attempt about which too little is known."""

    id: Annotated[_Id | None, or_none] = None
    """None: this cannot be read either; the same holds for the fields below."""
    guid: Annotated[_Guid | None, or_none] = None
    at: Annotated[Annotated[int, _moment] | None, or_none, Field(alias="delivered_at")] = None
    """When, in epoch milliseconds."""
    redelivery: Annotated[bool | None, or_none] = None
    status: Annotated[str | None, or_none] = None
    status_code: Annotated[int | None, or_none] = None

    @property
    def succeeded(self) -> bool:
        """Whether GitHub says that it delivered its event."""
        return self.status == "OK" or 200 <= (self.status_code or 0) < 300

    @property
    def label(self) -> str:
        """What to look for on the webhook's page: its id, or if that cannot be read the guid."""
        return str(self.id or self.guid)


_ROW = TypeAdapter(Row)
_UNREAD_ROW = TypeAdapter(UnreadRow)


def read_row(value: Mapping[str, object], newer: int | None) -> Row | UnreadRow:
    """One row of the log. Raises ValueError: it is none.

    ``newer``: when the row before it was, which stands for a time that cannot be read.
    """
    try:
        return _ROW.validate_python(value)
    except ValidationError:
        row = _UNREAD_ROW.validate_python(value)
        if row.id is None and row.guid is None:
            raise ValueError("a row is no delivery") from None
        return replace(row, at=newer) if row.at is None else row


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the log, newest first, and the query of the next one, if there is one."""

    rows: list[Row]
    next: Mapping[str, str] | None
    unread: tuple[UnreadRow, ...] = ()
    """Rows that cannot be read. One without a time has that of its newer neighbour on the page, if there is one."""

    @property
    def newest_original(self) -> float:
        """The newest moment (epoch ms) at which GitHub sent an event that is new; -inf: at none on this page.

        Only that tells of a source that is not silent. A redelivery does not: runs ask for some as long as anything is
        undelivered, and people may ask for any. A row that cannot be read counts, unless it says that it is one.
        """
        originals = [row["delivered_at"] for row in self.rows if not row["redelivery"]]
        return max([*originals, *(row.at for row in self.unread if row.at and not row.redelivery)], default=-inf)

    @property
    def times(self) -> list[int]:
        """The rows' times, in epoch milliseconds."""
        return [row["delivered_at"] for row in self.rows]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One row of the delivery log."""

    id: int
    at: int
    """When, in epoch milliseconds; the beginning of the second on servers that give whole seconds only."""
    redelivery: bool
    code: int
    cause: str
    """Why it failed, in our own words: GitHub's ``status`` can hold the hook's URL, or anything else. Empty: it
    succeeded."""

    @property
    def suggests_outage(self) -> bool:
        """Whether it failed the way every attempt does while a receiver is down; 3xx and 4xx are about one event."""
        return self.code == 0 or self.code >= 500

    @property
    def is_overload(self) -> bool:
        """Whether the receiver was overloaded or could not be reached, which says nothing about the event."""
        return self.code in _OVERLOAD or self.cause in _UNREACHABLE

    @property
    def is_refusal(self) -> bool:
        """Whether the receiver refused this event: 3xx, or 4xx but 429."""
        return 300 <= self.code < 500 and not self.is_overload


@dataclass(frozen=True, slots=True)
class Event:
    """An event and its attempts, oldest first, at least one.

    In a run no attempt is known to have delivered it, and these are the failed ones. In a replay they are all that
    were read.
    """

    guid: str
    name: str
    """``event`` or ``event.action``, as GitHub's rows have them; not to be trusted."""
    attempts: tuple[Attempt, ...]

    @property
    def first(self) -> Attempt:
        """The oldest attempt that is known."""
        return self.attempts[0]

    @property
    def latest(self) -> Attempt:
        """The newest attempt: the one to redeliver, and in a run the one that holds the checkpoint."""
        return self.attempts[-1]

    @property
    def latest_failure_listed(self) -> Attempt:
        """The newest attempt that GitHub lists when asked for failures (400 to 599); if it lists none, the newest."""
        return next((attempt for attempt in reversed(self.attempts) if 400 <= attempt.code <= 599), self.latest)

    @property
    def count(self) -> int:
        """Attempts so far, the original included even when it is not among the rows that were read."""
        return len(self.attempts) + self.attempts[0].redelivery

    @property
    def is_delivered(self) -> bool:
        """Whether one of the attempts succeeded."""
        return any(not attempt.cause for attempt in self.attempts)

    @property
    def original(self) -> Attempt | None:
        """The first attempt of all, unless it is not among the rows that were read."""
        first = self.attempts[0]
        return None if first.redelivery else first

    def is_whole(self, back_to: float) -> bool:
        """Whether no failed attempt can be missing, if all at that moment (epoch ms) or later were read."""
        return not self.first.redelivery and self.first.at >= back_to

    def joined(self, attempts: Iterable[Attempt]) -> Event:
        """The same with these attempts; adding one twice changes nothing."""
        known = {one.id: one for one in self.attempts}
        joined = {one.id: one for one in attempts} | known
        if len(joined) == len(known):
            return self
        return replace(self, attempts=tuple(joined[key] for key in sorted(joined)))


class DeliveryLog:
    """The part of one hook's log that has been read.

    Rows are not kept once they are counted, except for failed attempts of undelivered events. An event's
    original is its oldest row, so after a successful original nothing has to be kept of it.
    """

    def __init__(self) -> None:
        self._failed: dict[str, Event] = {}
        # What is to be joined to that when the event is asked for. Most events have one attempt.
        self._more: dict[str, list[Attempt]] = {}
        self._delivered: set[str] = set()
        self._unread: dict[tuple[int | None, str | None, int | None], UnreadRow] = {}

    def add(self, rows: Iterable[Row], *, only: Collection[str] | None = None) -> None:
        """Add rows; adding one twice changes nothing. ``only``: rows of these events alone."""
        for row in rows:
            guid = row["guid"]
            if only is not None and guid not in only:
                continue
            if succeeded(row):
                if row["redelivery"] or guid in self._failed:
                    self._delivered.add(guid)
                    self._failed.pop(guid, None)
                    self._more.pop(guid, None)
            elif guid not in self._delivered:
                attempt, known = attempt_of(row), self._failed.get(guid)
                if known is None:
                    self._failed[guid] = Event(guid, _shared(name_of(row)), (attempt,))
                elif attempt.id != known.first.id:
                    self._more.setdefault(guid, []).append(attempt)

    @property
    def has_failures(self) -> bool:
        """Whether an event was read that is not known to be delivered."""
        return bool(self._failed)

    def set_aside(self, rows: Iterable[UnreadRow]) -> None:
        """Add rows that cannot be read; adding one twice changes nothing."""
        for row in rows:
            self._unread[row.id, row.guid, None if row.id else row.at] = row

    def unread(self, since: int) -> list[UnreadRow]:
        """Rows of that moment (epoch ms) or later that cannot be read, and those without a time."""
        return [row for row in self._unread.values() if row.at is None or row.at >= since]

    def has_unread(self, guid: str) -> bool:
        """Whether there is a row of that event that cannot be read."""
        return any(row.guid == guid for row in self._unread.values())

    def may_hide_a_failure(self, row: UnreadRow) -> bool:
        """Whether an event may be undelivered of which nothing else is known than this row that cannot be read."""
        return not row.succeeded and row.guid not in self._failed and row.guid not in self._delivered

    def is_delivered(self, guid: str) -> bool:
        """Whether an attempt delivered this event, which was seen failing, or had its success as a redelivery."""
        return guid in self._delivered

    def event(self, guid: str) -> Event:
        """What is known of an undelivered event. Raises KeyError: none failed that was read, or one delivered it."""
        if more := self._more.pop(guid, None):
            self._failed[guid] = self._failed[guid].joined(more)
        return self._failed[guid]

    def undelivered(self, since: int, guids: Collection[str] | None = None) -> Sequence[Event]:
        """Of all events or of these, those with a failed attempt at that moment (epoch ms) or later, and no success."""
        chosen = [*self._failed] if guids is None else [guid for guid in guids if guid in self._failed]
        return [event for event in map(self.event, chosen) if any(one.at >= since for one in event.attempts)]


def succeeded(row: Row) -> bool:
    """GitHub's definition (``status`` is ``OK``), widened to every 2xx."""
    return row["status"] == "OK" or 200 <= row["status_code"] < 300


def cause_of(status: str, code: int) -> str:
    """Why an attempt failed, in a few words that contain no untrusted text."""
    answered = _shared(f"HTTP {code}")
    if status[: len(_RESPONSE)].lower() == _RESPONSE:
        return answered
    # A hook's address says nothing about the cause, even if it is called connect.example.
    text = without_urls(status).lower()
    if any(word in text for word in ("timed out", "timeout", "deadline exceeded")):
        return TIMED_OUT
    if any(word in text for word in ("x509", "tls", "certificate")):
        return TLS
    # "giving up" is GitHub's word for an endpoint that answered nothing, and it goes with the code 500.
    if code == 0 or any(word in text for word in ("connect", "giving up")):
        return NO_CONNECTION
    return answered


@lru_cache(maxsize=10_000)
def _shared(text: str) -> str:
    """One string for each name and cause, which many events have."""
    return text


def name_of(row: Row) -> str:
    """``event`` or ``event.action``; not to be trusted."""
    action = row.get("action")
    return f"{row['event']}.{action}" if action else row["event"]


def named_type(name: str, known: Collection[str], most: int) -> str:
    """What a type of event is counted as: its name, or OTHER if so many others are known, and this one is not."""
    return name if name in known or len(known) < most else OTHER


def attempt_of(row: Row) -> Attempt:
    """A row without untrusted text."""
    code = min(max(row["status_code"], 0), 999)
    cause = "" if succeeded(row) else cause_of(row["status"], code)
    return Attempt(row["id"], row["delivered_at"], row["redelivery"], code, cause)


@dataclass(frozen=True, slots=True)
class EndpointResponse:
    """An endpoint's response to one attempt. Each text is one line without addresses; empty: it sent none."""

    content_type: str = ""
    server: str = ""
    """The header ``Server``."""
    title: str = ""
    """The title of an HTML page, which says more than the page's beginning."""
    body: str = ""
    """The body's first characters."""
    duration: int | None = None
    """How long GitHub waited for it, in milliseconds; None: GitHub does not say."""


@dataclass(frozen=True, slots=True)
class TypeStats:
    """The events of one type."""

    event: str
    """GitHub's name of it, safe to show on one line; ``other`` for all types after the first hundred."""
    events: int
    delivered_first_try: int
    p95: int | None
    """Milliseconds; None: GitHub gave no duration."""


@dataclass(frozen=True, slots=True)
class DeliveryStats:
    """The first attempts of a window's events, failed ones included. Durations are in milliseconds."""

    events: int
    delivered_first_try: int
    p50: int | None
    """None, as for the next two: GitHub gave no duration."""
    p95: int | None
    longest: int | None
    near_timeout: int
    """Delivered, but only shortly before GitHub would have given up."""
    throttled: int
    by_event: tuple[TypeStats, ...]
    """The commonest type first."""
    timeout: int
    """Seconds that GitHub waits for an answer."""
