"""The tracking issue as Markdown: its text, its comments, and what it remembers. Pure.

Whoever may write into a delivery log chooses names and causes: they mention nobody, and link to nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from redeliver.core.case import OUTCOMES, Outcome
from redeliver.core.facts import Fact, FactKind
from redeliver.output.pieces import ByteBudget, advice_for, more
from redeliver.text import count, for_markdown, sentence_in_markdown
from redeliver.times import utc
from redeliver.tracking.decision import MAX_BODY, Change
from redeliver.tracking.situation import State

if TYPE_CHECKING:
    from collections.abc import Iterator

    from redeliver.tracking.decision import Decision, Memory
    from redeliver.tracking.situation import Situation

#: Bytes for all that is as short in each text: sentences, headers of tables, advice.
_SENTENCES = 6_000
#: Rows of a table, and errors, where there is space for them.
_ROWS = 30
_ERRORS = 5
#: Characters of what somebody must see to, which ends with an address.
_LONGEST = 600
_FOOT = (
    "Redeliver Action keeps this text up to date, and comments when the state changes or something is lost. It closes "
    "the issue once nothing is left to redeliver, unless something is lost: then a person does."
)
_HEADLINES = {
    State.DOWN: "🔴 **A receiver is down.** Each run tests it, and redelivers everything once it is up.",
    State.UNDELIVERED: "🟡 **Events are undelivered.** Each run goes on to redeliver them.",
    State.ATTENTION: "🟡 **Nothing waits, but somebody must see to something.**",
    State.FAILED: "🔴 **The run failed.** While runs fail, nothing is redelivered.",
    State.SETTLED: "🟢 **Nothing is left to redeliver.**",
}
_LOSSES = "Something is lost, so this issue stays open: close it once you have dealt with that."


def issue_body(decision: Decision, situation: Situation, run: str) -> str:
    """The issue's text. ``run``: the address of the run that changes it; empty: unknown."""
    memory = decision.memory
    link = f" [The run that changed it last]({run})." if run else ""
    end = (f"<sub>{_FOOT}{link}</sub>", memory.hidden)
    space = _space_beside(*end)
    checks = list(_errors(situation, space))
    advice = dict.fromkeys(advice_for(cause) for hook in situation.hooks for cause in hook.causes)
    checks += [f"- {step}" for step in list(advice)[:_ERRORS]]
    known = list(_waiting(memory))
    if memory.lost:
        known.append(f"- Lost: {count(memory.lost, 'event')}. A comment names them.")
    if memory.gap:
        known.append(f"- {_gap(memory.gap)}")
    hooks = (
        (
            for_markdown(hook.hook, 100),
            f"{hook.undelivered:,}",
            ", ".join(for_markdown(cause, 30) for cause in hook.causes) if hook.read else "its log was not read",
            "" if hook.deadline is None else utc(hook.deadline),
        )
        for hook in situation.hooks
    )
    parts = [
        _headline(memory),
        "\n".join(known),
        *space.table(["webhook", "undelivered:", "why", "until"], hooks, _ROWS, len(situation.hooks), "webhooks"),
        "\n".join(checks),
        *end,
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def issue_comment(decision: Decision, situation: Situation, run: str) -> str:
    """What a comment says of the news; empty: there are none. ``run`` as above."""
    memory = decision.memory
    link = f"\n\n<sub>[The run]({run}).</sub>" if run else ""
    space = _space_beside(link)
    changed = decision.changes_state and decision.change is not Change.OPENED
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
    return ByteBudget(MAX_BODY - _SENTENCES - sum(len(part.encode()) for part in parts))


def _waiting(memory: Memory) -> Iterator[str]:
    if memory.since is not None:
        yield f"- {'It began' if memory.state is State.SETTLED else 'Since'}: {utc(memory.since)}"
    if memory.undelivered:
        known = ", as the last run that worked found" if memory.state is State.FAILED else ""
        yield f"- Undelivered: {count(memory.undelivered, 'event')}{known}"
    if memory.deadline is not None:
        yield f"- Can be saved until: **{utc(memory.deadline)}**. Then GitHub begins to delete them."


def _losses(news: Decision, space: ByteBudget) -> Iterator[str]:
    if news.lost_count:
        yield f"**{count(news.lost_count, 'event')} lost**: no run redelivers them any more."
        rows = (
            (
                *(for_markdown(text, 100) for text in (one["event"], one["guid"], one["cause"])),
                OUTCOMES[Outcome(one["outcome"])].word,
            )
            for one in news.lost
        )
        yield from space.table(["event", "GUID", "why", ""], rows, _ROWS, news.lost_count, "in the run's report")
        if any(one["outcome"] == Outcome.GIVEN_UP for one in news.lost):
            yield OUTCOMES[Outcome.GIVEN_UP].advice
    if news.gap:
        yield _gap(news.gap)


def _gap(gap: tuple[int, int]) -> str:
    return Fact(FactKind.GAP, {"since": gap[0], "until": gap[1]}).sentence


def _errors(situation: Situation, space: ByteBudget) -> Iterator[str]:
    """What somebody must see to, and why the run failed."""
    told = [sentence_in_markdown(one, _LONGEST) for one in situation.attention]
    told += [for_markdown(error, 400) or "unknown" for error in situation.errors]
    lines = space.fit((f"- {one}" for one in told), _ERRORS)
    yield from lines
    if left := more(len(told) - len(lines), "errors"):
        yield f"- {left}"
