"""How the text of an input is read: durations, numbers, names, URLs. Every refusal is a sentence for the user."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, Json, SecretStr, Strict
from pydantic_core import PydanticCustomError

from redeliver.text import holds_credential, plain

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic.fields import FieldInfo
    from pydantic_core import ErrorDetails

_UNITS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
_DURATION = re.compile(r"(?:[0-9]+[dhms])+|0")
# RFC 3339, section 5.6. Users often leave out the seconds.
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d)", re.ASCII)
#: The form of a guid in GitHub's logs and headers: that of a UUID.
_GUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_LONGEST = 36_500 * _UNITS["d"]
#: One of several, between commas, blanks and newlines.
_WORD = re.compile(r"[^\s,]+")
_EVENT = r"[a-z_]+(?:\.[a-z_]+)?"
#: Letters and digits, more of them than a name or a number has: it may be a credential of any kind.
_LONG_WORD = re.compile(r"(?<![\w+/=])(?=[A-Za-z_+/=]*\d)(?=[\d_+/=]*[A-Za-z])[\w+/=]{20,}", re.ASCII)
#: A repository's full name; and one with ``*`` for any text in its name.
REPOSITORY = r"[A-Za-z0-9_-]{1,100}/(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}"
_REPOSITORIES = REPOSITORY.replace("._-", "._*-")
_LOOPBACK = re.compile(r"localhost|127(?:\.[0-9]{1,3}){3}|::1")


@dataclass(frozen=True, slots=True)
class HookChoice:
    """Which of an owner's webhooks are chosen: these ids, or those whose URL matches the pattern."""

    ids: tuple[int, ...] = ()
    pattern: str = ""
    """With ``*`` for any text; empty: the ids alone count."""
    several: bool = False
    """Whether it is a list or a pattern, however many hooks it matches. A comma after a single id makes it a list."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment as an input gives it: a fixed one, or a duration before now."""

    at: int = 0
    """Epoch milliseconds, where ``ago`` is None."""
    ago: int | None = None
    """Seconds before now."""

    def resolve(self, now: int) -> int:
        """The moment in epoch milliseconds, when it is ``now`` (epoch milliseconds)."""
        return self.at if self.ago is None else now - self.ago * 1000


def refuse(sentence: str) -> PydanticCustomError:
    """What a validator raises here. ``sentence`` follows the input's name."""
    return PydanticCustomError("input", "{sentence}", {"sentence": sentence})


def quoted(value: object) -> str:
    """A value that is refused, as a sentence quotes it. What may be a credential in the wrong place is not shown."""
    return repr(_LONG_WORD.sub("<not shown>", plain(str(value))))


def sentence_of(fault: ErrorDetails, field: FieldInfo, text: str) -> str:
    """The sentence for an error that a validator, ours or pydantic's, found in an input's text.

    It follows the input's name. The text is quoted only where the type says that it is no secret.
    """
    kind = field.annotation
    shown = quoted(text)
    match fault["type"]:
        case "input":
            return fault["msg"]
        case "less_than_equal":
            return f"must be {fault['ctx']['le']} or less, not {shown}"
        case _ if kind is bool:
            return f"must be true or false, not {shown}"
        case _ if kind is int:
            least = next(one.ge for one in field.metadata if hasattr(one, "ge"))
            return f"must be a whole number, {least} or more, not {shown}"
        case _ if isinstance(kind, type) and issubclass(kind, StrEnum):
            return f"must be one of {', '.join(kind)}, not {shown}"
        case _:
            return "cannot be used"


def _seconds(value: object, *, positive: bool = False) -> int:
    text = str(value).strip().lower().replace(" ", "")
    if not _DURATION.fullmatch(text):
        raise refuse(f"must be a duration such as 24h, 10m, 1h30m or 0, not {quoted(value)}")
    parts = re.findall(r"0*([0-9]+)([dhms])", text)
    # A part is enough of a number that is too long anyway; Python does not parse thousands of digits.
    seconds = sum(int(number[:12]) * _UNITS[unit] for number, unit in parts)
    if seconds > _LONGEST:
        raise refuse(f"must be no longer than 36500d, a hundred years, not {quoted(value)}")
    if positive and not seconds:
        raise refuse("must be longer than 0")
    return seconds


def _moment(value: object) -> object:
    text = str(value).strip().upper()
    if not text:
        return None
    if not _TIMESTAMP.fullmatch(text):
        if _DURATION.fullmatch(text.lower().replace(" ", "")):
            return Moment(ago=_seconds(text))
        raise refuse(f"must be a time such as 2026-11-24T13:00:00Z, or how long ago, such as 2h, not {quoted(value)}")
    try:
        return Moment(at=round(datetime.fromisoformat(text).timestamp() * 1000))
    except (ValueError, OverflowError):
        raise refuse(f"must be a date and time that exist, not {quoted(value)}") from None


def is_guid(text: str) -> bool:
    """Whether it is written as GitHub writes a guid."""
    return bool(re.fullmatch(_GUID, text))


def words_of(value: object) -> list[str]:
    """The words of a list, which commas, blanks or newlines separate."""
    return _WORD.findall(str(value))


def _each(pattern: str, refused: Callable[[str], PydanticCustomError], *, fold: bool = False) -> BeforeValidator:
    """Words that all match the pattern, each once. ``fold``: in lower case."""

    def check(value: object) -> object:
        words = words_of(str(value).lower() if fold else value)
        for word in words:
            if not re.fullmatch(pattern, word):
                raise refused(quoted(word))
        # Names that differ in case alone are the same to GitHub.
        return tuple({word.lower(): word for word in words}.values())

    return BeforeValidator(check)


def expression(pattern: str, flags: re.RegexFlag = re.DOTALL) -> re.Pattern[str]:
    """A pattern whose ``*`` stands for anything. Each part is searched for once, so that no URL takes long to match."""
    first, *parts = map(re.escape, pattern.split("*"))
    middle = "".join(f"(?>.*?{part})" for part in parts[:-1])
    return re.compile(first + middle + "".join(f".*{part}" for part in parts[-1:]), flags)


def matching(pattern: str, what: str) -> BeforeValidator:
    """Empty, or text that matches the pattern; ``what`` describes it."""

    def check(value: object) -> object:
        # A token is written in letters and digits, like a name.
        if value and (not re.fullmatch(pattern, str(value)) or holds_credential(str(value))):
            raise refuse(f"must be {what}, not {quoted(value)}")
        return value

    return BeforeValidator(check)


def _api_url(value: object) -> object:
    text = str(value).strip().rstrip("/")
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise refuse("is not a URL") from None
    if parts.username or parts.password or parts.query or parts.fragment or not host:
        raise refuse("must be a plain URL such as https://api.github.com, without a name, a password or a query")
    if parts.scheme == "https" or (parts.scheme == "http" and _LOOPBACK.fullmatch(host)):
        return text
    raise refuse("use an https address; the token is sent to it. Plain http works for localhost only.")


def _token(value: object) -> object:
    text = str(value).strip()
    if text and not re.fullmatch(r"[!-~]+", text):
        raise refuse("contains blanks or characters that no token has")
    return text


def _private_key(value: object) -> object:
    # Some secret stores keep a key on one line, the end of its last line included.
    text = str(value).replace("\\n", "\n").strip()
    whole = r"-----BEGIN (?:RSA )?PRIVATE KEY-----[^-]+-----END (?:RSA )?PRIVATE KEY-----"
    if text and not re.fullmatch(whole, text):
        raise refuse("is not a private key: give the whole file that GitHub generated for the App, from BEGIN to END")
    return text


def _hooks(value: object) -> object:
    text = str(value).strip()
    if text == "all":
        return HookChoice(pattern="*", several=True)
    if "*" in text or "://" in text:
        return HookChoice(pattern=text, several=True)
    ids = words_of(text)
    if (text and not ids) or not all(re.fullmatch(r"[0-9]{1,19}", part) and int(part) for part in ids):
        raise refuse(
            f"must be a webhook's id, several, all, or a pattern of its URL (with * or ://), not {quoted(text)}"
        )
    return HookChoice(tuple(dict.fromkeys(map(int, ids))), several=bool(re.search(r"[\s,]", text)))


def _max_age(value: object) -> object:
    ages: dict[str, object] = {}
    for part in filter(None, map(str.strip, re.split(r"[,\n]", str(value)))):
        name, equals, age = (one.strip() for one in part.rpartition("="))
        if not re.fullmatch(_EVENT if equals else "", name) or not _DURATION.fullmatch(age.lower().replace(" ", "")):
            raise refuse(
                f"must be a duration such as 3h, or one for each event such as workflow_job=3h, push=1d, not "
                f"{quoted(part)}"
            )
        if name in ages:
            raise refuse(f"gives two ages for {name or 'all events'}")
        ages[name] = _seconds(age)
    return ages


Seconds = Annotated[int, BeforeValidator(_seconds)]
PositiveSeconds = Annotated[int, BeforeValidator(partial(_seconds, positive=True))]
# Read as JSON, since pydantic would also accept "yes" as true and "1.0" or "1_0" for a number.
Boolean = Annotated[Json[Annotated[bool, Strict()]], BeforeValidator(str.lower)]
#: The largest number: more than anybody needs, and arithmetic with it does not overflow.
_LARGEST = 1_000_000_000
NumberFrom0 = Json[Annotated[int, Strict(), Field(ge=0, le=_LARGEST)]]
NumberFrom1 = Json[Annotated[int, Strict(), Field(ge=1, le=_LARGEST)]]
ApiUrl = Annotated[str, BeforeValidator(_api_url)]
Token = Annotated[SecretStr, BeforeValidator(_token)]
PrivateKey = Annotated[SecretStr, BeforeValidator(_private_key)]
Hooks = Annotated[HookChoice, BeforeValidator(_hooks)]
OptionalMoment = Annotated[Moment | None, BeforeValidator(_moment)]
Guids = Annotated[
    tuple[str, ...],
    _each(_GUID, lambda one: refuse(f"must be GUIDs as in the header X-GitHub-Delivery, not {one}"), fold=True),
]
Repositories = Annotated[
    tuple[str, ...],
    _each(
        _REPOSITORIES,
        lambda one: refuse(
            f"must be a repository's full name, owner/name, several, or a pattern such as owner/*, not {one}"
        ),
    ),
]
Events = Annotated[
    frozenset[str],
    _each(_EVENT, lambda one: refuse(f"must be events such as push or pull_request.opened, not {one}")),
]
#: Seconds by event; under ``""`` for all that are not named.
MaxAge = Annotated[dict[str, int], BeforeValidator(_max_age)]
