"""How an attempt ended, and what kind of event it carried. Both are shared by many rows, so they are small tuples."""

from __future__ import annotations

from typing import NamedTuple

LEFT_OUT = "(left out)"
"""Stands for a field that is not there."""
_DISPENSABLE = {"status", "status_code", "redelivery"}


class Answer(NamedTuple):
    """What an endpoint answered, as GitHub keeps it."""

    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""


class Outcome(NamedTuple):
    """What GitHub writes down about an attempt. ``answer``: None, nothing came."""

    status: str
    status_code: int
    duration_ms: int = 120
    answer: Answer | None = None
    throttled: bool = False
    """Whether GitHub held the delivery back."""
    odd: tuple[tuple[str, object], ...] = ()
    """Fields of the attempt's row that GitHub writes as it should not, and what it writes; LEFT_OUT: nothing."""

    @property
    def succeeded(self) -> bool:
        """Whether the endpoint accepted the event, by GitHub's own definition."""
        return self.status == "OK" or 200 <= self.status_code <= 299

    @property
    def readable(self) -> bool:
        """Whether its row says what it must: status, code or flag may be missing, and no code is the code 0."""
        return all(name in _DISPENSABLE and value in {None, LEFT_OUT} for name, value in self.odd)


class Kind(NamedTuple):
    """What an event is about."""

    event: str = "push"
    action: str | None = None
    repository_id: int | None = 1_296_269
    installation_id: int | None = None


def odd(outcome: Outcome, **fields: object) -> Outcome:
    """The same outcome, but its row has these fields instead: ``None`` is null, LEFT_OUT is not there.

    A failure without a code is one with the code 0, to GitHub's own filter, too.
    """
    nameless = not outcome.succeeded and fields.get("status_code", 0) in {None, LEFT_OUT}
    code = 0 if "status_code" in fields and nameless else outcome.status_code
    return outcome._replace(status_code=code, odd=tuple(sorted(fields.items())))


OK = Outcome("OK", 200)
ACCEPTED = Outcome("OK", 202, 80)
NO_CONNECTION = Outcome("failed to connect to host", 502, 20)
TIMED_OUT = Outcome("timed out", 504, 10_000)
BAD_CERTIFICATE = Outcome("x509: certificate has expired or is not yet valid", 0, 30)
GAVE_UP = Outcome(
    "POST https://hooks.example/in giving up after 1 attempt(s): context deadline exceeded",
    500,
    10_000,
)


def invalid_response(code: int, body: str = "", **headers: str) -> Outcome:
    """Any answer that GitHub does not accept: 302, 404, 503, ... ``content_type="text/html"`` is a header of it."""
    named = tuple((name.replace("_", "-").title(), value) for name, value in headers.items())
    return Outcome(f"Invalid HTTP Response: {code}", code, answer=Answer(named, body))


UNAVAILABLE = invalid_response(503)
REDIRECTED = invalid_response(302)
FAILURES = (
    UNAVAILABLE,
    NO_CONNECTION,
    TIMED_OUT,
    REDIRECTED,
    BAD_CERTIFICATE,
    GAVE_UP,
    invalid_response(500),
)
"""Every kind of failure that has been seen in GitHub's log."""
