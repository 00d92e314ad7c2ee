"""The job summary: what a person looks at first. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from redeliver.core.case import LOST, OUTCOMES, Outcome
from redeliver.core.facts import Level
from redeliver.output.charts import pictures
from redeliver.output.headline import mark, sentences, what_comes_next
from redeliver.output.pieces import (
    ORDER,
    OUTCOME_CELLS,
    SHOWN_EVENTS,
    ByteBudget,
    advice_for,
    folded,
    linked,
    more,
    row,
    table,
    webhook,
    whole,
)
from redeliver.output.receivers import explanations, health_parts
from redeliver.text import count, for_markdown, sentence_in_markdown
from redeliver.times import day_time, utc, utc_from_now

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from redeliver.core.facts import Fact
    from redeliver.core.report import EventReport, HookReport, Report

#: Bytes of all that is written row by row. GitHub drops a summary of more than 1 MiB whole; headings, charts, and
#: whatever else does not grow with a report take less than a tenth of that.
SPACE = 700_000
#: Rows of the tables, and sentences.
SHOWN_HOOKS = 300
SHOWN_SENTENCES = 20
SHOWN_KINDS = 30
#: Up to this many events, there is only the list of each of them, and no rows of similar ones.
_FEW = 10
_CAUSES = 8
_SENTENCE = 1_000
#: The cause of the latest failure matters for these; the others may still be delivered.
_SHOW_CAUSE_FOR = frozenset({Outcome.GIVEN_UP, Outcome.FAILED_AGAIN, Outcome.ENDPOINT_DOWN, Outcome.NOT_DUE})
#: There is nothing to do about these, or an error says it.
_TOLD = LOST | {Outcome.RECOVERED, Outcome.FILTERED_OUT}
#: The groups in which events are listed, in this order: the lost ones first, so that they are not cut off.
_LOST, _WAITING, _RECOVERED, _FILTERED = "lost", "waiting", "recovered", "filtered out"
_GROUPS = dict.fromkeys(LOST, _LOST) | {Outcome.RECOVERED: _RECOVERED, Outcome.FILTERED_OUT: _FILTERED}


def markdown(report: Report) -> str:
    """The job summary as GitHub-flavoured Markdown: a few lines on a good day, and what to do before all details."""
    space = ByteBudget(SPACE)
    first, *others = [f"{sentence}." for sentence in sentences(report)]
    parts = [
        f"## {mark(report)} {first.removesuffix('.')}",
        *_alerts("CAUTION", report, space),
        " ".join([*(f"**{other}**" for other in others), *what_comes_next(report)]),
        *_alerts("WARNING", report, space),
        *(_webhooks(report, space) if report.hooks else ()),
        *health_parts(report, space),
        _what_to_do(report),
        explanations(report),
    ]
    lost, events = _events(report, space)
    parts += [
        *lost,
        *pictures([event for event in report.events if event.outcome is not Outcome.FILTERED_OUT]),
        *events,
    ]
    text = "\n\n".join(part for part in parts if part)
    # Without a blank line after it, HTML would swallow the heading of whatever comes next.
    return text + ("\n\n" if text.endswith("</details>") else "\n")


def unusable(problems: Sequence[str]) -> str:
    """The job summary of a run that could not begin."""
    shown = [f"- {sentence_in_markdown(problem, _SENTENCE)}" for problem in problems[:SHOWN_SENTENCES]]
    return "\n".join(["## 🔴 The inputs cannot be used", "", *shown, more(len(problems) - len(shown), "problems")])


# -- the webhooks -----------------------------------------------------------------------------------------------


def _webhooks(report: Report, space: ByteBudget) -> list[str]:
    """What was read and found. Of several webhooks those that need attention in a table; the others folded away."""
    found = (
        f"; {count(report.failed, 'event')} found undelivered, {report.redelivered:,} redelivered, "
        f"{report.recovered:,} recovered"
    )
    read = f"{count(report.scanned, 'attempt')} read"
    if len(report.hooks) == 1:
        (hook,) = report.hooks
        how = (
            f"{read}, back to {utc(hook.cutoff, hook.start)}{found if hook.failed else ''}" if hook.read else "not read"
        )
        return [f"{linked(for_markdown(hook.hook), hook.page)}: {how}"]
    quiet: list[HookReport] = []
    loud: list[HookReport] = []
    for hook in report.hooks:
        (quiet if hook.read and not (hook.failed or hook.facts) else loud).append(hook)
    cells = [_hook_cells(hook) for hook in sorted(loud, key=_how_bad)[:SHOWN_HOOKS]]
    columns = [name for name in (cells[0] if cells else ()) if any(line[name] not in {"", "0"} for line in cells)]
    rows = ([line[name] for name in columns] for line in cells)
    listed = space.table(columns, rows, SHOWN_HOOKS, len(loud), "webhooks")
    if quiet:
        names = space.fit(map(webhook, quiet), SHOWN_HOOKS)
        title = f"{count(len(quiet), 'webhook')} with nothing to redeliver"
        listed.append(folded(title, " · ".join(names), more(len(quiet) - len(names), "webhooks")))
    return [f"{len(report.hooks):,} webhooks: {read}{found if report.failed else ''}", *listed]


def _how_bad(hook: HookReport) -> tuple[bool, bool, bool, int, bool]:
    """The worst first."""
    urgent = hook.lost > 0 or hook.gap is not None or hook.urgent
    return (not urgent, not hook.is_failing, not hook.down, -hook.undelivered, not hook.warnings)


def _hook_cells(hook: HookReport) -> dict[str, str]:
    """A webhook's row, by the columns' names."""
    return {
        "Webhook": f"{mark(hook)}&nbsp;{webhook(hook)}",
        "State": "; ".join(filter(None, ["" if hook.read else "not read", *(fact.short for fact in hook.facts)])),
        "Undelivered:": f"{hook.undelivered - hook.lost:,}" if hook.read else "",
        "Lost:": f"{hook.lost:,}" if hook.read else "",
        "Recovered:": f"{hook.recovered:,}" if hook.read else "",
        "Redeliver before": "" if hook.deadline is None else whole(utc_from_now(hook.deadline, hook.start)),
        "Once up, this takes": f"about {hook.forecast}" if hook.down and hook.forecast else "",
    }


# -- what is not well -------------------------------------------------------------------------------------------


def _alerts(name: str, report: Report, space: ByteBudget) -> list[str]:
    """The facts that make the run fail, or the others, without those of which the page says everything elsewhere."""
    several = len(report.hooks) > 1
    facts, what = [fact for fact in report.facts if fact.level >= Level.ERROR], "errors"
    if name == "WARNING":
        facts, what = [fact for fact in report.facts if fact.level < Level.ERROR], "warnings"
        facts = [
            fact for fact in facts if not fact.kind.value.told_in_headline or (fact.kind.value.advice and not several)
        ]

    def alert(fact: Fact) -> str:
        is_new = several or not fact.kind.value.told_in_headline
        sentence = f"**{sentence_in_markdown(fact.sentence, _SENTENCE)}**" if is_new else ""
        lines = [sentence, fact.same, sentence_in_markdown(fact.advice, _SENTENCE)]
        return "\n".join([f"> [!{name}]", *(f"> {line}" for line in lines if line)])

    shown = space.fit(map(alert, facts), SHOWN_SENTENCES)
    return [*shown, more(len(facts) - len(shown), what)]


def _what_to_do(report: Report) -> str:
    """Why events are undelivered, what became of them, and what to do; nothing if there is nothing to do."""
    causes = Counter(event.cause for event in report.events if event.outcome in _SHOW_CAUSE_FOR).most_common(_CAUSES)
    rows = [row([whole(cause[:30]), f"{number:,}", advice_for(cause)]) for cause, number in causes]
    for kind, words in OUTCOMES.items():
        if kind not in _TOLD and (number := report.count(kind)):
            rows.append(row([OUTCOME_CELLS[kind], f"{number:,}", words.advice]))
    return table(["Cause&nbsp;or&nbsp;outcome", "Events:", "What to do"], rows)


# -- the events -------------------------------------------------------------------------------------------------


def _events(report: Report, space: ByteBudget) -> tuple[list[str], list[str]]:
    """The lost events, and all others: those with a problem visible, the rest folded."""
    groups: dict[str, list[tuple[HookReport, EventReport]]] = {_LOST: [], _WAITING: [], _RECOVERED: [], _FILTERED: []}
    for hook in report.hooks:
        for event in hook.events:
            groups[_GROUPS.get(event.outcome, _WAITING)].append((hook, event))
    several = ["Webhook"] if len(report.hooks) > 1 else []
    left = SHOWN_EVENTS
    lost: list[str] = []
    others: list[str] = []
    for name, group in groups.items():
        group.sort(key=lambda row: ORDER[row[1].outcome])
        many = name == _WAITING and len(group) > _FEW
        others += _kinds([event for _, event in group], space) if many else []
        columns = ["Delivery: GUID, id", "Event", "First failed (UTC)", "Cause", "Failed attempts:", "Outcome"]
        columns += ["Redeliver before (UTC)"] * (name == _LOST) + several
        rows = (_cells(hook, event, columns) for hook, event in group)
        listed = space.table(columns, rows, left, len(group), "events")
        left = max(0, left - len(group))
        if name == _LOST:
            lost = listed
        elif many:
            others.append(folded(f"GUIDs and delivery ids of {count(len(group), 'event')}", *listed))
        elif name == _WAITING:
            others += listed
        elif group:
            others.append(folded(f"{count(len(group), 'event')} {name}", *listed))
    return lost, others


def _kinds(events: Sequence[EventReport], space: ByteBudget) -> list[str]:
    """One row for all events with the same name, cause and outcome."""
    alike: dict[tuple[str, str, Outcome], list[EventReport]] = defaultdict(list)
    for event in events:
        alike[event.name, event.cause, event.outcome].append(event)
    groups = sorted(alike.values(), key=lambda group: (ORDER[group[0].outcome], -len(group)))

    def cells(group: Sequence[EventReport]) -> Iterator[str]:
        one, times = group[0], [event.first_failed_at for event in group]
        first, last = day_time(min(times)), day_time(max(times))
        by = "" if all(event.first_was_read for event in group) else "by "
        yield f"{len(group):,}"
        yield for_markdown(one.name, 80)
        yield whole(one.cause[:30])
        yield OUTCOME_CELLS[one.outcome]
        same_day = first[: -len("00:00")]
        yield whole(by + (first if first == last else f"{first} to {last.removeprefix(same_day)}"))

    columns = ["Events:", "Event", "Cause", "Outcome", "First failed (UTC)"]
    return space.table(columns, map(cells, groups), SHOWN_KINDS, len(groups), "kinds of events")


def _cells(hook: HookReport, event: EventReport, columns: Sequence[str]) -> Iterator[str]:
    """An event's row in a list with these columns."""
    guid, several = for_markdown(event.guid, 36), "Webhook" in columns
    yield f"{guid if several else linked(guid, hook.page)}<br>{for_markdown(event.delivery_id, 30)}"
    yield for_markdown(event.name, 80)
    yield whole(("" if event.first_was_read else "by ") + day_time(event.first_failed_at))
    yield whole(event.cause[:30])
    yield f"{event.attempts}"
    yield OUTCOME_CELLS[event.outcome] + (f" ({for_markdown(event.detail)})" if event.detail else "")
    if "Redeliver before (UTC)" in columns:
        yield "" if event.outcome is Outcome.EXPIRED else whole(day_time(event.forgotten_at))
    if several:
        yield webhook(hook)
