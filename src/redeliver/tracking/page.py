"""The tracking issue as Markdown: its text, its comments, and what it remembers. Pure.

Whoever may write into a delivery log chooses names and causes: they mention nobody, and link to nothing. How far away a
moment is would soon be wrong here, so moments stand alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from redeliver.core.case import OUTCOMES, Outcome
from redeliver.core.facts import Fact, FactKind
from redeliver.errors import filled
from redeliver.output.headline import FIRST_LOSS, NONE_LOST
from redeliver.output.pieces import ByteBudget, advice_for, alert, more, otherwise, row, table, to_copy
from redeliver.text import OwnText, count, for_markdown, sentence_in_markdown
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
_COLUMNS = ("Webhook", "Waiting:", "Cause", "Safe until", "Sending takes")
#: Characters of an error, of what somebody must see to, and of the sentence of either that makes a heading.
_ERROR = 400
_LONGEST = 600
_HEADING = 200
_FOOT = "Redeliver Action keeps this text up to date, and comments when the state changes or something is lost."
_CLOSES = " It closes the issue once nothing waits."
#: What happens by itself.
_THEN = {
    State.DOWN: "nothing. Each run tests the receiver, and sends all that waits once it is up.",
    State.UNDELIVERED: "Each run continues to redeliver them.",
    State.ATTENTION: "nothing. No failed event waits, and runs continue.",
    State.FAILED: f"While runs fail, nothing is redelivered. {FIRST_LOSS}",
}
_LOST = "{number:count event}{named} {number:was|were} not delivered and {number:is|are} no longer retried"
_REPLAY = "**Do now:** Fix the receiver, then replay {number:it|them} before "
_GONE = "No run can redeliver {number:it|them} any more. A comment names {number:it|them}."
_CLOSE = "This issue stays open: close it once you have dealt with it."


def issue_body(decision: Decision, situation: Situation, run: str) -> str:
    """The issue's text. ``run``: the address of the run that changes it; empty: unknown."""
    memory = decision.memory
    link = f" [Latest run]({run})." if run else ""
    closes = "" if memory.has_losses or memory.state is State.SETTLED else _CLOSES
    end = (f"<sub>{_FOOT}{closes}{link}</sub>", memory.hidden)
    space = _space_beside(*end)
    known = _known_losses(memory) if memory.state is not State.SETTLED else []  # else they are the heading
    shown = situation.hooks if len(situation.hooks) > 1 else ()  # of one, the row of the state has it
    hooks = (
        (
            for_markdown(hook.hook, 100),
            f"{hook.undelivered:,}",
            _causes(hook),
            "" if hook.deadline is None else utc(hook.deadline),
            hook.takes,
        )
        for hook in shown
    )
    parts = [
        *_state(decision, situation, space),
        "\n".join(f"- {one}" for one in known),
        *space.table(_COLUMNS, hooks, _ROWS, len(shown), "webhooks"),
        *end,
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def issue_comment(decision: Decision, situation: Situation, run: str) -> str:
    """What a comment says of the news; empty: there are none. ``run`` as above."""
    link = f"\n\n<sub>[See the run]({run})</sub>" if run else ""
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
        if memory.has_losses:
            yield alert([*_known_losses(memory), f"**Then:** Nothing else waits.{lasted} {_CLOSE}"], is_red=True)
        else:
            yield f"Nothing waits.{lasted}"
        return
    yield _waiting(memory, situation)
    do, late = situation.do_now, any(hook.is_late for hook in situation.hooks)
    attention, problems = (
        [said for one in all_ if (said := one.removesuffix(do).strip()).rstrip(".") != (situation.heading or None)]
        for all_ in (situation.attention, situation.errors)
    )
    told = [sentence_in_markdown(one, _LONGEST) for one in attention]
    told += [_escaped(problem, _ERROR) for problem in problems]
    errors = space.fit(told, _ERRORS)
    if left := more(len(told) - len(errors), "errors"):
        errors.append(left)
    lines = [f"**Do now:** {sentence_in_markdown(do, _LONGEST)}"] if do else []
    lines.append(f"**Then:** {_THEN[state]}")
    if memory.deadline is not None:
        lines.append(otherwise(utc(memory.deadline)))
    yield alert(lines, is_red=state is State.DOWN or situation.failing or late, listed=errors)


def _known_losses(memory: Memory) -> list[str]:
    """What is lost, what is left to do about it, and until when."""
    known = []
    if memory.lost:
        told = "" if memory.state is State.SETTLED else f"{_of(memory.lost, _LOST, memory.lost_hook)}. "  # else above
        until = "" if memory.replay_before is None else f"**{utc(memory.replay_before)}**. A comment names "
        known.append(told + _of(memory.lost, f"{_REPLAY}{until}{{number:it|them}}." if until else _GONE))
    if memory.gap:
        fact = Fact(FactKind.GAP, {"since": memory.gap[0], "until": memory.gap[1]})
        known.append(f"{fact.sentence} **Do now:** {fact.advice}")
    return known


def _heading(decision: Decision, situation: Situation) -> str:
    """What it is, and how bad, with the traffic light: green only over nothing lost."""
    memory, state = decision.memory, decision.memory.state
    if state is State.SETTLED:
        if memory.lost:
            return f"🔴 {_of(memory.lost, _LOST, memory.lost_hook)}"
        if memory.gap:
            return f"🔴 GitHub has deleted deliveries{_for(memory.lost_hook)} that no run had checked"
        lasted = "" if memory.since is None else f" in {duration(max(0, decision.now - memory.since) / 1000)}"
        recovered = f"{count(memory.recovered, 'event')} recovered{lasted}"
        return f"🟢 It is over: {recovered if memory.recovered else 'nothing waits any more'}"
    light = "🔴" if situation.failing or memory.has_losses else "🟡"
    if state in {State.FAILED, State.ATTENTION}:
        known = situation.heading or next(iter((*situation.errors, *situation.attention)), "The run failed")
        return f"{light} {_escaped(known.removesuffix('.'), _HEADING)}"
    hooks = situation.hooks
    named = hooks[0].hook if len(hooks) == 1 and state is not State.DOWN else ""
    waiting = _of(memory.undelivered, "{number:count event}{named} {number:waits|wait}", named)
    if memory.partial:
        waiting = f"at least {waiting}"
    if state is State.DOWN and not memory.has_losses:
        waiting += f", {NONE_LOST[memory.partial]}"
    lost = _of(memory.lost, ", {number:count event} {number:is|are} no longer retried") if memory.lost else ""
    counts = waiting + lost
    if state is State.DOWN:
        return f"🔴 {_who(situation)} down: {counts}"
    return f"{light} {counts[0].upper()}{counts[1:]}"


def _who(situation: Situation) -> str:
    down = [hook for hook in situation.hooks if hook.down]
    if len(down) == 1:
        return f"{'' if down[0].is_host else 'The receiver of '}{for_markdown(down[0].hook, 100)} is"
    return f"{len(down):,} receivers are" if down else "A receiver is"


def _for(hook: str) -> str:
    return f" for {for_markdown(hook, 100)}" if hook else ""


def _of(number: int, template: str, hook: str = "") -> str:
    """A sentence about so many events, and perhaps about that webhook."""
    return filled(template, {"number": number, "named": OwnText(_for(hook))})


def _space_beside(*parts: str) -> ByteBudget:
    return ByteBudget(MAX_BODY - _SENTENCES - sum(len(part.encode()) for part in parts))


def _escaped(text: str, limit: int) -> str:
    return for_markdown(text, limit) or "unknown"


def _waiting(memory: Memory, situation: Situation) -> str:
    """Since when, how many, and until when, in a row; a run that failed leaves what was known before."""
    cells, takes = {}, ""
    if memory.since is not None:
        earlier = " or earlier" * (memory.partial and memory.since == situation.since)
        cells["Since"] = utc(memory.since) + earlier
    if len(situation.hooks) == 1:
        (hook,) = situation.hooks
        if not hook.down:  # else the heading names it
            cells["Webhook"] = for_markdown(hook.hook, 100)
        cells["Cause"] = _causes(hook)
        takes = hook.takes
    if memory.undelivered:
        waiting = f"{'at least ' * memory.partial}**{memory.undelivered:,}**"
        cells["Waiting:"] = waiting + ", according to the last run that worked" * (memory.state is State.FAILED)
    if memory.recovered:
        cells["Recovered:"] = f"{memory.recovered:,}"
    if memory.deadline is not None:
        cells["Safe until"] = f"**{utc(memory.deadline)}**"
    if takes:
        cells["Once it is up, sending takes" if memory.state is State.DOWN else "Sending takes"] = takes
    return table([*cells], [row(cells.values())]) if cells else ""


def _causes(hook: HookSituation) -> str:
    return ", ".join(for_markdown(cause, 30) for cause in hook.causes) if hook.read else "its log was not read"


def _losses(news: Decision, space: ByteBudget) -> Iterator[str]:
    if news.lost_count:
        yield f"🔴 **{_of(news.lost_count, _LOST, news.memory.lost_hook)}.**"
        rows = (
            (
                *(for_markdown(text, 100) for text in (one["event"], one["guid"], one["cause"])),
                OUTCOMES[Outcome(one["outcome"])].word,
            )
            for one in news.lost
        )
        yield from space.table(["Event", "GUID", "Cause", ""], rows, _ROWS, news.lost_count, "in the run's report")
        given_up = [one["guid"] for one in news.lost if one["outcome"] == Outcome.GIVEN_UP]
        if given_up and (ends := news.memory.replay_before) is not None:
            causes = dict.fromkeys(one["cause"] for one in news.lost if one["outcome"] == Outcome.GIVEN_UP)
            advice = " ".join(list(dict.fromkeys(map(advice_for, causes)))[:_ADVICE])
            yield f"**Do now:** {advice} {Fact(FactKind.GIVEN_UP, {'guids': (*given_up,), 'until': ends}).advice}"
            if (guids := to_copy(given_up, _ROWS)) and space.take(guids):
                yield f"GUIDs to copy:\n\n{guids}"
    if news.gap:
        yield f"🔴 {Fact(FactKind.GAP, {'since': news.gap[0], 'until': news.gap[1]})}"
