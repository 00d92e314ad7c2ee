"""The job summary: what a person looks at first. Pure."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from redeliver.core.case import AWAITING_RESULT, LOST, OUTCOMES, Outcome
from redeliver.core.facts import FactKind, Level
from redeliver.documents import entry
from redeliver.output.charts import picture
from redeliver.output.headline import (
    FIRST_LOSS,
    TO_BE_FIXED,
    is_in_heading,
    other_facts,
    sentences,
    what_comes_next,
    what_helps,
    what_to_do,
    worst_fact,
)
from redeliver.output.pieces import (
    ORDER,
    OUTCOME_CELLS,
    SHOWN_EVENTS,
    ByteBudget,
    advice_for,
    alert,
    folded,
    linked,
    mark,
    more,
    nowrap,
    otherwise,
    row,
    table,
    to_copy,
    webhook,
)
from redeliver.output.receivers import explanations, health_parts
from redeliver.output.webhooks import SHOWN_HOOKS, is_quiet, one_webhook, several_webhooks
from redeliver.text import count, for_markdown, sentence_in_markdown
from redeliver.times import day_time, utc

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from redeliver.core.facts import Fact
    from redeliver.core.report import EventReport, HookReport, Report

#: Bytes of all that is written row by row. GitHub drops a summary of more than 1 MiB whole; headings, the chart, and
#: whatever else does not grow with a report take less than a tenth of that.
SPACE = 700_000
#: Facts and problems; types of events in a line.
SHOWN_SENTENCES = 20
SHOWN_TYPES = 8
#: Up to this many events are listed where they are seen; more are folded away.
_FEW = 10
_CAUSES = 8
_SENTENCE = 1_000
#: The groups in which events are listed, in this order: the lost ones first, so that they are not cut off.
_LOST, _WAITING, _UNSEEN = "lost", "waiting", "with no result yet"
_RECOVERED, _FILTERED = "recovered", "filtered out"
_GROUPS = dict.fromkeys(LOST, _LOST) | dict.fromkeys(AWAITING_RESULT, _UNSEEN)
_GROUPS |= {Outcome.RECOVERED: _RECOVERED, Outcome.FILTERED_OUT: _FILTERED}


def markdown(report: Report) -> str:
    """The job summary as GitHub-flavoured Markdown: a few lines on a good day; what to do before all details."""
    space = ByteBudget(SPACE)
    first, *others = sentences(report)
    do = what_to_do(report)
    parts = [
        f"## {mark(report)} {sentence_in_markdown(first, _SENTENCE)}",
        " ".join(f"**{sentence_in_markdown(other, _SENTENCE)}.**" for other in others),
        *(several_webhooks(report, space) if len(report.hooks) > 1 else map(one_webhook, report.hooks)),
        _alert(report, do),
        *_other_facts(report, space),
        _causes(report, do),
        explanations(report),
    ]
    lost, events = _events(report, space)
    failed = [event for event in report.events if event.outcome is not Outcome.FILTERED_OUT]
    parts += [
        *lost,
        # Of a log that was read in part, it would show a part as if it were all.
        *([] if report.partial else picture(failed)),
        *events,
        *_what_it_did(report, space),
    ]
    text = "\n\n".join(part for part in parts if part)
    # Without a blank line after it, HTML would swallow the heading of whatever comes next.
    return text + ("\n\n" if text.endswith("</details>") else "\n")


def unusable(problems: Sequence[str], *, redelivers: bool) -> str:
    """The job summary of a step that could not begin. ``redelivers``: whether it keeps redelivering what failed."""
    shown = [sentence_in_markdown(problem, _SENTENCE) for problem in problems[:SHOWN_SENTENCES]]
    shown += [rest] if (rest := more(len(problems) - len(shown), "problems")) else []
    lines = ["**Do now:** correct these inputs, and run again."]
    lines += [f"**Until then:** nothing is redelivered. {FIRST_LOSS}"] if redelivers else []
    return f"## 🔴 The inputs cannot be used: nothing was done\n\n{alert(lines, is_red=True, listed=shown)}\n"


# -- what to do -------------------------------------------------------------------------------------------------


def _alert(report: Report, do: str) -> str:
    """What to do now, what happens then, and what if that cannot be done; in a plain line if nothing is to be done."""
    then = what_comes_next(report)
    lead, lines = worst_fact(report), []
    if lead and lead.kind is not FactKind.DOWN:
        # The heading has the first sentence.
        told = f"{lead.after_first if is_in_heading(lead, report) else lead.sentence} {lead.same}".strip()
        lines += [f"**{sentence_in_markdown(told, _SENTENCE)}**"] if told else []
    if do:
        about = f" {_more_about(lead)}" if lead else ""
        lines.append(f"**Do now:** {sentence_in_markdown(do, _SENTENCE)}{about}")
    if then:
        at_once = " At once: **Re-run all jobs**, on this page." if report.down else ""
        label = "**Then:** " if do else f"**Do now:** {'' if report.dry_run else 'nothing. '}"
        label = "" if then.startswith("Until") else label
        lines.append(f"{label}{then}{at_once}")
    lines += [f"**{better}:** {sentence_in_markdown(how, _SENTENCE)}." for better, how in what_helps(report)]
    if (do or report.late) and report.deadline is not None and report.open:
        lines.append(otherwise(utc(report.deadline, report.start)))
    if not do and not report.late:
        return "<br>\n".join(lines)
    return alert(lines, is_red=mark(report) == "🔴")


def _other_facts(report: Report, space: ByteBudget) -> list[str]:
    def line(fact: Fact) -> str:
        light, words = "🟡" if fact.level is Level.WARNING else "🔴", f"{fact.sentence} {fact.same} {fact.advice}"
        if is_in_heading(fact, report):
            words = f"{fact.same} {fact.advice}".strip()
        return f"- {light} {sentence_in_markdown(words, 2 * _SENTENCE)} {_more_about(fact)}"

    facts = other_facts(report)
    shown = space.fit(map(line, facts), SHOWN_SENTENCES)
    return ["\n".join(shown), more(len(facts) - len(shown), "errors and warnings")]


def _more_about(fact: Fact) -> str:
    return f"[More]({entry(fact)})"


def _causes(report: Report, do: str) -> str:
    """What to do about each cause, if there are several. ``do``: what the alert says already."""
    causes = Counter(event.cause for event in report.events if event.outcome in TO_BE_FIXED).most_common(_CAUSES)
    rows = []
    for cause, number in causes:
        advice = advice_for(cause)
        rows.append(row([nowrap(cause[:30]), f"{number:,}", "See above." if advice in do else advice]))
    return table(["Cause", "Events:", "What to do"], rows) if len(rows) > 1 else ""


# -- the events -------------------------------------------------------------------------------------------------


def _events(report: Report, space: ByteBudget) -> tuple[list[str], list[str]]:
    """The lost events, and all others: the few that wait where they are seen, the rest folded."""
    names = (_LOST, _WAITING, _UNSEEN, _RECOVERED, _FILTERED)
    groups: dict[str, list[tuple[HookReport, EventReport]]] = {name: [] for name in names}
    for hook in report.hooks:
        for event in hook.events:
            groups[_GROUPS.get(event.outcome, _WAITING)].append((hook, event))
    several = ["Webhook"] if len(report.hooks) > 1 else []
    left = SHOWN_EVENTS
    lost: list[str] = []
    others: list[str] = []
    for name, group in groups.items():
        columns = ["Delivery: GUID, id", "Event", "First failed (UTC)", "Cause", "Attempts:", "Outcome"]
        given_up = [event.guid for _, event in group if event.outcome is Outcome.GIVEN_UP]
        columns += ["Replay before (UTC)"] * bool(given_up) + several
        ordered = sorted(group, key=lambda row: ORDER[row[1].outcome])
        rows = (_cells(hook, event, columns) for hook, event in ordered)
        listed = space.table(columns, rows, left, len(group), "events")
        shown = min(left, len(group))
        left -= shown
        if name == _LOST:
            if guids := to_copy(given_up, SHOWN_EVENTS):
                listed.append(f"GUIDs to replay once the receiver is fixed:\n\n{guids}")
            lost = listed
        elif name == _WAITING and len(group) <= _FEW:
            others += listed
        elif shown:
            if name == _WAITING:
                others.append("Of what was read: " * report.partial + _types([event for _, event in group]))
            which = f"{shown:,} of {len(group):,} events" if shown < len(group) else count(len(group), "event")
            known = "known so far" if name == _WAITING and report.partial else name
            others.append(folded(f"{which} {known}, with GUIDs", *listed))
    return lost, others


def _types(events: Sequence[EventReport]) -> str:
    """How many of each type, in a line."""
    types = Counter(event.name for event in events).most_common()
    shown = [f"{number:,} {for_markdown(name, 80)}" for name, number in types[:SHOWN_TYPES]]
    rest = sum(number for _, number in types[SHOWN_TYPES:])
    return " · ".join([*shown, f"{rest:,} of other types"] if rest else shown)


def _cells(hook: HookReport, event: EventReport, columns: Sequence[str]) -> Iterator[str]:
    """An event's row in a list with these columns."""
    guid, several = for_markdown(event.guid, 36), "Webhook" in columns
    yield f"{guid if several else linked(guid, hook.page)}<br>{for_markdown(event.delivery_id, 30)}"
    yield for_markdown(event.name, 80)
    yield nowrap(("" if event.first_was_read else "by ") + day_time(event.first_failed_at))
    yield nowrap(event.cause[:30])
    yield f"{event.attempts}"
    yield OUTCOME_CELLS[event.outcome] + (f" ({for_markdown(event.detail)})" if event.detail else "")
    if "Replay before (UTC)" in columns:
        yield "" if event.outcome is Outcome.EXPIRED else nowrap(day_time(event.forgotten_at))
    if several:
        yield webhook(hook)


# -- what the run did -------------------------------------------------------------------------------------------


def _what_it_did(report: Report, space: ByteBudget) -> list[str]:
    """What was read and sent, and how the receivers are; on a good day a line of that is seen."""
    if not any(hook.read for hook in report.hooks):
        return []
    read = f"{len(report.hooks):,} webhooks: {count(report.scanned, 'attempt')} read"
    if len(report.hooks) == 1:
        (hook,) = report.hooks
        read = f"{linked(for_markdown(hook.hook), hook.page)}: log read back to {utc(hook.cutoff, hook.start)}"
    sent = f", {count(report.redelivered, 'event')} sent" if report.redelivered else ""
    outcomes = [
        row([OUTCOME_CELLS[kind], f"{number:,}", words.advice])
        for kind, words in OUTCOMES.items()
        if (number := report.outcomes[kind])
    ]
    line, *figures = health_parts(report, space)
    quiet = [hook for hook in report.hooks if is_quiet(hook)] if len(report.hooks) > 1 else []
    names = space.fit(map(webhook, quiet), SHOWN_HOOKS)
    is_good = mark(report) == "🟢"
    seen = [" ".join(f"{part}." for part in (f"{read}{sent}", line) if part)] if is_good else []
    details = [
        *([] if is_good else [f"{read}{sent}.", f"{line}." if line else ""]),
        table(["Outcome", "Events:", "What comes next"], outcomes),
        f"Nothing to redeliver: {' · '.join(names)} {more(len(quiet) - len(names), 'webhooks')}" if names else "",
        *figures,
    ]
    return [*seen, folded("What this run did", *details) if any(details) else ""]
