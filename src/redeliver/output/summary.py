"""The job summary: what a person looks at first. Pure."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from redeliver.core.case import LOST, OUTCOMES, Outcome
from redeliver.core.facts import Level
from redeliver.output.charts import pictures
from redeliver.output.events import event_parts
from redeliver.output.headline import is_urgent, mark, sentences, what_comes_next
from redeliver.output.pieces import (
    ByteBudget,
    advice_for,
    folded,
    linked,
    more,
    outcome_cell,
    row,
    table,
    webhook,
    whole,
)
from redeliver.output.receivers import explanations, health_parts
from redeliver.text import count, for_markdown, sentence_in_markdown
from redeliver.times import clock_time, day_time, duration, span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from redeliver.core.facts import Fact
    from redeliver.core.report import HookReport, Report

#: Bytes of all that is written row by row. GitHub drops a summary of more than 1 MiB whole; headings, charts, and
#: whatever else does not grow with a report take less than a tenth of that.
SPACE = 700_000
#: Rows of the tables, and sentences.
SHOWN_HOOKS = 300
SHOWN_SENTENCES = 20
_CAUSES = 8
_SENTENCE = 1_000
#: The cause of the latest failure matters for these; the others may still be delivered.
_TELLING = frozenset({Outcome.GIVEN_UP, Outcome.FAILED_AGAIN, Outcome.ENDPOINT_DOWN, Outcome.NOT_DUE})
#: There is nothing to do about these, or an error says it.
_TOLD = LOST | {Outcome.RECOVERED, Outcome.FILTERED_OUT}


def markdown(report: Report) -> str:
    """The job summary as GitHub-flavoured Markdown: a few lines on a good day, and what to do before all details."""
    space = ByteBudget(SPACE)
    first, *others = [f"{sentence}." for sentence in sentences(report)]
    parts = [
        f"## {mark(report)} {first.removesuffix('.')}",
        *_alerts("CAUTION", report, space),
        " ".join([*(f"**{other}**" for other in others), *what_comes_next(report)]),
        *_alerts("WARNING", report, space),
        *(_many_hooks(report, space) if len(report.hooks) > 1 else map(_one_hook, report.hooks)),
        *health_parts(report, space),
        _what_to_do(report),
        explanations(report),
    ]
    lost, events = event_parts(report, space)
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


def _found(report: HookReport | Report) -> str:
    if not report.failed:
        return ""
    return (
        f"; {count(report.failed, 'event')} found undelivered, {report.redelivered:,} redelivered, "
        f"{report.recovered:,} recovered"
    )


def _one_hook(hook: HookReport) -> str:
    shown = linked(for_markdown(hook.hook), hook.page)
    if not hook.read:
        return f"{shown}: not read"
    return f"{shown}: {count(hook.scanned, 'attempt')} read, back to {clock_time(hook.cutoff)}{_found(hook)}"


def _many_hooks(report: Report, space: ByteBudget) -> list[str]:
    """Webhooks that need attention in a table, worst first; the others folded away."""
    quiet = [hook for hook in report.hooks if _is_quiet(hook)]
    loud = sorted((hook for hook in report.hooks if not _is_quiet(hook)), key=_how_bad)
    cells = [_hook_cells(hook) for hook in loud[:SHOWN_HOOKS]]
    kept = [place for place in range(len(_COLUMNS)) if any(line[place] not in {"", "0"} for line in cells)]
    rows = ([line[place] for place in kept] for line in cells)
    listed = space.table([_COLUMNS[place] for place in kept], rows, SHOWN_HOOKS, len(loud), "webhooks")
    names = space.fit(map(webhook, quiet), SHOWN_HOOKS)
    title = f"{count(len(quiet), 'webhook')} with nothing to redeliver"
    return [
        f"{len(report.hooks):,} webhooks: {count(report.scanned, 'attempt')} read{_found(report)}",
        *listed,
        *([folded(title, " · ".join(names), more(len(quiet) - len(names), "webhooks"))] if quiet else []),
    ]


def _is_quiet(hook: HookReport) -> bool:
    return hook.read and not (hook.failed or hook.facts)


def _how_bad(hook: HookReport) -> tuple[bool, bool, bool, int, bool]:
    urgent = hook.lost > 0 or hook.gap is not None or is_urgent(hook)
    return (not urgent, not hook.is_failing, not hook.down, -hook.undelivered, not hook.warnings)


_COLUMNS = (
    *("Webhook", "State", "Undelivered:", "Lost:", "Recovered:"),
    *("Redeliver before (UTC)", "Once up, this takes"),
)


def _hook_cells(hook: HookReport) -> list[str]:
    numbers = [f"{hook.undelivered - hook.lost:,}", f"{hook.lost:,}", f"{hook.recovered:,}"]
    left = "" if hook.time_left is None else f" ({span(hook.time_left)} left)"
    return [
        f"{mark(hook)}&nbsp;{webhook(hook)}",
        "; ".join(filter(None, ["" if hook.read else "not read", *(fact.short for fact in hook.facts)])),
        *(numbers if hook.read else ["", "", ""]),
        "" if hook.deadline is None else whole(f"{day_time(hook.deadline)}{left}"),
        f"about {duration(hook.outage.backlog)}" if hook.outage else "",
    ]


# -- what is not well -------------------------------------------------------------------------------------------


def _alerts(name: str, report: Report, space: ByteBudget) -> list[str]:
    """The facts that make the run fail, or the others, without those of which the page says everything elsewhere."""
    several = len(report.hooks) > 1
    if name == "CAUTION":
        facts, what = [fact for fact in report.facts if fact.level >= Level.ERROR], "errors"
    else:
        facts, what = [fact for fact in report.facts if fact.level < Level.ERROR], "warnings"
        facts = [fact for fact in facts if not fact.words.in_headline or (fact.words.advice and not several)]

    def alert(fact: Fact) -> str:
        is_new = several or not fact.words.in_headline
        sentence = f"**{sentence_in_markdown(fact.sentence, _SENTENCE)}**" if is_new else ""
        lines = [sentence, fact.same, sentence_in_markdown(fact.advice, _SENTENCE)]
        return "\n".join([f"> [!{name}]", *(f"> {line}" for line in lines if line)])

    shown = space.fit(map(alert, facts), SHOWN_SENTENCES)
    return [*shown, more(len(facts) - len(shown), what)]


def _what_to_do(report: Report) -> str:
    """Why events are undelivered, what became of them, and what to do; nothing if there is nothing to do."""
    causes = Counter(event.cause for event in report.events if event.outcome in _TELLING).most_common(_CAUSES)
    rows = [row([whole(cause[:30]), f"{number:,}", advice_for(cause)]) for cause, number in causes]
    for kind, words in OUTCOMES.items():
        if kind not in _TOLD and (number := report.count(kind)):
            rows.append(row([outcome_cell(kind), f"{number:,}", words.advice]))
    return table(["Cause&nbsp;or&nbsp;outcome", "Events:", "What to do"], rows)
