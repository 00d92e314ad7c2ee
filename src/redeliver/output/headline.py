"""A run in a sentence or two, what to do about it, and the annotations on its page. Pure."""

from __future__ import annotations

from collections import Counter
from operator import attrgetter
from typing import TYPE_CHECKING, Literal

from redeliver.core.case import AWAITING_RESULT, Outcome
from redeliver.core.facts import FactKind, Level
from redeliver.output.pieces import advice_for
from redeliver.text import count, for_log, one_line
from redeliver.times import duration, utc, utc_from_now

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from redeliver.core.facts import Fact
    from redeliver.core.report import HookReport, Report
    from redeliver.core.settings import FailOn

#: Annotations of each kind, for one step (https://docs.github.com/en/rest/checks/runs and GitHub's runner).
MAX_ANNOTATIONS = 10
#: Characters of the headline.
_LONGEST = 2_000
#: A heading that is no longer than this has space for the counts.
_SHORT = 90
#: Why the latest attempts of these failed is what has to be put right. The others may still be delivered.
TO_BE_FIXED = frozenset(
    {Outcome.GIVEN_UP, Outcome.FAILED_AGAIN, Outcome.ENDPOINT_DOWN, Outcome.TYPE_FAILS, Outcome.NOT_DUE}
)


def headline(report: Report) -> str:
    """The most important facts, for a reader of nothing else: what it is, and how bad."""
    return for_log(one_line(". ".join(sentences(report)), _LONGEST))


def sentences(report: Report) -> list[str]:
    """The sentences of the headline, without their full stops. The first is a page's heading."""
    return _with_counts([*_leads(report)], report)


def _with_counts(leads: Sequence[str], report: Report) -> list[str]:
    """What is wrong, and what became of the events: in one sentence if that is not too long for a heading."""
    counts = _counts(report) if report.failed else _nothing_failed(report, is_second=bool(leads))
    if leads and report.failed and counts and len(leads[0]) < _SHORT and ": " not in leads[0]:
        return [f"{leads[0]}: {counts[0].lower()}{counts[1:]}", *leads[1:]]
    return [part for part in (*leads, counts) if part]


def _leads(report: Report) -> Iterator[str]:
    """What is wrong, the worst first."""
    hooks, was_stopped = report.hooks, report.signal_number is not None
    unread = sum(not hook.read for hook in hooks)
    if was_stopped:
        missed, meant = unread + report.unreached, len(hooks) + report.unreached
        logs = "the log" if meant == 1 else f"{missed:,} of {meant:,} logs"
        yield f"The run was stopped before it had read {logs}" if missed else "The run was stopped"
    if len(hooks) > 1:
        yield from _of_several(hooks, 0 if was_stopped or unread == len(hooks) else unread)
    for fact in _in_heading(report):
        yield fact.heading
    if unread == len(hooks) and not (was_stopped or report.facts):
        yield "No deliveries could be checked"


def _of_several(hooks: Sequence[HookReport], unread: int) -> Iterator[str]:
    """How many webhooks are not well; one that is down is named."""
    off, down = sum(hook.active is False for hook in hooks), [hook for hook in hooks if hook.down]
    if len(down) == 1:
        yield f"{down[0].host or f'The receiver of webhook {down[0].label}'} is down (1 of {len(hooks):,})"
    elif down:
        yield f"{len(down):,} of {len(hooks):,} receivers are down"
    for number, what in ((unread, "could not be checked"), (off, f"{'is' if off == 1 else 'are'} switched off")):
        if number:
            yield f"{number:,} of {len(hooks):,} webhooks {what}"


#: Of several webhooks, the headline says how many have it.
_COUNTED = frozenset({FactKind.DOWN, FactKind.SWITCHED_OFF_ERROR, FactKind.SWITCHED_OFF_WARNING})
#: The counts say of several webhooks how many events are lost.
_LOST = {FactKind.GIVEN_UP: Outcome.GIVEN_UP, FactKind.EXPIRED: Outcome.EXPIRED}


def _in_heading(report: Report) -> Collection[Fact]:
    """The facts that the headline says, of each kind the first: a receiver that is down, then the worst."""
    is_alone, all_unread = len(report.hooks) == 1, not any(hook.read for hook in report.hooks)
    kinds = Counter(fact.kind for fact in report.facts)
    facts = [
        fact
        for fact in report.facts
        if fact.headline and (is_alone or (fact.level is not Level.WARNING and fact.kind not in _COUNTED))
        if fact.kind not in _LOST or kinds[fact.kind] == 1
    ]
    if not facts and all_unread and report.signal_number is None:
        facts = [*report.facts[:1]]  # why nothing was read, though nothing failed
    first: dict[FactKind, Fact] = {}
    for fact in facts:
        first.setdefault(fact.kind, fact)
    return sorted(first.values(), key=lambda fact: (fact.kind is not FactKind.DOWN, -fact.level))


def is_in_heading(fact: Fact, report: Report) -> bool:
    """Whether the headline says that fact."""
    return any(fact is one for one in _in_heading(report))


def worst_fact(report: Report) -> Fact | None:
    """The fact about which something is to be done first, or that alone says why nothing was read; None: none."""

    def matters(fact: Fact) -> bool:
        told = bool(fact.headline) or not any(hook.read for hook in report.hooks)
        return fact.level is not Level.WARNING or (told and is_in_heading(fact, report))

    facts = [fact for fact in report.facts if matters(fact) and (fact.kind.value.advice or fact.kind is FactKind.DOWN)]
    return min(facts, key=lambda fact: fact.kind is not FactKind.DOWN, default=None)


def other_facts(report: Report) -> list[Fact]:
    """Those of which neither the headline, nor what is to be done first, nor the counts say everything."""
    lead = worst_fact(report)

    def is_told(fact: Fact) -> bool:
        if fact is lead or fact.kind in {FactKind.DEADLINE_NEAR, FactKind.STOPPED}:
            return True
        in_table = len(report.hooks) > 1 and bool(fact.short)
        return fact.level is Level.WARNING and (in_table or (is_in_heading(fact, report) and not fact.advice))

    return [fact for fact in report.facts if not is_told(fact)]


def _nothing_failed(report: Report, *, is_second: bool) -> str:
    """That nothing is known to wait; empty: nothing is known. ``is_second``: another sentence says what is wrong."""
    if not any(hook.read for hook in report.hooks):
        said = report.signal_number is not None or report.redelivered or not report.facts
        return "" if said else "Nothing was checked or redelivered"
    # Not "every event was delivered": a run knows only its window, and only the part that it read.
    where = " in what was read" if report.partial or not report.read else ""
    filtered = report.count(Outcome.FILTERED_OUT)
    left_out = f": {count(filtered, 'event')} filtered out" if filtered else ""
    # Nothing under a red light may sound as if all was well.
    return f"{'No failed event waits' if is_second else 'Nothing to redeliver'}{where}{left_out}"


def _counts(report: Report) -> str:
    """What became of the events, as far as another part of the heading does not say it."""
    if report.recovered == report.failed:
        later = "later " * (len(report.hooks) == 1 and report.hooks[0].gap is not None)
        few = {1: f"1 {later}event", 2: f"Both {later}events"}
        read = " in what was read" * report.partial
        return f"{few.get(report.failed, f'All {report.failed:,} {later}events')} recovered{read}"
    unseen, too_old = report.count(*AWAITING_RESULT), report.count(Outcome.TOO_OLD)
    others = report.down or report.lost or report.recovered
    wait = ("waits", "wait") if others else ("is still undelivered", "are still undelivered")
    told = {_LOST[fact.kind] for fact in _in_heading(report) if fact.kind in _LOST}
    waiting, other = report.open - unseen, "other " * bool(told)
    recovered = "recovered" if told else f"of {report.failed:,} {'' if report.lost else 'events '}recovered"
    kinds = [
        (report.count(*{Outcome.GIVEN_UP} - told), "is no longer retried", "are no longer retried"),
        (report.count(*{Outcome.EXPIRED} - told), "is lost", "are lost"),
        (report.recovered, recovered, recovered),
        (waiting, *wait),
        (unseen, "has no result yet", "have no result yet"),
        (too_old, "is too old to send", "are too old to send"),
    ]
    parts: list[str] = []
    for number, one, several in kinds:
        if number:
            events = f"{number:,}" if parts or (one is recovered and not told) else count(number, f"{other}event")
            least = "at least " if report.partial and one is wait[0] else ""
            parts.append(f"{least}{events} {one if number == 1 else several}")
    if report.open and (report.urgent or report.late):
        parts.append(_time_left(report))
    elif waiting and report.down and not (report.lost or report.is_failing):
        parts.append(NONE_LOST[report.partial])
    text = ", ".join(parts)
    return f"Dry run, nothing was sent: {text}" if report.dry_run else text[:1].upper() + text[1:]


#: Of a log that was read whole, and of one that was read in part.
NONE_LOST = ("none is lost yet", "none is known to be lost")


def _time_left(report: Report) -> str:
    left = max(0, report.time_left or 0) / 1000
    until = f"{duration(left)} left" if left else "no time left"
    if late := [hook.forecast.seconds for hook in report.hooks if hook.forecast and hook.late]:
        return f"sending takes {duration(max(late))}, with {until}"
    return f"{until} for {'it' if report.open == 1 else 'the oldest'}"


# -- what to do -------------------------------------------------------------------------------------------------


def what_to_do(report: Report) -> str:
    """What a person should do now, in the order of how much depends on it; empty: nothing."""
    if outages := [hook.outage for hook in report.hooks if hook.outage]:
        bring = "Bring it back." if len(outages) == 1 else "Bring them back."
        return f"{bring} {_advice_for(one.cause for one in outages)}"
    if (fact := worst_fact(report)) and fact.kind is FactKind.ERROR and fact.advice:
        return fact.advice
    if fact and fact.kind is FactKind.ERROR_AS_WARNING:
        fact = None  # a limit: the next run continues
    advice = _advice_for(event.cause for event in report.events if event.outcome in TO_BE_FIXED)
    if not (fact and advice):
        return fact.advice if fact else advice
    return f"{fact.advice} {'' if fact.kind in _OF_FAILURES else 'For the events that failed: '}{advice}"


def _advice_for(causes: Iterable[str]) -> str:
    counted = Counter(causes)
    cause = max(counted, key=counted.__getitem__, default="")
    which = f"Most often ({cause}): " if len(counted) > 1 else ""
    return which + advice_for(cause) if counted else ""


#: What is to be done about these, and about what the receiver answers, is the same.
_OF_FAILURES = frozenset({FactKind.GIVEN_UP, FactKind.TYPES_FAIL, FactKind.DEADLINE_NEAR})
_THEM = {1: "it", 2: "both"}


def what_comes_next(report: Report) -> str:
    """What later runs do by themselves, and until when that is soon enough; empty if that is nothing."""
    lead = worst_fact(report)
    if report.facts and report.signal_number is None and not any(hook.read for hook in report.hooks):
        then = lead.advice if lead and lead.level is Level.WARNING else _BLOCKED
        return f"{then} {_unread_until(report)}".strip()
    if report.dry_run:
        return "Run without dry-run to send them: no run sends anything while it is set." if report.open else ""
    if report.down:
        them = "everything that waits" if report.partial else _THEM.get(report.open, f"all {report.open:,}")
        who, up = ("the receiver", "it is") if len(report.hooks) == 1 else ("the receivers", "they are")
        return f"nothing. The next run tests {who}, and sends {them} once {up} up."
    tried = report.count(Outcome.TYPE_FAILS)
    due = [
        event.next_attempt_at
        for event in report.events
        if event.next_attempt_at is not None and event.outcome is not Outcome.TYPE_FAILS
    ]
    later = [moment for moment in due if moment > report.start]
    blocked = _BLOCKED if report.count(Outcome.RUN_FAILED) else ""
    parts = [
        blocked,
        f"Each run tries a few of the {tried:,} that were not sent, and sends all once one arrives." * bool(tried),
    ]
    if now := len(due) - len(later):
        more = f", and {len(later):,} more from {utc(min(later), report.start)} on" if later else ""
        takes = max((hook.forecast for hook in report.hooks if hook.forecast), key=attrgetter("runs"), default=None)
        runs, works = takes.runs if takes else 1, " that works" * bool(blocked)
        which = f"next run{works} sends" if runs == 1 else f"next {runs:,} runs{works} send"
        soon_enough = f", {takes.condition}" if takes and takes.condition else ""
        parts.append(f"The {which} {count(now, 'event')}{more}{soon_enough}.")
    elif later:
        which = f" of the other {count(len(later), 'event')}" if tried else ""
        parts.append(f"The next redelivery{which} is due at {utc(min(later), report.start)}.")
    elif report.partial or report.signal_number is not None:
        parts.append("The next run continues.")
    if unseen := report.count(*AWAITING_RESULT):
        parts.append(f"A later run looks for the results that are missing ({unseen:,}), and sends again what failed.")
    done = "Nothing else waits." if report.lost and report.read and not (report.open or report.partial) else ""
    return " ".join(filter(None, parts)) or (lead.then if lead else "") or done


def _unread_until(report: Report) -> str:
    """From when on something is lost that no run has checked."""
    moments = [hook.unread_until for hook in report.hooks if hook.unread_until is not None]
    until = utc_from_now(min(moments), report.ended) if moments else ""
    return f"What no run has checked is safe until {until}." if until else FIRST_LOSS


#: Where it is not known how long ago a run worked.
FIRST_LOSS = (
    "What failed since the last run that worked is safe for 3 days after that run (Enterprise Server: 7): the list of "
    "runs shows when it was."
)
_BLOCKED = "Until a run works again, nothing is redelivered."


def what_helps(report: Report) -> Sequence[tuple[str, str]]:
    """What would make sending take less time or fewer runs, and how."""
    takes = max((hook.forecast for hook in report.hooks if hook.forecast), key=attrgetter("seconds"), default=None)
    return takes.advice if takes else ()


def annotate(report: Report, fail_on: FailOn) -> Iterator[tuple[Literal["error", "warning", "notice"], str]]:
    """Choose the annotations of a run: errors, and at most one warning or notice; on a good day, none.

    Each fact is reported once: what is an error is not in the warning, too.
    """
    failed = {fact.heading for fact in report.facts if fact.level >= Level.ERROR}
    state = [f"{part}." for part in _with_counts([lead for lead in _leads(report) if lead not in failed], report)]
    errors: Sequence[str] = report.errors
    if not errors and report.fails_by(fail_on):
        # Else nothing on the page would say why the step failed.
        errors, state = [f"{headline(report)} (fail-on: {fail_on})"], []
    for error in bounded(errors):
        yield "error", error
    do = what_to_do(report) if report.down or not report.errors else ""  # each error has its advice
    then = what_comes_next(report)
    others = [fact for fact in other_facts(report) if fact.level is Level.WARNING]
    told = [fact.advice if is_in_heading(fact, report) else str(fact) for fact in others]
    if report.open or report.down or told or not report.read or do:
        if report.deadline is not None and report.open:
            state.append(f"Safe until {utc_from_now(report.deadline, min(report.ended, report.deadline))}.")
        steps = [f"Do now: {do}" if do else "", f"Then: {then}" if do and then else then]
        if warning := " ".join(part for part in (*state, *steps, *told) if part):
            yield "warning", warning
    elif report.recovered and not errors:
        yield "notice", " ".join(state)


def bounded(sentences: Sequence[str]) -> tuple[str, ...]:
    """As many as GitHub shows; the last one then counts the rest."""
    if len(sentences) <= MAX_ANNOTATIONS:
        return tuple(sentences)
    rest = len(sentences) - MAX_ANNOTATIONS + 1
    return (
        *sentences[: MAX_ANNOTATIONS - 1],
        f"and {rest:,} more errors: the job summary has some of them, the output report all",
    )
