"""A replay's plan and outcomes, as data. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from redeliver.core.case import AWAITING_RESULT, OUTCOMES, Outcome, latest_failures
from redeliver.core.facts import Fact, FactKind, Facts
from redeliver.core.inputs import is_guid
from redeliver.errors import ApiFailing, OutOfTime, RedeliverError, ReplayEndedEarly, Stopped
from redeliver.text import count

if TYPE_CHECKING:
    from collections.abc import Iterator

    from redeliver.core.case import Case
    from redeliver.core.deliveries import Event
    from redeliver.replay.plan import ReplayPlan

#: The version of the report as JSON. A change that breaks a reader raises it.
VERSION = 1
#: GUIDs in an output, and in a list of the report or of the summary.
MOST_GUIDS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayReport(Facts):
    """One replay over one webhook. What it has in common with a HookReport means the same."""

    hook: str
    hook_id: str
    owner: str
    page: str
    send: bool
    """Whether events were to be sent; else it is a plan."""
    plan: ReplayPlan | None
    """None: the log could not be read."""
    ended_by: RedeliverError | Stopped | None = None
    """What ended it early."""
    endpoint_down: bool = False
    """Whether the first events showed that the endpoint is down."""
    signal_number: int | None = None
    events: tuple[tuple[Event, Case], ...] = field(init=False)
    """The plan's events as they were before anything was sent, oldest first, and what became of each."""
    sent: int = field(init=False)
    """Redeliveries that GitHub accepted."""
    outcomes: Counter[Outcome] = field(init=False)
    """How many events have each outcome. It is what came of the replay alone."""
    undelivered: tuple[str, ...] = field(init=False)
    """GUIDs of the events that did not arrive, oldest first: what to give to the next ``guid``.

    Those with no result yet are not among them: GitHub may still deliver them.
    """
    unseen: tuple[str, ...] = field(init=False)
    """GUIDs of the events that GitHub may still deliver."""
    unfinished: tuple[str, ...] = field(init=False)
    """GUIDs that finish a replay that was killed: those with no redelivery within the hour before the plan.

    Empty if none or all of the events were redelivered within it.
    """
    facts: tuple[Fact, ...] = field(init=False)
    """What users should know."""

    def __post_init__(self) -> None:
        plan, cases = self.plan, [*self.plan.cases.values()] if self.plan else []
        events = [(case.redelivery.event if case.redelivery else case.event, case) for case in cases]
        # Text that is not a guid does not come from GitHub, and cannot be given as one.
        guids = {event.guid: case.outcome for event, case in events if is_guid(event.guid)}
        arrived_or_may = AWAITING_RESULT | {Outcome.RECOVERED, Outcome.DRY_RUN}
        old = [event.guid for event, _ in events if plan and plan.redelivered and not plan.was_redelivered(event)]
        known = {
            "events": tuple(events),
            "sent": sum(case.was_accepted for case in cases),
            "outcomes": Counter(case.outcome for case in cases),
            "undelivered": tuple(guid for guid, outcome in guids.items() if outcome not in arrived_or_may),
            "unseen": tuple(guid for guid, outcome in guids.items() if outcome in AWAITING_RESULT),
            "unfinished": tuple(guid for guid in old if guid in guids),
        }
        for name, value in known.items():
            object.__setattr__(self, name, value)
        object.__setattr__(self, "facts", tuple(_facts(self)))

    @property
    def exit_code(self) -> int:
        """0; 1 for an error or events that did not arrive, 2 for what cannot be chosen, 128 + the signal's number."""
        if self.signal_number is not None:
            return 128 + self.signal_number
        refused = isinstance(self.ended_by, RedeliverError) and self.ended_by.exit_code == 2
        return 2 if refused else int(self.is_failing)


def _facts(report: ReplayReport) -> Iterator[Fact]:
    asked = [case for _, case in report.events if case.redelivery]
    if report.plan and report.plan.unread:
        yield Fact(FactKind.NOT_CHOSEN, {"ids": report.plan.unread})
    match report.ended_by:
        case ApiFailing() | OutOfTime() as error:
            # Their own advice is about a next run, and there is none.
            support = error.for_support if isinstance(error, ApiFailing) else ""
            sent = count(len(asked), "event was", "events were") + " sent" if asked else "Nothing was sent"
            yield Fact.of(ReplayEndedEarly(why=f"{error.problem} {support}".strip(), sent=sent))
        case RedeliverError() as error:
            yield Fact.of(error)
        case Stopped(signal_number=number):
            yield Fact(FactKind.REPLAY_STOPPED, {"number": number})
        case None:
            pass
    if report.endpoint_down:
        failed = Counter(attempt.cause for attempt in latest_failures(asked))
        ((cause, _),) = failed.most_common(1)
        yield Fact(FactKind.FIRST_FAILED, {"probes": failed.total(), "cause": cause})
    if not asked:
        return
    outcomes = report.outcomes.copy()
    unseen = sum(outcomes.pop(outcome, 0) for outcome in AWAITING_RESULT)
    outcomes.pop(Outcome.RECOVERED, None)
    if outcomes:
        why = ", ".join(f"{number:,} {OUTCOMES[outcome].word}" for outcome, number in outcomes.items())
        yield Fact(FactKind.NOT_DELIVERED, {"events": outcomes.total(), "why": why})
    if unseen:
        yield Fact(FactKind.NO_RESULT, {"events": unseen})
