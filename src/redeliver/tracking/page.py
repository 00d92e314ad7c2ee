"""The tracking issue as Markdown: its text, its comments, and what it remembers. Pure.

Whoever may write into a delivery log chooses names and causes: they mention nobody, and link to nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import TypeAdapter

from redeliver.core.case import OUTCOMES, Outcome
from redeliver.core.facts import Fact, FactKind
from redeliver.github.responses import read_json
from redeliver.output.pieces import ByteBudget, advice_for, more
from redeliver.text import count, for_markdown, for_shell
from redeliver.times import clock_time
from redeliver.tracking.decision import Change, Memory, State

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from redeliver.tracking.decision import Decision, Situation

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
_MEMORY = TypeAdapter(Memory)
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
    """What an issue with this text remembers; None: it is none of the action's.

    It remembers nothing if somebody has damaged that part of the text.
    """
    _, beginning, rest = body[:_MOST].partition(_BEGINNING)
    text, end, _ = rest.partition(_END)
    if not beginning or not end:
        return None
    try:
        return read_json(_MEMORY, text)
    except ValueError:
        return Memory()


def issue_body(decision: Decision, situation: Situation, run: str) -> str:
    """The issue's text. ``run``: the address of the run that changes it; empty: unknown."""
    memory = decision.memory
    link = f" [The run that changed it last]({run})." if run else ""
    end = (
        f"<sub>{_FOOT}{link}</sub>",
        f"{_BEGINNING}{for_shell(memory.model_dump_json(exclude_none=True))}{_END}",
    )
    space = _space_beside(*end)
    checks = "\n".join(_what_to_check(situation, space))
    known = list(_waiting(memory))
    if memory.lost:
        known.append(f"- Lost: {count(memory.lost, 'event')}. A comment names them.")
    if memory.gap:
        known.append(f"- {_gap(memory.gap)}")
    parts = [
        _headline(memory),
        "\n".join(known),
        _table("| webhook | undelivered | why | until |", "|:--|--:|:--|:--|", _hooks(situation, space)),
        checks,
        *end,
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def issue_comment(decision: Decision, situation: Situation, run: str) -> str:
    """What a comment says of the news; empty: there are none. ``run`` as above."""
    memory = decision.memory
    link = f"\n\n<sub>[The run]({run}).</sub>" if run else ""
    space = _space_beside(link)
    changed = decision.before is not None and decision.change is not Change.OPENED
    errors = "\n".join(_errors(situation, space)) if changed else ""
    parts = list(_losses(decision, space))
    if decision.change is not Change.OPENED:  # else the issue's own text says the rest
        parts = [
            _headline(memory) if changed else "",
            *parts,
            errors,
            "\n".join(_waiting(memory)) if decision.is_news and memory.state is not State.SETTLED else "",
        ]
    text = "\n\n".join(part for part in parts if part)
    return f"{text}{link}\n" if text else ""


def _headline(memory: Memory) -> str:
    stays_open = f"\n\n{_LOSSES}" if memory.state is State.SETTLED and memory.has_losses else ""
    return _HEADLINES[memory.state] + stays_open


def _space_beside(*parts: str) -> ByteBudget:
    return ByteBudget(_MOST - _SENTENCES - sum(len(part.encode()) for part in parts))


def _waiting(memory: Memory) -> Iterator[str]:
    if memory.since is not None:
        yield f"- {'It began' if memory.state is State.SETTLED else 'Since'}: {clock_time(memory.since)}"
    if memory.undelivered:
        known = ", as the last run that worked found" if memory.state is State.FAILED else ""
        yield f"- Undelivered: {count(memory.undelivered, 'event')}{known}"
    if memory.deadline is not None:
        yield f"- Can be saved until: **{clock_time(memory.deadline)}**. Then GitHub begins to delete them."


def _losses(news: Decision, space: ByteBudget) -> Iterator[str]:
    if news.lost_count:
        yield f"**{count(news.lost_count, 'event')} lost**: no run redelivers them any more."
        events = ((one.name, one.guid, one.cause, OUTCOMES[one.outcome].word) for one in news.lost)
        lines = (f"| {' | '.join(for_markdown(text, 100) for text in event)} |" for event in events)
        rows = space.fit(lines, _ROWS)
        yield _table("| event | GUID | why | |", "|:--|:--|:--|:--|", rows)
        yield more(news.lost_count - len(rows), "in the run's report")
        if any(event.outcome == Outcome.GIVEN_UP for event in news.lost):
            yield OUTCOMES[Outcome.GIVEN_UP].advice
    if news.gap:
        yield _gap(news.gap)


def _gap(gap: tuple[int, int]) -> str:
    return Fact(FactKind.GAP, {"since": gap[0], "until": gap[1]}).sentence


def _hooks(situation: Situation, space: ByteBudget) -> list[str]:
    def lines() -> Iterator[str]:
        for hook in situation.hooks:
            why = ", ".join(for_markdown(cause, 30) for cause in hook.causes) if hook.read else "its log was not read"
            until = "" if hook.deadline is None else clock_time(hook.deadline)
            yield f"| {for_markdown(hook.hook, 100)} | {hook.undelivered:,} | {why} | {until} |"

    rows = space.fit(lines(), _ROWS)
    left = more(len(situation.hooks) - len(rows), "webhooks")
    return [*rows, f"| {left} | | | |"] if left else rows


def _table(header: str, rule: str, rows: Sequence[str]) -> str:
    return "\n".join([header, rule, *rows]) if rows else ""


def _errors(situation: Situation, space: ByteBudget) -> Iterator[str]:
    lines = space.fit((f"- {for_markdown(error, 400) or 'unknown'}" for error in situation.errors), _ERRORS)
    yield from lines
    if left := more(len(situation.errors) - len(lines), "errors"):
        yield f"- {left}"


def _what_to_check(situation: Situation, space: ByteBudget) -> Iterator[str]:
    yield from _errors(situation, space)
    causes = dict.fromkeys(cause for hook in situation.hooks for cause in hook.causes)
    for advice in list(dict.fromkeys(map(advice_for, causes)))[:_ERRORS]:
        yield f"- {advice}"
