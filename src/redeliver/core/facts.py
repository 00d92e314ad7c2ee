"""What a report tells: facts, typed until they are shown. They are never raised. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum, IntEnum
from typing import TYPE_CHECKING, NamedTuple

from redeliver import REPOSITORY
from redeliver.errors import RedeliverError, filled, sentences_of
from redeliver.text import count

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Level(IntEnum):
    """How bad a fact is."""

    WARNING = 1
    """Users should know it."""
    ERROR = 2
    """It makes the run fail."""
    LOSS = 3
    """Something is lost for good, and no later run can redeliver it. It makes the run fail, too."""


class Words(NamedTuple):
    """A fact in words: templates for its fields."""

    level: Level
    sentence: str
    advice: str = ""
    """What the user can do."""
    then: str = ""
    """What later runs do by themselves. A sentence says it where there is no advice."""
    short: str = ""
    """Its state, in a table of webhooks."""
    headline: str = ""
    """The same as the heading of a page, with no full stop; empty: it is not worth a heading."""
    needs_somebody: bool = False
    """Whether it stays so until somebody sees to it, however well runs go: the tracking issue stays open for it."""


#: Fields that name a webhook: in the middle of a sentence, its receiver, and at the start of one.
NAMES = ("named", "receiver", "webhook")
_EACH_MAY_BE = (
    "Look for {ids:it|them} on the webhook's page, and redeliver there what failed: {ids:it|each of them} may be an "
    "undelivered event."
)
_UNREADABLE = "{ids:count delivery|deliveries} in GitHub's log could not be read"
_NEWEST_READ = "Only the newest part of the log was read, back to {back_to:moment}."
_NEWEST = "only the newest part was read"
_OFF = (
    "The webhook is switched off: GitHub sends it no events. What has happened since its last new event, and "
    "until it is on again, cannot be recovered."
)
_OFF_SHORT = "switched off"
_OFF_HEADLINE = "{webhook} is switched off: GitHub sends it no events"
_ENDS_SOON = "The token for {use} expires on {until:moment} ({left} left)."
_ENDS_IN = "The token for {use} expires in {left}, on {until:moment}"
_RENEW = (
    "Make a new one and store it in the secret that held the old one, or runs will fail and redeliver nothing: {page}"
)

_UNLISTED_HEADLINE = "The webhooks of {names:count repository|repositories} could not be listed"
_UNLISTED = f"{_UNLISTED_HEADLINE}, so nothing is known of them: {{names}}. {{first:problem}}"
_UNLISTED_ADVICE = (
    'Give the token the repository permission "Webhooks: read and write" for {names:it|them}, or leave {names:it|them} '
    "out, with a list or another pattern in repository."
)


class FactKind(Enum):
    """Every fact that there is."""

    ERROR = Words(Level.ERROR, "{error:problem}", "{error:next_step}", headline="{error:problem}")
    """What was raised, in the words of the error."""
    ERROR_AS_WARNING = Words(Level.WARNING, "{error:problem}", "{error:next_step}")

    # Of a webhook.
    GAP = Words(
        Level.LOSS,
        "GitHub has deleted the deliveries between {since:moment} and {until:moment} before any run had checked them. "
        "What failed in that time can no longer be found or redelivered.",
        "See today that the schedule is enabled, and runs at least once a day, or more is lost. There is no hurry to "
        "compare your own records of that time with GitHub.",
        "The next run continues from here.",
        short="GitHub has deleted unchecked deliveries",
        headline="GitHub has deleted deliveries for {named} that no run had checked, from {since:moment} to "
        "{until:moment}",
    )
    GIVEN_UP = Words(
        Level.LOSS,
        "{guids:count event} failed {attempts:count time} and {guids:is|are} no longer retried: {guids}.",
        "Fix the receiver, then replay {guids:it|them} before {until:moment}: with the action "
        f"{REPOSITORY}/replay, or redeliver replay --guid.",
        headline="{guids:count event} for {named} failed {attempts:count time} and {guids:is|are} no longer retried",
    )
    EXPIRED = Words(
        Level.LOSS,
        "{guids:count event} expired undelivered: {guids}. It is too late to redeliver {guids:it|them}: GitHub has "
        "deleted {guids:it|them}.",
        "Read what {guids:it was|they were} about from GitHub's API instead (there is no hurry): of a push, the "
        "branch's commits; else the pull request, issue or check. So that no more expire, fix what {guids:it|they} "
        "failed with, or run more often if that came too late.",
        headline="{guids:count event} for {named} {guids:is|are} lost",
    )
    UNREADABLE_LOSS = Words(
        Level.LOSS,
        "{ids:count delivery|deliveries} in GitHub's log could never be read: {ids}. GitHub deletes {ids:it|them} "
        "within a day.",
        f"{_EACH_MAY_BE} No later run reports {{ids:it|them}}.",
        headline=_UNREADABLE,
    )
    """Rows of the log that GitHub is about to delete; each may be a failure."""
    UNREADABLE_ERROR = Words(
        Level.ERROR,
        f"{_UNREADABLE}: {{ids}}.",
        f"{_EACH_MAY_BE} GitHub keeps {{ids:it|them}} for 3 days (Enterprise Server: 7); later runs try again to read "
        "{ids:it|them}.",
        headline=f"{_UNREADABLE}: {{ids}}",
    )
    UNREADABLE_WARNING = Words(
        Level.WARNING,
        f"{_UNREADABLE}: {{ids}}. No event is missed.",
        "Nothing to do: the deliveries succeeded, or other attempts of the same events could be read.",
    )
    """Rows of events that were delivered, or about which other rows say enough."""
    CLOCKS_DIFFER = Words(
        Level.WARNING,
        "Two of GitHub's responses disagreed on the time by {seconds:duration}.",
        "The earlier one counts, so that no event is missed. If this happens often, check any proxy in between.",
    )
    DEADLINE_NEAR = Words(
        Level.ERROR,
        "{left} left to redeliver {which}: GitHub {number:deletes it|begins to delete them} at {until}.",
        "Fix the cause, and run again before then. What GitHub has deleted can no longer be redelivered.",
    )
    """Less than core/report.py's URGENT. One for all events, since one thing mostly holds them all."""
    UNREAD_DEADLINE_NEAR = Words(
        Level.ERROR,
        "{left} left to read the oldest deliveries: GitHub begins to delete them at {until}.",
        "Run again before then, with a longer time-limit. What GitHub has deleted can no longer be redelivered.",
        headline="{left} left to read the oldest deliveries",
        needs_somebody=True,
    )
    """The same, where nothing is known to be undelivered in what was read."""
    SILENT = Words(
        Level.ERROR,
        "GitHub has sent no new event{since}, which is longer than max-silence. If the webhook is gone, what has "
        "happened since, and happens until it is back, cannot be recovered. If nothing happened, nothing is lost.",
        "Check at once whether the webhook was deleted and recreated (then put its new id into hook-id), whether the "
        "App is still installed, and whether the source of the events works.",
        short="silent",
        headline="No new event for {named}{since}, longer than max-silence allows",
        needs_somebody=True,
    )
    """No failure shows that."""
    SWITCHED_OFF_ERROR = Words(
        Level.ERROR,
        _OFF,
        "If it should be on, tick Active on its page now: each hour adds to what is lost. If not, take its id out of "
        "hook-id; else runs fail until GitHub has deleted the last of its deliveries, and then only warn.",
        short=_OFF_SHORT,
        headline=_OFF_HEADLINE,
        needs_somebody=True,
    )
    """It was given by its id, and its log still has deliveries: it was on not long ago, and may be off by mistake."""
    SWITCHED_OFF_WARNING = Words(
        Level.WARNING,
        _OFF,
        "If it should be on, tick Active on its page.",
        short=_OFF_SHORT,
        headline=_OFF_HEADLINE,
        needs_somebody=True,
    )
    DOWN = Words(
        Level.WARNING,
        "The receiver is down{since}: {probes:count redelivery|redeliveries} failed the same way ({cause}).",
        then="The next run tests it again, and redelivers the other events once it is up.",
        short="down{since}{cause:after}",
        headline="{receiver} is down",
    )
    TYPES_FAIL = Words(
        Level.WARNING,
        "The receiver fails on {types} ({cause}): {events:count event} {events:waits|wait}. Other types are sent as "
        "usual.",
        "Fix how the receiver handles {types}. To see what it answers: redeliver show {guid}, or explain: true.",
        "Each run tries a few of these events, and sends the others once one is delivered.",
        short="fails on {types}",
        headline="{receiver} fails on {types}",
    )
    SLOWED = Words(
        Level.WARNING,
        "The receiver was overloaded ({cause}), so sending slowed down: {per_minute:count redelivery|redeliveries} a "
        "minute on average.",
        "To recover faster, let the receiver accept more. Later runs redeliver what it did not accept.",
    )
    NEWEST_READ = Words(
        Level.WARNING,
        _NEWEST_READ,
        "Older failures are not counted here. While the receiver is down, or calls or time are short, a run reads no "
        "more: later runs read the rest, so nothing is skipped.",
        short=_NEWEST,
    )
    NEWEST_READ_AND_GAP = Words(
        Level.WARNING,
        _NEWEST_READ,
        "Older failures are not counted here, and GitHub has already deleted some of them.",
        short=_NEWEST,
    )
    """Part of the window is older than what GitHub remembers."""
    FAILURES_FIRST = Words(
        Level.WARNING,
        "The log was too long to read in full: older failures with status 0 or 3xx may be missing.",
        "Raise time-limit, or run more often.",
    )
    STOPPED = Words(
        Level.WARNING,
        "The run was stopped by signal {number}.",
        then="The next run finishes the work.",
    )

    # Of a run over all its webhooks.
    TOKEN_ENDS_ERROR = Words(Level.ERROR, _ENDS_SOON, _RENEW, headline=_ENDS_IN, needs_somebody=True)
    TOKEN_ENDS_WARNING = Words(Level.WARNING, _ENDS_SOON, _RENEW, headline=_ENDS_IN, needs_somebody=True)
    ADDRESS_UNKNOWN = Words(
        Level.WARNING,
        "GitHub's list gives no address for {ids:count webhook} ({ids}), so the pattern in hook-id left {ids:it|them} "
        "out.",
        "Name them by id in hook-id, or look at their settings.",
    )
    """A pattern cannot choose webhooks of which GitHub's list does not say where they point."""

    UNLISTED_ERROR = Words(Level.ERROR, _UNLISTED, _UNLISTED_ADVICE, headline=_UNLISTED_HEADLINE, needs_somebody=True)
    """GitHub did not list the webhooks of repositories that the settings name."""
    UNLISTED_WARNING = Words(Level.WARNING, _UNLISTED, _UNLISTED_ADVICE, needs_somebody=True)
    """The same for repositories that a pattern matches."""

    # Of a replay.
    NOT_CHOSEN = Words(
        Level.WARNING,
        "{ids:count delivery|deliveries} in GitHub's log could not be read, so none of them was chosen: {ids}.",
        "Look for them on the webhook's page, and redeliver there what you need.",
    )
    NOT_DELIVERED = Words(
        Level.ERROR,
        "{events:count event} {events:was|were} not delivered ({why}).",
        "To try again, replay {events:the GUID that is|the GUIDs that are} listed: with the input guid, or redeliver "
        "replay --guid.",
    )
    NO_RESULT = Words(
        Level.WARNING,
        "{events:count event} {events:has|have} no result yet.",
        "GitHub may still deliver {events:it|them}. Make the plan again in a few minutes, before you send "
        "anything twice.",
    )
    FIRST_FAILED = Words(
        Level.WARNING,
        "The receiver is down: {probes:count redelivery|redeliveries} failed the same way ({cause}).",
        "The other events were not sent. Replay them once it is up.",
    )
    REPLAY_STOPPED = Words(
        Level.WARNING,
        "The replay was stopped by signal {number}.",
        "Run it again without send: the plan shows which events were redelivered within the last hour.",
    )


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that users should know. ``str()`` gives all of it."""

    kind: FactKind
    fields: Mapping[str, object]
    """What its words show. Moments are epoch milliseconds, GUIDs and ids tuples."""
    hook: str = ""
    """Of several webhooks the first that has it, for sentences; empty: there is one, or the sentence names it."""
    others: int = 0
    """Webhooks that have the same, besides that one."""

    @classmethod
    def of(cls, error: RedeliverError, level: Level = Level.ERROR) -> Fact:
        """An error as a fact."""
        return cls(FactKind.ERROR if level is Level.ERROR else FactKind.ERROR_AS_WARNING, {"error": error})

    @property
    def level(self) -> Level:
        """How bad it is."""
        return self.kind.value.level

    @property
    def is_error(self) -> bool:
        """Whether it makes the run fail."""
        return self.level >= Level.ERROR

    @property
    def short(self) -> str:
        """Its state, for a table; empty: it is not about a state."""
        return filled(self.kind.value.short, self.fields)

    @property
    def headline(self) -> str:
        """The same as a heading, with no full stop; empty: it is not worth one."""
        return filled(self.kind.value.headline, self.fields).removesuffix(".")

    @property
    def heading(self) -> str:
        """The headline or, if it has none, the sentence: of either the first one alone, with no full stop."""
        words = self.kind.value
        first, _ = sentences_of(words.headline or words.sentence, self.fields)
        return first if words.headline or not self.hook else f"{self.hook}: {first}"

    @property
    def after_first(self) -> str:
        """What it says after its first sentence."""
        return sentences_of(self.kind.value.sentence, self.fields)[1]

    @property
    def sentence(self) -> str:
        """What is so."""
        sentence = filled(self.kind.value.sentence, self.fields)
        return f"{self.hook}: {sentence}" if self.hook else sentence

    @property
    def same(self) -> str:
        """How many more webhooks have it, as a sentence; empty: none has."""
        return f"The same applies to {count(self.others, 'more webhook')}." if self.others else ""

    @property
    def advice(self) -> str:
        """What the user can do about it; if that is nothing, what the next run does."""
        return filled(self.kind.value.advice or self.kind.value.then, self.fields)

    @property
    def then(self) -> str:
        """What later runs do by themselves; empty: that depends on more."""
        return filled(self.kind.value.then, self.fields)

    @property
    def cause(self) -> object:
        """The same for facts of several webhooks that become one.

        A loss keeps its own GUIDs and times; of anything else, the first webhook's are enough.
        """
        error = self.fields.get("error")
        if isinstance(error, RedeliverError):
            return self.level, error.cause
        own = [field for field in self.fields.items() if field[0] not in NAMES]
        return self.kind, (*own,) if self.level is Level.LOSS else ()

    def __str__(self) -> str:
        return " ".join(part for part in (self.sentence, self.same, self.advice) if part)


class Facts:
    """What follows from facts, for any class that has them."""

    __slots__ = ()

    facts: tuple[Fact, ...]

    @property
    def is_failing(self) -> bool:
        """Whether one of them makes the run fail."""
        return any(fact.is_error for fact in self.facts)

    @property
    def errors(self) -> tuple[str, ...]:
        """Those that make the run fail, as sentences."""
        return tuple(str(fact) for fact in self.facts if fact.is_error)

    @property
    def attention(self) -> tuple[str, ...]:
        """Those that stay until somebody sees to them, of either level, as sentences."""
        return tuple(str(fact) for fact in self.facts if fact.kind.value.needs_somebody)

    @property
    def warnings(self) -> tuple[str, ...]:
        """The others, as sentences."""
        return tuple(str(fact) for fact in self.facts if not fact.is_error)


def grouped(hooks: Sequence[tuple[str, Sequence[Fact]]]) -> list[Fact]:
    """The facts of webhooks and their names, each cause once with the first webhook that has it."""
    found: dict[object, Fact] = {}
    for hook, facts in hooks:
        for fact in facts:
            if known := found.get(fact.cause):
                named = {"named": f"{known.others + 2:,} webhooks"}
                found[fact.cause] = replace(known, others=known.others + 1, fields={**known.fields, **named})
            else:
                names_it = len(hooks) == 1 or hook in fact.sentence
                found[fact.cause] = fact if names_it else replace(fact, hook=hook)
    return [*found.values()]
