"""What a user may set: one table, the source of action.yml, the command line and the README."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from redeliver.core.inputs import (
    ApiUrl,
    Boolean,
    Events,
    Hooks,
    PositiveSeconds,
    PrivateKey,
    Seconds,
    Token,
    matching,
    one_of,
    whole,
)
from redeliver.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DAY = 86_400
#: GitHub keeps deliveries for 3 days, GitHub Enterprise Server for 7
#: (https://docs.github.com/en/webhooks/using-webhooks/handling-failed-webhook-deliveries).
RETENTION_CLOUD = 3 * DAY
RETENTION_SERVER = 7 * DAY

_OWNER = r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,98}[A-Za-z0-9])?"
_REPOSITORY = r"[A-Za-z0-9_-]{1,100}/(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}"
_REPOSITORY_RULE = "a repository's full name, owner/name"
_VARIABLE = r"(?!(?i:GITHUB_))[A-Za-z_][A-Za-z0-9_]*"
_VARIABLE_RULE = "letters, digits and _, no digit first and no GITHUB_ prefix (GitHub's own rules)"
_APP = r"[0-9]{1,19}|Iv[0-9A-Za-z.]{1,60}"


class FailOn(StrEnum):
    """What makes the step fail."""

    ERROR = "error"
    UNDELIVERED = "undelivered"
    NEVER = "never"


class ScanMode(StrEnum):
    """How the log is read."""

    FULL = "full"
    FAILURES = "failures"


def _input(description: str, default: str = "", *, action_default: str = "") -> Any:  # noqa: ANN401  see below
    # Any, as pydantic's own Field: the default is the input's text, which the field's validator reads.
    return Field(default, description=description, json_schema_extra={"action_default": action_default})


class Settings(BaseModel):
    """One run's settings, valid and immutable. Durations are whole seconds.

    A field's alias is the input's name, its description the one that people read, and its default the text that an
    input left empty stands for. Make one with :func:`parse`, which also knows what goes together.
    """

    model_config = ConfigDict(
        frozen=True,
        alias_generator=lambda name: name.replace("_", "-"),
        validate_default=True,
        hide_input_in_errors=True,
    )

    org: Annotated[str, matching(_OWNER, "an organization's name")] = _input(
        "The organization whose webhook it is. Either this or `repository` is needed, but for an App's own webhook.",
    )
    repository: Annotated[str, matching(_REPOSITORY, _REPOSITORY_RULE)] = _input(
        "The repository whose webhook it is, as owner/name. Neither this nor `org`: the own webhook of `app-id`.",
    )
    hook_id: Hooks = _input(
        "The webhook's id: the number at the end of its settings page's address. Several (comma or newline), `all`, or "
        "a pattern of the webhook's URL (with `*` or `://`) are possible too. Needed, but for an App's own webhook.",
    )
    token: Token = _input(
        "A token that may read and redeliver the webhook's deliveries and write the variable. Needed, or `app-id` and "
        "`private-key`.",
    )
    app_id: Annotated[str, matching(_APP, "a GitHub App's id")] = _input(
        "Instead of `token`: a GitHub App's id. With `private-key` the action makes its own token.",
    )
    private_key: PrivateKey = _input(
        "The private key of the App in `app-id`.",
    )
    variable_name: Annotated[str, matching(_VARIABLE, _VARIABLE_RULE)] = _input(
        "The repository variable that keeps the checkpoint. Recommended: without it, every run looks back over "
        "`lookback` and no further. Every webhook needs one of its own; of several in one step, each has the name with "
        "`_` and its id.",
    )
    variable_repository: Annotated[str, matching(_REPOSITORY, _REPOSITORY_RULE)] = _input(
        "The repository that holds the variable, as owner/name.",
        action_default="${{ github.repository }}",
    )
    variable_token: Token = _input(
        "Another token for the variable. Empty: the same as for the webhook.",
    )
    lookback: PositiveSeconds = _input(
        "How far to look back when there is no checkpoint yet.",
        "24h",
    )
    overlap: Seconds = _input(
        "How far before the checkpoint to look again, for deliveries that appeared late.",
        "10m",
    )
    events: Events = _input(
        "Only these events, such as `push, pull_request.opened`. Empty: all.",
    )
    max_attempts: Annotated[int, whole(0)] = _input(
        "Attempts of one event, the original included, after which it is left alone. 0: no limit.",
        "10",
    )
    retry_spacing: Seconds = _input(
        "The pause before an event's second redelivery; it doubles with each, up to 4 h. 0: none.",
        "10m",
    )
    redeliveries_per_minute: Annotated[int, whole(1)] = _input(
        "The pace of sending, within GitHub's own limits.",
        "150",
    )
    wait_for_results: Seconds = _input(
        "How long to watch for the outcomes of the redeliveries. 0: do not watch, and so send to an endpoint that is "
        "down, too.",
        "60s",
    )
    time_limit: PositiveSeconds = _input(
        "After this the run ends in order and leaves the rest for the next one.",
        "30m",
    )
    scan: Annotated[ScanMode, one_of(ScanMode)] = _input(
        "How the log is read: `full`, or, where it is very large, `failures`. That asks for failures first, and does "
        "not see those with status 0 or 3xx while nothing else fails.",
        "full",
    )
    fail_on: Annotated[FailOn, one_of(FailOn)] = _input(
        "When the step fails: `error`, `undelivered` (also when an event is still undelivered, or a log could not be "
        "read) or `never`.",
        "error",
    )
    dry_run: Boolean = _input(
        "Find and report, but send nothing and keep the checkpoint.",
        "false",
    )
    api_url: ApiUrl = _input(
        "The root of GitHub's API.",
        "https://api.github.com",
        action_default="${{ github.api_url }}",
    )

    @property
    def web_url(self) -> str:
        """Where people see this GitHub: ``https://github.com``, or the server's own address."""
        scheme, _, rest = self.api_url.partition("://")
        return f"{scheme}://{rest.removeprefix('api.').removesuffix('/api/v3')}"

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


def _table() -> tuple[Input, ...]:
    rows = []
    for field in Settings.model_fields.values():
        extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
        rows.append(
            Input(field.alias or "", field.description or "", str(extra.get("action_default") or field.default))
        )
    return tuple(rows)


#: Inputs that the launcher reads and the core never sees.
LAUNCHER_INPUTS = (
    Input("image", "Run this container image instead of the pinned or built one.", ""),
    Input(
        "runtime",
        "Where it runs: `docker`, `python`, or `auto`: Docker where an engine answers, else the runner's Python.",
        "auto",
    ),
)
#: Every input, in the order in which people read them.
INPUTS = _table() + LAUNCHER_INPUTS


def parse(values: Mapping[str, str], *, asks_for_token: bool = True) -> Settings:
    """Read settings from inputs by name; an empty text stands for the input's default.

    ``asks_for_token``: False where the caller does, in the words of another place.

    Raises:
        SettingsError: with every problem named, each beginning with its input's name; no value of a secret is quoted.
    """
    given = {row.name: values[row.name].strip() for row in INPUTS if values.get(row.name, "").strip()}
    problems = list(_what_does_not_go_together(given, asks_for_token=asks_for_token))
    try:
        settings = Settings.model_validate(given)
    except ValidationError as error:
        problems += [f"{fault['loc'][0]}: {fault['msg']}" for fault in error.errors()]
        raise SettingsError(tuple(problems)) from None
    if problems:
        raise SettingsError(tuple(problems))
    return settings


def _what_does_not_go_together(given: Mapping[str, str], *, asks_for_token: bool) -> Iterator[str]:
    of_app = not (given.keys() & {"org", "repository"})
    if {"org", "repository"} <= given.keys():
        yield "repository: give either org or repository, not both"
    if of_app and "app-id" not in given:
        yield "org: is needed (or repository, or app-id and private-key for the App's own webhook)"
    if not of_app and "hook-id" not in given:
        yield "hook-id: is needed"
    if of_app and "app-id" in given and "hook-id" in given:
        yield "hook-id: an App has one webhook, so leave it empty, or give its org or repository"
    if ("app-id" in given) != ("private-key" in given):
        yield "private-key: app-id and private-key go together"
    if asks_for_token and "token" not in given and "app-id" not in given:
        yield "token: is needed (or app-id and private-key)"
    if "token" in given and "app-id" in given:
        yield "token: give either token, or app-id and private-key"
    if "variable-name" in given and "variable-repository" not in given:
        yield "variable-repository: is needed with variable-name"
    if "variable-name" in given and of_app and "app-id" in given and "variable-token" not in given:
        yield "variable-token: is needed, since the App's own webhook is read with a key that writes no variables"
