"""The tracking issue as Markdown: its text, its comments, and what it remembers. Pure.

Whoever may write into a delivery log chooses names and causes: they mention nobody, and link to nothing. How far away a
moment is would soon be wrong here, so moments stand alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from redeliver.core.case import OUTCOMES, Outcome
from redeliver.core.facts import Fact, FactKind
from redeliver.output.pieces import ByteBudget, advice_for, alert, more, otherwise, row, table, to_copy
from redeliver.text import count, for_markdown, sentence_in_markdown
from redeliver.times import duration, utc
from redeliver.tracking.decision import MAX_BODY, Change
from redeliver.tracking.situation import State

if TYPE_CHECKING:
    from collections.abc import Iterator

    from redeliver.tracking.decision import Decision, Memory
    from redeliver.tracking.situation import HookSituation, Situation

#: Bytes for all that is as short in each text: sentences, headers of tables, advice.
_SENTENCES = 8_000
#: Rows of a table, errors, and pieces of advice, where there is space for them.
_ROWS = 30
_ERRORS = 5
_ADVICE = 3
#: Characters of an error, of what somebody must see to, and of the sentence of either that makes a heading.
_ERROR = 400
_LONGEST = 600
_HEADING = 200
_FOOT = (
    "Redeliver Action keeps this text up to date, and comments when the state changes or something is lost. It closes "
    "the issue once nothing waits. After a loss, close it yourself."
)
#: What happens by itself.
_THEN = {
    State.DOWN: "Nothing. Each run tests the receiver, and sends all that waits once it is up.",
    State.UNDELIVERED: "Each run continues to redeliver them.",
    State.ATTENTION: "Nothing: no event waits, and runs continue.",
    State.FAILED: "While runs fail, nothing is redelivered.",
}
_CLOSE = "This issue stays open: close it once you have dealt with it."


def issue_body(decision: Decision, situation: Situation, run: str) -> str:
    """The issue's text. ``run``: the address of the run that changes it; empty: unknown."""
    memory = decision.memory
    link = f" [The run that changed it last]({run})." if run else ""
    end = (f"<sub>{_FOOT}{link}</sub>", memory.hidden)
    space = _space_beside(*end)
    known = []
    if memory.lost and memory.state is not State.SETTLED:  # else the heading says it
        known.append(f"- {_lost(memory.lost)}. A comment names {'it' if memory.lost == 1 else 'them'}.")
    if memory.gap:
        known.append(f"- {_gap(memory.gap)}")
    shown = situation.hooks if len(situation.hooks) > 1 else ()  # of one, the row of the state has it
    hooks = (
        (
            for_markdown(hook.hook, 100),
            f"{hook.undelivered:,}",
            _causes(hook),
            "" if hook.deadline is None else utc(hook.deadline),
        )
        for hook in shown
    )
    parts = [
        *_state(decision, situation, space),
        "\n".join(known),
        *space.table(["Webhook", "Waiting:", "Cause", "Safe until"], hooks, _ROWS, len(shown), "webhooks"),
        *end,
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def issue_comment(decision: Decision, situation: Situation, run: str) -> str:
    """What a comment says of the news; empty: there are none. ``run`` as above."""
    link = f"\n\n<sub>[The run]({run}).</sub>" if run else ""
    space = _space_beside(link)
    losses = list(_losses(decision, space))
    changed = decision.changes_state and decision.change is not Change.OPENED  # else the issue's own text says it
    text = "\n\n".join(part for part in (*(_state(decision, situation, space) if changed else ()), *losses) if part)
    return f"{text}{link}\n" if text else ""


def _state(decision: Decision, situation: Situation, space: ByteBudget) -> Iterator[str]:
    """How things stand: what it is, how bad, what to do now, and until when."""
    memory, state = decision.memory, decision.memory.state
    yield f"## {_heading(decision, situation)}"
    if state is State.SETTLED:
        lasted = f" It lasted from {utc(memory.since)} to {utc(decision.now)}." if memory.since is not None else ""
        yield f"Nothing {'else ' * memory.has_losses}waits.{lasted}"
        named = f"A comment names {'it' if memory.lost == 1 else 'them'}. " if memory.lost else ""
        yield f"{named}{_CLOSE}" if memory.has_losses else ""
        return
    yield _waiting(memory, situation)
    told = [sentence_in_markdown(one, _LONGEST) for one in situation.attention]
    told += [_escaped(error, _ERROR) for error in situation.errors]
    errors = space.fit(told, _ERRORS)
    if left := more(len(told) - len(errors), "errors"):
        errors.append(left)
    causes = dict.fromkeys(cause for hook in situation.hooks for cause in hook.causes)
    advice = " ".join(list(dict.fromkeys(map(advice_for, causes)))[:_ADVICE])
    lines = [f"**Do now:** {'Bring it back. ' * (state is State.DOWN)}{advice}"] if advice else []
    lines.append(f"**Then:** {_THEN[state]}")
    if memory.deadline is not None:
        lines.append(otherwise(utc(memory.deadline)))
    yield alert(lines, is_red=state is State.DOWN or situation.failing, listed=errors)


def _heading(decision: Decision, situation: Situation) -> str:
    """What it is, and how bad, with the traffic light: green only over nothing lost."""
    memory, state = decision.memory, decision.memory.state
    lost = f"{count(memory.lost, 'event')} {_are(memory.lost)} no longer retried" if memory.lost else ""
    if state is State.SETTLED:
        if not memory.has_losses:
            return f"🟢 It is over: {_recovered(decision) or 'nothing waits any more'}"
        what = _lost(memory.lost) if memory.lost else "GitHub has deleted deliveries that no run had checked"
        return f"🔴 {what}"
    light = "🔴" if situation.failing or memory.has_losses else "🟡"
    if state in {State.FAILED, State.ATTENTION}:
        sentence = next(iter((*situation.errors, *situation.attention)), "The run failed").partition(". ")[0]
        return f"{light} {_escaped(sentence.removesuffix('.'), _HEADING)}"
    waiting = f"{count(memory.undelivered, 'event')} {'waits' if memory.undelivered == 1 else 'wait'}"
    if memory.partial:
        waiting = "how many events wait is not known yet"
    elif state is State.DOWN and not memory.has_losses:
        waiting += ", none is lost yet"
    counts = ", ".join(part for part in (waiting, lost) if part)
    if state is State.DOWN:
        return f"🔴 {_who(situation)} down: {counts}"
    return f"{light} {counts[0].upper()}{counts[1:]}"


def _who(situation: Situation) -> str:
    down = [hook for hook in situation.hooks if hook.down]
    if len(down) == 1:
        return f"The receiver of {for_markdown(down[0].hook, 100)} is"
    return f"{len(down):,} receivers are" if down else "A receiver is"


def _are(number: int) -> str:
    return "is" if number == 1 else "are"


def _lost(number: int) -> str:
    was = "was" if number == 1 else "were"
    return f"{count(number, 'event')} {was} not delivered and {_are(number)} no longer retried"


def _recovered(decision: Decision) -> str:
    """How many events were recovered, and how long it lasted; empty: none was."""
    memory, lasted = decision.memory, ""
    if memory.since is not None:
        lasted = f" in {duration(max(0, decision.now - memory.since) / 1000)}"
    return f"{count(memory.recovered, 'event')} recovered{lasted}" if memory.recovered else ""


def _space_beside(*parts: str) -> ByteBudget:
    return ByteBudget(MAX_BODY - _SENTENCES - sum(len(part.encode()) for part in parts))


def _escaped(text: str, limit: int) -> str:
    return for_markdown(text, limit) or "unknown"


def _waiting(memory: Memory, situation: Situation) -> str:
    """Since when, how many, and until when, in a row; a run that failed leaves what was known before."""
    cells = {}
    if memory.since is not None:
        earlier = " or earlier" * (memory.partial and memory.since == situation.since)
        cells["Since"] = utc(memory.since) + earlier
    if len(situation.hooks) == 1:
        (hook,) = situation.hooks
        if not hook.down:  # else the heading names it
            cells["Webhook"] = for_markdown(hook.hook, 100)
        cells["Cause"] = _causes(hook)
    if memory.undelivered:
        waiting = "not known yet" if memory.partial else f"**{memory.undelivered:,}**"
        cells["Waiting:"] = waiting + ", according to the last run that worked" * (memory.state is State.FAILED)
    if memory.recovered:
        cells["Recovered:"] = f"{memory.recovered:,}"
    if memory.deadline is not None:
        cells["Safe until"] = f"**{utc(memory.deadline)}**"
    return table([*cells], [row(cells.values())]) if cells else ""


def _causes(hook: HookSituation) -> str:
    return ", ".join(for_markdown(cause, 30) for cause in hook.causes) if hook.read else "its log was not read"


def _losses(news: Decision, space: ByteBudget) -> Iterator[str]:
    if news.lost_count:
        yield f"🔴 **{_lost(news.lost_count)}.**"
        rows = (
            (
                *(for_markdown(text, 100) for text in (one["event"], one["guid"], one["cause"])),
                OUTCOMES[Outcome(one["outcome"])].word,
            )
            for one in news.lost
        )
        yield from space.table(["Event", "GUID", "Cause", ""], rows, _ROWS, news.lost_count, "in the run's report")
        given_up = [one["guid"] for one in news.lost if one["outcome"] == Outcome.GIVEN_UP]
        if given_up:
            yield f"**Do now:** {OUTCOMES[Outcome.GIVEN_UP].advice}"
            if (guids := to_copy(given_up, _ROWS)) and space.take(guids):
                yield f"GUIDs to copy:\n\n{guids}"
    if news.gap:
        yield f"🔴 {_gap(news.gap)}"


def _gap(gap: tuple[int, int]) -> str:
    return Fact(FactKind.GAP, {"since": gap[0], "until": gap[1]}).sentence
