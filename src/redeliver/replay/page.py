"""A replay for users: a headline, GUIDs to continue with, and the job summary. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from redeliver.core.case import AWAITING_RESULT, OUTCOMES, Outcome
from redeliver.core.facts import FactKind
from redeliver.documents import entry
from redeliver.output.pieces import (
    SHOWN_EVENTS,
    advice_for,
    alert,
    folded,
    light,
    linked,
    more,
    nowrap,
    row,
    table,
    to_copy,
)
from redeliver.replay.plan import redelivered_at
from redeliver.replay.report import MOST_GUIDS
from redeliver.text import count, for_markdown, sentence_in_markdown
from redeliver.times import day_time, duration, utc, utc_from_now

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from redeliver.core.facts import Fact
    from redeliver.replay.plan import ReplayPlan
    from redeliver.replay.report import ReplayReport

#: GUIDs in a line of a plan.
SHOWN_IN_LINE = 20
_SHOWN_TYPES = 20
_SENTENCE = 1_000


def headline(report: ReplayReport) -> str:
    """The most important facts, for a reader of nothing else."""
    plan = report.plan
    if plan is None:
        causes = [fact.headline for fact in report.facts if fact.headline]
        return ". ".join([*(causes[:1] or ["The log could not be read"]), "Nothing was sent"])
    if plan.missing:
        return f"Nothing was sent: {count(len(plan.missing), 'GUID is', 'GUIDs are')} not in the webhook's log"
    if plan.too_many:
        return f"Nothing was sent: {count(plan.found, 'event')} chosen, but limit is {plan.limit:,}"
    if not plan.found:
        return "Nothing to send: no event was found"
    if not report.send:
        return f"Plan: {count(plan.found, 'event')} would be sent again. Nothing was sent yet"
    outcomes = report.outcomes
    down = "The receiver is down: " if report.endpoint_down else ""
    recovered, unseen = outcomes[Outcome.RECOVERED], sum(outcomes[outcome] for outcome in AWAITING_RESULT)
    rest = plan.found - recovered - unseen
    parts = [
        f"{recovered:,} of {count(plan.found, 'event')} delivered again",
        f"{unseen:,} with no result yet" if unseen else "",
        f"{rest:,} not delivered" if rest else "",
    ]
    why = "The replay was stopped: " if report.signal_number is not None else down
    return why + ", ".join(part for part in parts if part)


def no_retry(report: ReplayReport) -> str:
    """That nothing else sends some of these events again; empty: a scheduled run does, or it need not."""
    missing = [event for event, case in report.events if case.outcome is not Outcome.RECOVERED]
    delivered = sum(event.is_delivered for event in missing)
    if not delivered:
        return ""
    these = "this event" if delivered == 1 else f"these {delivered:,} events"
    which = f"{delivered:,} of these events" if delivered < len(missing) else these
    it_was, it = ("it was", "it") if delivered == 1 else ("they were", "them")
    again = f"To send {it} again matters only if the receiver has lost {it}."
    return f"No scheduled run sends {which} again: {it_was} delivered before. {again}"


def next_step(report: ReplayReport, how: str) -> str:
    """After a plan: how to send what it holds, in the words of whoever shows it; empty: there is nothing to send."""
    plan = report.plan
    if not plan or not plan.cases or plan.missing or report.send:
        return ""
    until = plan.deadline or plan.made_at
    twice = "" if not plan.delivered else f" The receiver then gets {count(plan.delivered, 'event')} for a second time"
    return f"To send them, run it again with {how} before {utc(until, plan.made_at)}{'.' * bool(twice)}{twice}"


def guids_to_send(report: ReplayReport, elsewhere: str) -> Iterator[str]:
    """Lines with the GUIDs that another replay may be given.

    ``elsewhere``: what has those that a plan leaves out, since most plans are not made to finish another replay.
    """
    for title, guids in _lists(report):
        short = not report.send and len(guids) > SHOWN_IN_LINE
        yield f"{title}: {f'{len(guids):,} GUIDs, in {elsewhere}' if short else ','.join(guids)}"


def markdown(report: ReplayReport) -> str:
    """The job summary as GitHub-flavoured Markdown."""
    plan = report.plan
    rows = plan_rows(plan, lambda text: for_markdown(text, 80)) if plan else ()
    mark = light(report, waiting=report.signal_number is not None)
    told = headline(report)
    parts = [
        f"## {mark} {told if plan else sentence_in_markdown(told, _SENTENCE)}",
        _summary(report, plan) if plan and plan.cases else linked(for_markdown(report.hook), report.page),
        *(_alert(fact, report, told) for fact in sorted(report.facts, key=lambda fact: -fact.level)),
        f"**Do now:** {step}." if (step := next_step(report, "`send: true`")) else "",
        no_retry(report),
    ]
    for title, guids in _lists(report):
        parts += [f"{title}:\n\n{to_copy(guids, MOST_GUIDS)}", more(len(guids) - MOST_GUIDS, "GUIDs")]
    parts += [folded("The plan", table(["Plan", ""], [*map(row, rows)])) if plan else "", _events(report)]
    return "\n\n".join(part for part in parts if part) + "\n\n"


def _summary(report: ReplayReport, plan: ReplayPlan) -> str:
    """How many, and until when, in a row."""
    until = plan.deadline or 0
    cells = {
        "Chosen:": f"**{plan.found:,}**",
        "Delivered before:": f"{plan.delivered:,}",
        "Delivered now:": f"{report.outcomes[Outcome.RECOVERED]:,}" if report.send else "",
        "Sending takes": "" if report.send else duration(plan.seconds),
        "Possible until": nowrap(utc_from_now(until, min(plan.made_at, until))),
        "Webhook": linked(for_markdown(report.hook), report.page),
    }
    cells = {name: cell for name, cell in cells.items() if cell}
    return table([*cells], [row(cells.values())])


def _alert(fact: Fact, report: ReplayReport, heading: str) -> str:
    is_told = fact.headline and heading.startswith(fact.headline)
    sentence = "" if is_told else f"**{sentence_in_markdown(fact.sentence, _SENTENCE)}**"
    causes = [case.result.cause for _, case in report.events if case.outcome is Outcome.FAILED_AGAIN and case.result]
    why = f"{advice_for(causes[0])} " if causes and fact.kind in {FactKind.NOT_DELIVERED, FactKind.FIRST_FAILED} else ""
    advice = f"**Do now:** {sentence_in_markdown(why + fact.advice, _SENTENCE)} " if fact.advice else ""
    lines = filter(None, (sentence, f"{advice}[More]({entry(fact)})"))
    return alert(lines, is_red=fact.is_error)


def _lists(report: ReplayReport) -> Iterator[tuple[str, Sequence[str]]]:
    if report.send and report.undelivered:
        yield "Not delivered. To try again, replay these GUIDs", report.undelivered
    if report.unseen:
        yield "With no result yet", report.unseen
    if not report.send and report.unfinished:
        # Most plans are no such thing: a run, or a person, has redelivered some of the events.
        title = "To finish an interrupted replay, send only those not redelivered within the last hour"
        yield title, report.unfinished


def plan_rows(plan: ReplayPlan, shown: Callable[[str], str]) -> Iterator[tuple[str, str]]:
    """What a plan says, by name; ``shown`` makes untrusted text safe to show."""
    common = plan.by_type.most_common(_SHOWN_TYPES)
    types = [f"{number:,} {shown(name)}" for name, number in common]
    if rest := plan.found - sum(number for _, number in common):
        types.append(f"{rest:,} of other types")
    window = f"first sent from {utc(plan.since)} to {utc(plan.until)}"
    yield "Chosen by", "GUID" if plan.guids else window
    yield "Events", f"{plan.found:,}" + (f" ({', '.join(types)})" if types else "")
    if plan.filtered_out:
        yield "Left out by events", f"{plan.filtered_out:,}"
    if plan.listed:
        yield "In except-guids-file", f"{plan.listed:,}"
    if plan.missing:
        yield "Not in the log", ", ".join(plan.missing[:MOST_GUIDS])
    if plan.first is None or plan.last is None:
        return
    yield "Delivered before", f"{plan.delivered:,}"
    yield "Redelivered within the last hour", f"{plan.redelivered:,}"
    yield "First", utc(plan.first)
    yield "Last", utc(plan.last)
    yield "Sending takes", f"{duration(plan.seconds)}, {count(plan.calls, 'API call')}"


def _events(report: ReplayReport) -> str:
    """The events in a folded table; first those that did not arrive."""
    if not report.events:
        return ""
    events = sorted(report.events, key=lambda pair: pair[1].outcome is Outcome.RECOVERED)
    rows = []
    for event, case in events[:SHOWN_EVENTS]:
        redelivered, why = redelivered_at(event), case.result_detail
        cells = [
            for_markdown(event.name, 80),
            day_time(event.first.at, "%H:%M:%S"),
            "yes" if event.is_delivered else "no",
            "" if redelivered is None else day_time(redelivered, "%H:%M:%S"),
            words(case.outcome) + (f" ({for_markdown(why)})" if why else ""),
            for_markdown(event.guid, 64),
        ]
        rows.append(row(cells))
    columns = ["Event", "First sent (UTC)", "Delivered before", "Last redelivered (UTC)", "Outcome", "GUID"]
    shown = table(columns, rows)
    return folded(f"{count(len(events), 'event')}, one by one", shown, more(len(events) - SHOWN_EVENTS, "events"))


def words(outcome: Outcome) -> str:
    """An outcome as users read it. In a plan it is always DRY_RUN, in a replay that was to send never."""
    return "planned" if outcome is Outcome.DRY_RUN else OUTCOMES[outcome].word
