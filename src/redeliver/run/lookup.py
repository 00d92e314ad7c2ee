"""Lookups that change nothing: an event's attempts, the endpoints' responses, and the webhooks' health."""

from __future__ import annotations

from collections import defaultdict
from contextlib import suppress
from dataclasses import replace
from math import inf
from typing import TYPE_CHECKING

from redeliver.core.case import Outcome
from redeliver.core.deliveries import (
    NO_CONNECTION,
    TIMED_OUT,
    TLS,
    DeliveryLog,
    attempt_of,
    name_of,
    succeeded,
)
from redeliver.core.health import FirstAttempts, HookHealth
from redeliver.core.report import MOST_CAUSES, Explanation, ShownAttempt, ShownEvent
from redeliver.errors import ApiError, NotFound, OutOfTime, Stopped
from redeliver.run.log_lines import Progress
from redeliver.run.walk import Cursor
from redeliver.text import plain
from redeliver.timing import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from redeliver.core.deliveries import Attempt
    from redeliver.core.report import EventReport, HookReport, Report
    from redeliver.github.hooks import Hook
    from redeliver.github.session import Session

#: The most jobs in one matrix (https://docs.github.com/en/actions/reference/limits).
MATRIX_JOBS = 256
#: With these causes, no endpoint responded.
_NO_ANSWER = frozenset({NO_CONNECTION, TIMED_OUT, TLS})


# -- one event, whole -------------------------------------------------------------------------------------------


def find_events(session: Session, guids: Collection[str]) -> list[ShownEvent]:
    """Every attempt of these events in the logs of the chosen hooks, inactive ones too.

    An event that is in none of the logs is left out. Raises NoSuchHook, ApiError or OutOfTime.
    """
    session.clock.patience = PATIENCE
    hooks = session.choose(inactive=True)
    progress = Progress(session.clock, session.console)
    retained_from = session.caller.now() - session.settings.retention
    found = []
    for hook in hooks:
        session.console.line(f"the log of {hook.described}", "Read", passing=True)
        found += show(hook, guids, progress, retained_from)
    return found


def show(hook: Hook, guids: Collection[str], progress: Progress, retained_from: int) -> list[ShownEvent]:
    """The same in one webhook's log. ``retained_from``: GitHub has forgotten what is older, in epoch milliseconds."""
    names: dict[str, str] = {}
    attempts: defaultdict[str, dict[int, tuple[Attempt, str]]] = defaultdict(dict)
    originals: set[str] = set()
    scanned, newest, cursor = 0, hook.now(), Cursor(hook)
    for page in cursor.read_back_to(-inf):
        for row in page.rows:
            guid, attempt = row["guid"], attempt_of(row)
            if guid not in guids:
                continue
            # The row itself is not kept: its texts can be of any length.
            names.setdefault(guid, plain(name_of(row), 100))
            attempts[guid][attempt.id] = attempt, plain(row["status"])
            if not attempt.redelivery:
                originals.add(guid)
        # An event's original is its oldest attempt: older pages have nothing more.
        if originals.issuperset(guids):
            break
        scanned += len(page.rows)
        progress.of_walk(cursor, scanned, newest, retained_from)
    events = []
    for guid in [one for one in guids if one in names]:
        answered = tuple(_answered(hook, *attempts[guid][key]) for key in sorted(attempts[guid]))
        events.append(ShownEvent(hook.name, hook.hook_id, guid, names[guid], answered))
    return events


def _answered(hook: Hook, attempt: Attempt, status: str) -> ShownAttempt:
    response, unknown, failed = None, "", False
    try:
        response = hook.response(attempt.id)
    except (ApiError, OutOfTime) as fault:
        # Show the others anyway: GitHub may have deleted this one a moment ago, or the time is up.
        unknown, failed = fault.problem, not isinstance(fault, NotFound)
    return ShownAttempt(
        delivery_id=str(attempt.id),
        at=attempt.at,
        redelivery=attempt.redelivery,
        code=attempt.code,
        status=status,
        cause=attempt.cause,
        response=response,
        unknown=unknown,
        lookup_failed=failed,
    )


# -- the causes of a run's failures -----------------------------------------------------------------------------


def explain(session: Session, report: Report) -> Report:
    """Add to a run's report what the endpoints answered, if that was asked for. Whatever happens, return one.

    Each webhook has its own causes, since endpoints respond differently; the newest failed attempt represents a
    cause. Nothing depends on it, so call it when the report's results are safe: a job can be killed meanwhile.
    """
    if not session.settings.explain or session.clock.signal_number is not None:
        return report
    hooks = report.hooks
    explanations: dict[str, list[Explanation]] = {one.hook_id: [] for one in hooks}
    with suppress(Stopped):
        for (hook_id, cause), events in _commonest(hooks):
            newest = max((event.delivery_id for event in events), key=int)
            try:
                response, why = session.chosen[hook_id].response_if_free(int(newest)), cause
            except Exception as fault:  # noqa: BLE001  a bug must not turn a good run into a failed one, either
                response, why = None, type(fault).__name__
            if response is None:
                session.console.detail(f"What the receiver answered could not be looked up ({why})")
            else:
                explanations[hook_id].append(Explanation(cause, len(events), newest, response))
        hooks = tuple(replace(one, explanations=tuple(explanations[one.hook_id])) for one in hooks)
    return replace(report, hooks=hooks, signal_number=session.clock.signal_number)


def _commonest(reports: Sequence[HookReport]) -> list[tuple[tuple[str, str], list[EventReport]]]:
    """A webhook's id and a cause, and its events: those causes of which most events are undelivered."""
    causes: defaultdict[tuple[str, str], list[EventReport]] = defaultdict(list)
    for report in reports:
        for event in report.events:
            if event.outcome is not Outcome.FILTERED_OUT and event.cause not in _NO_ANSWER:
                causes[report.hook_id, event.cause].append(event)

    def weight(events: Sequence[EventReport]) -> tuple[int, int]:
        return sum(event.outcome is not Outcome.RECOVERED for event in events), len(events)

    return sorted(causes.items(), key=lambda item: weight(item[1]), reverse=True)[:MOST_CAUSES]


# -- webhooks ---------------------------------------------------------------------------------------------------


def survey(session: Session) -> list[HookHealth]:
    """The deliveries of the chosen webhooks within ``lookback``, inactive webhooks included, by their ids.

    Raises NoSuchHook, ApiError or OutOfTime.
    """
    session.clock.patience = PATIENCE
    hooks = session.choose(inactive=True, described=True)
    since = session.caller.now() - session.settings.lookback * 1000
    found = []
    for hook in hooks:
        session.console.line(f"the log of {hook.described}", "Read", passing=True)
        log, first_attempts = DeliveryLog(), FirstAttempts(since, session.settings.delivery_timeout)
        deliveries = failed = unread = last = failing = 0
        cursor, progress, now = Cursor(hook), Progress(session.clock, session.console), hook.now()
        for page in cursor.read_back_to(since):
            progress.of_walk(cursor, deliveries + len(page.rows), now, since)
            unread += len(page.unread)
            rows = [row for row in page.rows if row["delivered_at"] >= since]
            log.add(rows)
            first_attempts.add(rows)
            deliveries += len(rows)
            good = [row["delivered_at"] for row in rows if succeeded(row)]
            failed += len(rows) - len(good)
            last = max([last, *good])
            failing += sum(not succeeded(row) and row["delivered_at"] > last for row in rows)
        found.append(
            HookHealth(
                hook_id=hook.id,
                owner=hook.owner,
                host=hook.host,
                active=hook.active,
                deliveries=deliveries,
                failed=failed,
                last_success=last or None,
                undelivered=len(log.undelivered(since)),
                unread=unread,
                failing=failing,
                stats=first_attempts.stats(),
            )
        )
    return found


def matrix(
    hooks: Sequence[Hook], jobs: int = MATRIX_JOBS, *, of_fleet: bool = False
) -> dict[str, list[dict[str, str]]]:
    """A matrix for a workflow: one hook a job, or several in a row where there are more hooks than jobs.

    The comma after the last id makes each a list, so that a hook's checkpoint keeps its name however the hooks are
    distributed. An App's one webhook has no id. ``of_fleet``: a job also needs to know the repositories of its hooks,
    which are few where those of one repository come in a row.
    """
    included = []
    for place in range(number := min(jobs, len(hooks))):
        share = hooks[len(hooks) * place // number : len(hooks) * (place + 1) // number]
        job = {"repository": ",".join(dict.fromkeys(hook.owner for hook in share))} if of_fleet else {}
        included.append(job | {"hook-id": "".join(f"{hook.hook_id}," for hook in share if hook.id)})
    return {"include": included}
