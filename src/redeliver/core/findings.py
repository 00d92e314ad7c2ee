"""What a run finds out about a webhook and reports. These are never raised. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from redeliver.errors import REQUEST_ID, RedeliverError
from redeliver.text import count

if TYPE_CHECKING:
    from collections.abc import Sequence

_NUMBER = re.compile(r"[0-9]+")
_REQUEST_ID = re.compile(re.escape(REQUEST_ID) + "[0-9A-F:]*")


class Finding(RedeliverError):
    """Something that users should know about a webhook. ``exit_code`` 1: it makes the run fail."""

    exit_code = 0


class Loss(Finding):
    """Something is lost for good, and no later run can redeliver it."""

    exit_code = 1


class GapFound(Loss):
    """The checkpoint is older than what GitHub remembers, so nobody can know what failed in between."""

    sentence = "GitHub has deleted the deliveries between {since} and {until}, and no run had checked them."
    advice = (
        "Failures in that time can no longer be found or redelivered. Check that the schedule is enabled, and run at "
        "least once a day. The next run continues from here."
    )

    since: str
    until: str


class EventsGivenUp(Loss):
    """Events that used up their attempts."""

    sentence = "{events} given up after max-attempts: {guids}."
    advice = (
        "Fix the receiver, then send them again by GUID with the action org/redeliver-action/replay, or with "
        "redeliver replay --guid. GitHub begins to delete them at {until}."
    )

    events: str
    guids: str
    until: str


class EventsExpired(Loss):
    """Events that were undelivered when GitHub forgot their first attempt."""

    sentence = "{events} expired undelivered, because GitHub has deleted the first attempt: {guids}."
    advice = "They can no longer be redelivered. Run more often, or raise time-limit."

    events: str
    guids: str


class RowsLetGo(Loss):
    """Rows that could never be read, shortly before GitHub deletes them."""

    sentence = "{deliveries} in GitHub's log could never be read: {ids}. GitHub deletes them within a day."
    advice = (
        "Each may be an event that was not delivered. Find them on the webhook's page, and redeliver them there if "
        "they failed. No later run reports them."
    )

    deliveries: str
    ids: str


class RowsUnreadable(Finding):
    """Rows that cannot be read, and that may be failures."""

    sentence = "{deliveries} in GitHub's log could not be read: {ids}."
    advice = (
        "Each may be an event that was not delivered. Find them on the webhook's page, and redeliver them there if "
        "they failed. Everything else was done, and later runs try to read them again."
    )
    exit_code = 1

    deliveries: str
    ids: str


class RowsUnreadableDelivered(Finding):
    """Rows that cannot be read, but of events that were delivered, or about which other rows say enough."""

    sentence = "{deliveries} in GitHub's log could not be read, but no event is missed by that: {ids}."
    advice = "They succeeded, or other attempts of the same events could be read."

    deliveries: str
    ids: str


class ClocksDiffer(Finding):
    """Two responses with different times."""

    sentence = "Two of GitHub's responses disagreed on the time by {by}."
    advice = (
        "The earlier one counts, so that no event is passed over. If this happens often, check any proxy in between."
    )

    by: str


class AddressUnknown(Finding):
    """Webhooks that a pattern cannot choose, since GitHub's list does not say where they point."""

    sentence = "GitHub's list gives no address for {hooks}, so the pattern in hook-id left {them} out."
    advice = "Name them by id in hook-id, or look at their settings."

    hooks: str
    them: str


class HookInactive(Finding):
    """The webhook is switched off."""

    sentence = "The webhook is switched off: GitHub sends it nothing."
    advice = "If it should be on, tick Active on its page. GitHub never sends the events from the time it was off."


class EndpointDown(Finding):
    """The first redeliveries failed the way every attempt does while an endpoint is down."""

    sentence = "The receiver is still down{since}: {probes} test redeliveries failed the same way ({cause})."
    advice = "The next run tests it again, and redelivers the other events once it is up."

    since: str
    probes: int
    cause: str


class OnlyNewestRead(Finding):
    """Only the newest part of the window was read."""

    sentence = "Only the newest part of the log was read, back to {back_to}."
    advice = "Older failures are not counted here. The checkpoint stays before them, so a later run finds them."

    back_to: str


class OnlyNewestReadWithGap(OnlyNewestRead):
    """The same, when part of the window is older than what GitHub remembers."""

    advice = "Older failures are not counted here, and GitHub has already deleted some of them."


class FailuresFirst(Finding):
    """The older part of the window was read with GitHub's filter for failures."""

    sentence = "The log was too long to read whole: older failures with status 0 or 3xx may be missing."
    advice = "Raise time-limit, or run more often."


class RunStopped(Finding):
    """SIGINT or SIGTERM."""

    sentence = "The run was stopped by signal {number}."
    advice = "The next run finishes the work."

    number: int


# -- what several webhooks have in common -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Told:
    """A fault or a remark, for one webhook or for many. ``str()`` gives all of it."""

    problem: str
    advice: str = ""
    kind: type[RedeliverError] | None = None
    others: int = 0
    """Webhooks that have the same, besides the one that ``problem`` names."""

    @property
    def is_loss(self) -> bool:
        """Whether it says that something is lost for good."""
        return self.kind is not None and issubclass(self.kind, Loss)

    def __str__(self) -> str:
        others = f"The same applies to {count(self.others, 'more webhook')}." if self.others else ""
        return " ".join(part for part in (self.problem, others, self.advice) if part)


class NamedHook(Protocol):
    """A webhook with a name for sentences."""

    @property
    def hook(self) -> str:
        """The webhook, for sentences."""
        ...

    @property
    def hook_id(self) -> str:
        """Its id, as text; empty for an App's."""
        ...


def group(hooks: Sequence[tuple[NamedHook, Sequence[RedeliverError]]]) -> tuple[Told, ...]:
    """What these webhooks report, each cause once and losses first, with the first webhook that has it."""
    first: dict[tuple[type, str], Told] = {}
    others: dict[tuple[type, str], int] = {}
    for hook, faults in hooks:
        for fault in sorted(faults, key=lambda fault: not isinstance(fault, Loss)):
            key = type(fault), _cause(fault, hook)
            if key in first:
                others[key] += 1
                continue
            named = len(hooks) == 1 or hook.hook in fault.problem
            problem = fault.problem if named else f"{hook.hook}: {fault.problem}"
            first[key], others[key] = Told(problem, fault.next_step, type(fault)), 0
    told = [Told(one.problem, one.advice, one.kind, others[key]) for key, one in first.items()]
    return tuple(sorted(told, key=lambda one: not one.is_loss))


def _cause(fault: RedeliverError, hook: NamedHook) -> str:
    """What distinguishes an error from another of its kind."""
    if isinstance(fault, Finding) and not isinstance(fault, Loss):
        return ""
    # A sentence names the webhook, and sometimes a variable whose name ends with its id. Each request has its own id.
    text = _REQUEST_ID.sub("", str(fault)).replace(hook.hook, "")
    number = _NUMBER.search(hook.hook_id or hook.hook)
    return _NUMBER.sub(lambda found: "" if number and found[0] == number[0] else found[0], text)
