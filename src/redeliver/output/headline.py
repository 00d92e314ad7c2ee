"""A run in a sentence or two, and the annotations on its page. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from redeliver.core.case import AWAITING_RESULT, Outcome
from redeliver.core.facts import FactKind, Level
from redeliver.output.pieces import light
from redeliver.text import count
from redeliver.times import utc, utc_from_now

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from redeliver.core.report import HookReport, Report
    from redeliver.core.settings import FailOn

#: Annotations of each kind, for one step (https://docs.github.com/en/rest/checks/runs and GitHub's runner).
MAX_ANNOTATIONS = 10
_FAILED = "The run failed"


def headline(report: Report) -> str:
    """The most important facts, for a reader of nothing else: losses, then what will be lost, then the rest."""
    return ". ".join(sentences(report))


def sentences(report: Report) -> list[str]:
    """The sentences of the headline, without their full stops; the first is the one that matters most."""
    return [*_losses(report), *_urgent(report), *_state(report)]


def mark(report: Report | HookReport) -> str:
    """The traffic light. Never green if something is lost, about to be lost, or was not read."""
    alarming = report.lost > 0 or report.down
    return light(report, alarming=alarming, waiting=not report.read or report.undelivered > 0)


def _losses(report: Report) -> Iterator[str]:
    kinds = ((report.count(Outcome.GIVEN_UP), "given up"), (report.count(Outcome.EXPIRED), "expired"))
    lost = [f"{count(number, 'event')} {word}" for number, word in kinds if number]
    if lost:
        yield " and ".join(lost)
    gaps = [(hook.gap, hook.start) for hook in report.hooks if hook.gap]
    if len(gaps) > 1:
        yield f"Of {len(gaps):,} webhooks GitHub has deleted deliveries that no run checked"
    for (since, until), start in gaps if len(gaps) == 1 else ():
        times = f"{utc(since, start)} to {utc(until, start)}"
        yield f"GitHub has deleted deliveries that no run checked, from {times}"


def _urgent(report: Report) -> Iterator[str]:
    for fact in report.facts:
        if fact.kind in {FactKind.DEADLINE_NEAR, FactKind.UNREAD_DEADLINE_NEAR}:
            yield fact.sentence.rstrip(".")


def _state(report: Report) -> Iterator[str]:
    """All but what is lost or soon will be."""
    hooks = report.hooks
    failed = any(fact.level is Level.ERROR and not fact.kind.value.told_in_headline for fact in report.facts)
    unread = sum(not hook.read for hook in hooks)
    if report.signal_number is not None:
        missed, meant = unread + report.unreached, len(hooks) + report.unreached
        logs = "the log" if meant == 1 else f"{missed:,} of {meant:,} logs"
        yield f"The run was stopped before it had read {logs}" if missed else "The run was stopped"
    elif unread == len(hooks):
        yield f"{_FAILED}: no deliveries could be checked" if failed else "No deliveries could be checked"
    elif unread:
        yield f"{unread:,} of {count(len(hooks), 'webhook')} could not be checked"
    elif failed:
        yield _FAILED
    yield from _off_or_down(report)
    if unread < len(hooks):
        yield from _counts(report)
        if report.deadline is not None and report.open and not report.urgent:
            which = "It" if report.open == 1 and not report.partial else "The oldest"
            yield f"{which} can be redelivered until {utc_from_now(report.deadline, report.start)}"


def _off_or_down(report: Report) -> Iterator[str]:
    """Of one webhook as a sentence; of several, how many."""
    hooks = report.hooks
    off, down = sum(hook.active is False for hook in hooks), sum(hook.down for hook in hooks)
    if len(hooks) > 1:
        for number, what, state in ((off, "webhooks", "switched off"), (down, "receivers", "down")):
            if number:
                yield f"{number:,} of {len(hooks):,} {what} {'is' if number == 1 else 'are'} {state}"
        return
    for fact in report.facts:
        if fact.kind in {FactKind.SWITCHED_OFF_ERROR, FactKind.SWITCHED_OFF_WARNING}:
            yield fact.sentence.rstrip(".")
        if fact.kind is FactKind.DOWN:
            yield f"The receiver {'has been' if hooks[0].outage and hooks[0].outage.since else 'is'} {fact.short}"


def _counts(report: Report) -> Iterator[str]:
    """The outcomes of the events that are not lost."""
    found = report.failed - report.lost
    still_open = found - report.recovered
    if not found and report.lost:
        return  # it would read as if all were well
    if not found:
        # Not "every event was delivered": a run knows only its window, and only the part that it requested.
        where = " in what was read" if report.partial or not all(hook.read for hook in report.hooks) else ""
        filtered = report.count(Outcome.FILTERED_OUT)
        nothing = f"{count(filtered, 'event')} filtered out" if filtered else f"no undelivered event was found{where}"
        yield f"Nothing to redeliver: {nothing}"
    elif report.dry_run:
        yield f"Dry run: {count(still_open, 'undelivered event')} found, nothing was sent"
    elif not still_open:
        which = "The other" if report.lost else "The" if found == 1 else "All"
        them = "failed event was" if found == 1 else f"{found:,} failed events were"
        yield f"{which} {them} recovered"
    elif not report.recovered and report.down:
        undelivered = f"{count(still_open, 'event')} {'is' if still_open == 1 else 'are'} undelivered"
        # The urgent sentence has their number.
        yield from () if report.urgent else [f"{'At least ' * report.partial}{undelivered}"]
    else:
        unseen, too_old = report.count(*AWAITING_RESULT), report.count(Outcome.TOO_OLD)
        waiting = still_open - unseen - too_old
        parts = [
            f"{report.recovered:,} of {count(found, 'failed event')} recovered",
            f"{unseen:,} with no outcome yet" if unseen else "",
            f"{waiting:,} still undelivered" if waiting else "",
            f"{too_old:,} left as too old" if too_old else "",
        ]
        yield ", ".join(part for part in parts if part)


def what_comes_next(report: Report) -> list[str]:
    """When events are redelivered next, and how long that takes; empty if there are none."""
    due = [event.next_attempt_at for event in report.events if event.next_attempt_at is not None]
    later = [moment for moment in due if moment > report.start]
    now = len(due) - len(later)
    told = []
    if now:
        more = f", {len(later):,} more from {utc(min(later), report.start)} on" if later else ""
        told.append(f"{count(now, 'event')} {'is' if now == 1 else 'are'} due in the next run{more}.")
    elif later:
        told.append(f"The next redelivery is due at {utc(min(later), report.start)}.")
    if len(report.hooks) == 1 and report.down and (takes := report.hooks[0].forecast):
        told.append(f"Once the receiver is up, redelivering them takes about {takes}.")
    return told


def annotate(report: Report, fail_on: FailOn) -> Iterator[tuple[Literal["error", "warning", "notice"], str]]:
    """Choose the annotations of a run: errors, and at most one warning or notice; on a good day, none.

    Each fact is reported once: what is an error is not in the warning, too.
    """
    # The errors themselves say that it failed.
    told = {_FAILED, *(fact.sentence.rstrip(".") for fact in report.facts if fact.level >= Level.ERROR)}
    state = "".join(f"{sentence}. " for sentence in _state(report) if sentence not in told).strip()
    errors: Sequence[str] = report.errors
    if report.fails_by(fail_on) and not errors:
        # Else nothing on the page would say why the step failed.
        errors, state = [f"{headline(report)} (fail-on: {fail_on})"], ""
    for error in bounded(errors):
        yield "error", error
    next_run = what_comes_next(report)
    more = [*next_run]
    for fact in report.facts:
        if fact.level is Level.WARNING and (len(report.hooks) > 1 or not fact.kind.value.told_in_headline):
            more.append(str(fact))
        elif fact.level is Level.WARNING and (fact.kind.value.advice or not next_run):
            more.append(fact.advice)  # of one webhook, the headline says the rest
    if more or report.undelivered > report.lost or report.unreached or report.signal_number is not None:
        if warning := " ".join(part for part in (state, *more) if part):
            yield "warning", warning
    elif state and report.failed > report.lost:
        yield "notice", state


def bounded(sentences: Sequence[str]) -> tuple[str, ...]:
    """As many as GitHub shows; the last one then counts the rest."""
    if len(sentences) <= MAX_ANNOTATIONS:
        return tuple(sentences)
    rest = len(sentences) - MAX_ANNOTATIONS + 1
    return (
        *sentences[: MAX_ANNOTATIONS - 1],
        f"and {rest:,} more errors: the job summary has some of them, the output report all",
    )
