"""What one exchange with GitHub's API is, whoever carries it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from redeliver.timing import RunClock

Verb = Literal["GET", "POST", "PATCH"]


@dataclass(frozen=True, slots=True)
class Response:
    """An answer that arrived whole.

    Header names are in lower case; the body is text that nobody has parsed yet.
    """

    status: int
    headers: Mapping[str, str]
    body: str


class AnswerLost(Exception):
    """No whole answer came: the request may or may not have taken effect.

    Raised for a refused or reset connection, a time-out, a TLS failure and a body cut short.
    The message is a short phrase for people ("the connection was reset") that holds no secret.
    """


class Transport(Protocol):
    """Carries one request to GitHub's API and brings one answer back."""

    def exchange(
        self,
        verb: Verb,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, str] | None = None,
    ) -> Response:
        """Make one request, once: no retry, no pacing, no redirect followed.

        ``path`` begins with ``/`` and is relative to the API's root (``/orgs/octo/hooks/1/deliveries``).

        Raises:
            AnswerLost: no whole answer came.
        """
        ...


class InterruptibleTransport:
    """A transport whose calls a signal ends."""

    def __init__(self, inner: Transport, clock: RunClock) -> None:
        self._inner = inner
        self._clock = clock

    def exchange(
        self,
        verb: Verb,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, str] | None = None,
    ) -> Response:
        """As the inner transport; raises Stopped as well."""
        if self._clock.remaining() <= 0 and self._clock.is_closing:
            raise AnswerLost("it took too long")
        with self._clock.call():
            return self._inner.exchange(verb, path, query=query, body=body)
