"""The tracking issue as Markdown: its text, its comments, and what it remembers. Pure.

Whoever may write into a delivery log chooses names and causes: they mention nobody, and link to nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from redeliver.core.findings import GapFound
from redeliver.core.redelivery import Outcome
from redeliver.output.markdown import Space, more, table
from redeliver.output.words import WORDS, advice_for
from redeliver.text import count, for_markdown, for_shell
from redeliver.times import clock_time
from redeliver.tracking.decision import Change, remembered
from redeliver.tracking.situation import State

if TYPE_CHECKING:
    from collections.abc import Iterator

    from redeliver.tracking.decision import Decision, Memory, News
    from redeliver.tracking.situation import HookSituation, LostEvent, Situation

TITLE = "Webhook redelivery needs attention"
LABEL_COLOR = "8250df"
LABEL_DESCRIPTION = "Redeliver Action finds its issue by this label"
#: The most characters that GitHub takes in an issue or a comment (seen in its errors). Bytes are counted, of which no
#: character has less than one, however GitHub counts.
_MOST = 65_536
#: Bytes for all that is as short in each text: sentences, headers of tables, advice.
_SENTENCES = 6_000
#: Rows of a table, and errors, where there is space for them.
_ROWS = 30
_ERRORS = 5
#: What is hidden in an issue's text lies between these.
_BEGINNING, _END = "<!-- redeliver-action: ", " -->"
_FOOT = (
    "Redeliver Action keeps this text up to date, and comments when the state changes or something is lost. It closes "
    "the issue once nothing is left to redeliver, unless something is lost: then a person does."
)
_HEADLINES = {
    State.DOWN: "🔴 **A receiver is down.** Each run tests it, and redelivers everything once it is up.",
    State.UNDELIVERED: "🟡 **Events are undelivered.** Each run goes on to redeliver them.",
    State.FAILED: "🔴 **The run failed.** While runs fail, nothing is redelivered.",
    State.SETTLED: "🟢 **Nothing is left to redeliver.**",
}
_LOSSES = "Something is lost, so this issue stays open: close it once you have dealt with that."


def memory_of(body: str) -> Memory | None:
    """What an issue with this text remembers; None: it is none of the action's."""
    _, beginning, rest = body[:_MOST].partition(_BEGINNING)
    text, end, _ = rest.partition(_END)
    return remembered(text) if beginning and end else None


def issue_body(decision: Decision, situation: Situation, run: str) -> str:
    """The issue's text. ``run``: the address of the run that changes it; empty: unknown."""
    memory = decision.memory
    end = (
        f"<sub>{_FOOT}{_link('The run that changed it last', run)}</sub>",
        f"{_BEGINNING}{for_shell(memory.model_dump_json(exclude_none=True))}{_END}",
    )
    space = _space_beside(*end)
    checks = "\n".join(_what_to_check(situation, space))
    parts = [
        _HEADLINES[memory.state],
        _LOSSES if memory.state is State.SETTLED and memory.has_losses else "",
        "\n".join((*_waiting(memory), *_lost_for_good(memory))),
        table("| webhook | undelivered | why | until |", "|:--|--:|:--|:--|", _hooks(situation, space)),
        checks,
        *end,
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def issue_comment(decision: Decision, situation: Situation, run: str) -> str:
    """What a comment says of the news; empty: there are none. ``run`` as above."""
    memory, news = decision.memory, decision.news
    link = f"\n\n<sub>{_link('The run', run).strip()}</sub>" if run else ""
    space = _space_beside(link)
    changed = news.before is not None and decision.change is not Change.OPENED
    errors = "\n".join(_errors(situation, space)) if changed else ""
    parts = list(_losses(news, space))
    if decision.change is not Change.OPENED:  # else the issue's own text says the rest
        parts = [
            _HEADLINES[memory.state] if changed else "",
            _LOSSES if changed and memory.state is State.SETTLED and memory.has_losses else "",
            *parts,
            errors,
            "\n".join(_waiting(memory)) if news and memory.state is not State.SETTLED else "",
        ]
    text = "\n\n".join(part for part in parts if part)
    return f"{text}{link}\n" if text else ""


def _space_beside(*parts: str) -> Space:
    return Space(_MOST - _SENTENCES - sum(len(part.encode()) for part in parts))


def _waiting(memory: Memory) -> Iterator[str]:
    if memory.since is not None:
        yield f"- {'It began' if memory.state is State.SETTLED else 'Since'}: {clock_time(memory.since)}"
    if memory.undelivered:
        known = ", as the last run that worked found" if memory.state is State.FAILED else ""
        yield f"- Undelivered: {count(memory.undelivered, 'event')}{known}"
    if memory.deadline is not None:
        yield f"- Can be saved until: **{clock_time(memory.deadline)}**. Then GitHub begins to delete them."


def _lost_for_good(memory: Memory) -> Iterator[str]:
    if memory.lost:
        yield f"- Lost: {count(memory.lost, 'event')}. A comment names them."
    if memory.gap:
        yield f"- {_gap(memory.gap)}"


def _losses(news: News, space: Space) -> Iterator[str]:
    if news.lost_count:
        yield f"**{count(news.lost_count, 'event')} lost**: no run redelivers them any more."
        rows = space.fit(map(_lost, news.lost), _ROWS)
        yield table("| event | GUID | why | |", "|:--|:--|:--|:--|", rows)
        yield more(news.lost_count - len(rows), "in the run's report")
        if any(event.outcome == Outcome.GIVEN_UP for event in news.lost):
            yield WORDS[Outcome.GIVEN_UP].advice
    if news.gap:
        yield _gap(news.gap)


def _gap(gap: tuple[int, int]) -> str:
    since, until = map(clock_time, gap)
    return GapFound(since=since, until=until).problem


def _lost(event: LostEvent) -> str:
    said = (event.name, event.guid, event.cause, event.outcome.replace("_", " "))
    return f"| {' | '.join(for_markdown(text, 100) for text in said)} |"


def _hooks(situation: Situation, space: Space) -> list[str]:
    rows = space.fit(map(_hook, situation.hooks), _ROWS)
    left = more(len(situation.hooks) - len(rows), "webhooks")
    return [*rows, f"| {left} | | | |"] if left else rows


def _hook(hook: HookSituation) -> str:
    why = ", ".join(for_markdown(cause, 30) for cause in hook.causes) if hook.read else "its log was not read"
    until = "" if hook.deadline is None else clock_time(hook.deadline)
    return f"| {for_markdown(hook.hook, 100)} | {hook.undelivered:,} | {why} | {until} |"


def _errors(situation: Situation, space: Space) -> Iterator[str]:
    lines = space.fit((f"- {for_markdown(error, 400) or 'unknown'}" for error in situation.errors), _ERRORS)
    yield from lines
    if left := more(len(situation.errors) - len(lines), "errors"):
        yield f"- {left}"


def _what_to_check(situation: Situation, space: Space) -> Iterator[str]:
    yield from _errors(situation, space)
    causes = dict.fromkeys(cause for hook in situation.hooks for cause in hook.causes)
    for advice in list(dict.fromkeys(map(advice_for, causes)))[:_ERRORS]:
        yield f"- {advice}"


def _link(text: str, address: str) -> str:
    return f" [{text}]({address})." if address else ""
