"""What a user may set: one table, the source of action.yml, the command line and the README."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_core import PydanticCustomError

from redeliver.errors import SettingsError
from redeliver.text import plain

if TYPE_CHECKING:
    from collections.abc import Mapping

_UNITS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
_DURATION = re.compile(r"(?:[0-9]{1,9}[dhms])+|0")
_OWNER = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,98}[A-Za-z0-9])?")
_REPOSITORY = re.compile(r"[A-Za-z0-9_-]{1,100}/[A-Za-z0-9._-]{1,100}")
_VARIABLE = re.compile(r"(?!(?i:GITHUB_))[A-Za-z_][A-Za-z0-9_]*")
_VARIABLE_RULE = "letters, digits and _, no digit first and no GITHUB_ prefix (GitHub's own rules)"
_LOOPBACK = re.compile(r"localhost|127(?:\.\d{1,3}){3}|::1")

DAY = 86_400
#: GitHub keeps deliveries for 3 days, GitHub Enterprise Server for 7
#: (https://docs.github.com/en/webhooks/using-webhooks/handling-failed-webhook-deliveries).
RETENTION_CLOUD = 3 * DAY
RETENTION_SERVER = 7 * DAY


class FailOn(StrEnum):
    """What makes the step fail."""

    ERROR = "error"
    UNDELIVERED = "undelivered"
    NEVER = "never"


def _wrong(sentence: str) -> PydanticCustomError:
    return PydanticCustomError("input", "{sentence}", {"sentence": sentence})


def _seconds(value: object) -> object:
    text = str(value).strip().lower().replace(" ", "")
    if not _DURATION.fullmatch(text):
        raise _wrong(f"must be a duration such as 24h, 10m, 1h30m or 0, not {plain(text)!r}")
    return sum(int(number) * _UNITS[unit] for number, unit in re.findall(r"([0-9]+)([dhms])", text))


def _positive_seconds(value: object) -> object:
    seconds = _seconds(value)
    if seconds == 0:
        raise _wrong("must be longer than 0")
    return seconds


def _whole(minimum: int) -> BeforeValidator:
    def check(value: object) -> object:
        text = str(value).strip()
        if not re.fullmatch(r"[0-9]{1,19}", text) or int(text) < minimum:
            raise _wrong(f"must be a whole number, {minimum} or more, not {plain(text)!r}")
        return int(text)

    return BeforeValidator(check)


def _matching(pattern: re.Pattern[str], what: str, *, or_empty: bool = False) -> BeforeValidator:
    def check(value: object) -> object:
        if not (or_empty and value == "") and not pattern.fullmatch(str(value)):
            raise _wrong(f"must be {what}, not {plain(str(value))!r}")
        return value

    return BeforeValidator(check)


def _boolean(value: object) -> object:
    text = str(value).strip().lower()
    if text not in {"true", "false"}:
        raise _wrong(f"must be true or false, not {plain(text)!r}")
    return text == "true"


def _fail_on(value: object) -> object:
    if str(value) not in set(FailOn):
        raise _wrong(f"must be one of {', '.join(FailOn)}, not {plain(str(value))!r}")
    return value


def _api_url(value: object) -> object:
    text = str(value).strip().rstrip("/")
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise _wrong("is not a URL") from None
    if parts.username or parts.password or parts.query or parts.fragment or not host:
        raise _wrong("must be a plain URL such as https://api.github.com, without a name, a password or a query")
    if parts.scheme == "https" or (parts.scheme == "http" and _LOOPBACK.fullmatch(host)):
        return text
    raise _wrong("must begin with https:// (http:// is for loopback addresses only): it is sent the token")


def _token(value: object) -> object:
    text = str(value).strip()
    if not re.fullmatch(r"[!-~]+", text):
        raise _wrong("holds blanks or characters that no token has")
    return text


Seconds = Annotated[int, BeforeValidator(_seconds)]
PositiveSeconds = Annotated[int, BeforeValidator(_positive_seconds)]
Token = Annotated[SecretStr, BeforeValidator(_token)]


def _kebab(name: str) -> str:
    return name.replace("_", "-")


def _input(description: str, default: str | None = ..., *, action_default: str = "") -> Any:  # type: ignore[assignment]  # noqa: ANN401
    # Any, as pydantic's own Field: the default is the input's text, which the field's validator reads.
    return Field(default, description=description, json_schema_extra={"action_default": action_default})


class Settings(BaseModel):
    """One run's settings, valid and immutable. Durations are whole seconds.

    A field's alias is the input's name, its description the one that people read, and its default the
    text that an input left empty stands for.
    """

    model_config = ConfigDict(frozen=True, alias_generator=_kebab, validate_default=True, hide_input_in_errors=True)

    org: Annotated[str, _matching(_OWNER, "an organization's name")] = _input(
        "The organization whose webhook it is.",
    )
    hook_id: Annotated[int, _whole(1)] = _input(
        "The webhook's id: the number at the end of its settings page's address.",
    )
    token: Token = _input(
        "A token that may read and redeliver the hook's deliveries and write the variable.",
    )
    variable_name: Annotated[str, _matching(_VARIABLE, _VARIABLE_RULE, or_empty=True)] = _input(
        "The repository variable that keeps the checkpoint. Empty: every run looks back over `lookback`.",
        "",
    )
    variable_repository: Annotated[
        str, _matching(_REPOSITORY, "a repository's full name, owner/name", or_empty=True)
    ] = _input(
        "The repository that holds the variable, as owner/name.",
        "",
        action_default="${{ github.repository }}",
    )
    variable_token: Token | None = _input(
        "Another token for the variable. Empty: `token`.",
        None,
    )
    lookback: PositiveSeconds = _input(
        "How far to look back when there is no checkpoint yet.",
        "24h",
    )
    overlap: Seconds = _input(
        "How far before the checkpoint to look again, for deliveries that appeared late.",
        "10m",
    )
    max_attempts: Annotated[int, _whole(0)] = _input(
        "Attempts of one event, the original included, after which it is left alone. 0: no limit.",
        "10",
    )
    retry_spacing: Seconds = _input(
        "The pause before an event's second redelivery; it doubles with each, up to 4 h. 0: none.",
        "10m",
    )
    redeliveries_per_minute: Annotated[int, _whole(1)] = _input(
        "The pace of sending, within GitHub's own limits.",
        "150",
    )
    wait_for_results: Seconds = _input(
        "How long to watch for the outcomes of the redeliveries. 0: do not watch.",
        "60s",
    )
    time_limit: PositiveSeconds = _input(
        "After this the run ends in order and leaves the rest for the next one.",
        "30m",
    )
    fail_on: Annotated[FailOn, BeforeValidator(_fail_on)] = _input(
        "When the step fails: `error`, `undelivered` (also when an event is still undelivered) or `never`.",
        "error",
    )
    dry_run: Annotated[bool, BeforeValidator(_boolean)] = _input(
        "Find and report, but send nothing and keep the checkpoint.",
        "false",
    )
    api_url: Annotated[str, BeforeValidator(_api_url)] = _input(
        "The root of GitHub's API.",
        "https://api.github.com",
        action_default="${{ github.api_url }}",
    )

    @field_validator("variable_repository")
    @classmethod
    def _variable_has_a_home(cls, value: str, info: ValidationInfo) -> str:
        if info.data.get("variable_name") and not value:
            raise _wrong("is needed with variable-name")
        return value

    @property
    def retention(self) -> int:
        """Seconds for which this server keeps deliveries."""
        # Only Enterprise Server has its API below a path (https://docs.github.com/en/enterprise-server/rest).
        return RETENTION_SERVER if self.api_url.endswith("/api/v3") else RETENTION_CLOUD


@dataclass(frozen=True, slots=True)
class Input:
    """One input of the action: what action.yml, the command line and the README say of it."""

    name: str
    description: str
    default: str
    required: bool


def _table() -> tuple[Input, ...]:
    rows = []
    for field_name, field in Settings.model_fields.items():
        extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
        default = extra.get("action_default") or ("" if field.is_required() else field.default or "")
        rows.append(Input(_kebab(field_name), field.description or "", str(default), field.is_required()))
    return tuple(rows)


#: Inputs that the launcher reads and the core never sees.
LAUNCHER_INPUTS = (Input("image", "Run this container image instead of the pinned or built one.", "", required=False),)
#: Every input, in the order in which people read them.
INPUTS = _table() + LAUNCHER_INPUTS


def parse(values: Mapping[str, str]) -> Settings:
    """Read settings from inputs by name; an empty text stands for the input's default.

    Raises:
        SettingsError: with every problem named, each beginning with its input's name; no value of a
            secret is quoted.
    """
    given = {row.name: values[row.name].strip() for row in INPUTS if values.get(row.name, "").strip()}
    try:
        return Settings.model_validate(given)
    except ValidationError as error:
        raise SettingsError(tuple(_problem(fault) for fault in error.errors())) from None


def _problem(fault: Mapping[str, object]) -> str:
    location = fault["loc"]
    message = "is needed" if fault["type"] == "missing" else str(fault["msg"])
    return f"{_kebab(str(location[0]))}: {message}" if isinstance(location, tuple) and location else message
