"""One exchange with GitHub's API: its request, its response, and how it can end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from redeliver.timing import RunClock

Verb = Literal["GET", "POST", "PATCH"]
#: A request's body: JSON's members by name.
Body = Mapping[str, str | Sequence[str] | Mapping[str, str]]
#: Why a response is lost; bounded_http and connection have more reasons.
TOO_LONG = "it took too long"


@dataclass(frozen=True, slots=True)
class Response:
    """A response that arrived whole. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: str


class ResponseLost(Exception):
    """No whole response came, so the request may or may not have taken effect.

    Raised for whatever can go wrong: a refused connection, a time-out, a TLS failure, a body that is cut short or too
    large, bytes that are not HTTP. The message is a short fixed phrase for users ("the connection failed").
    """


class Transport(Protocol):
    """Makes requests of GitHub's API."""

    def exchange(
        self,
        verb: Verb,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Body | None = None,
    ) -> Response:
        """Make one request, once: no retry, no pacing, no redirect followed.

        ``path`` begins with ``/`` and is relative to the API's root (``/orgs/octo/hooks/1/deliveries``).

        Raises:
            ResponseLost: no whole response came.
        """
        ...


class InterruptibleTransport:
    """A transport whose calls a signal interrupts, and that makes none after the closing time."""

    def __init__(self, inner: Transport, clock: RunClock) -> None:
        self._inner = inner
        self._clock = clock

    def exchange(
        self,
        verb: Verb,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Body | None = None,
    ) -> Response:
        """As the inner transport; raises Stopped as well."""
        if self._clock.remaining() <= 0 and self._clock.is_closing:
            raise ResponseLost(TOO_LONG)
        with self._clock.call():
            return self._inner.exchange(verb, path, query=query, body=body)
