"""What a user may set: one table, which ``make docs`` writes into the action's files and the README."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from redeliver.core.input_table import Group, Input, as_input, table
from redeliver.core.inputs import (
    ApiUrl,
    Boolean,
    Events,
    Hooks,
    MaxAge,
    NumberFrom0,
    NumberFrom1,
    PositiveSeconds,
    PrivateKey,
    Seconds,
    Token,
    matching,
    sentence_of,
)
from redeliver.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

DAY = 86_400
#: GitHub keeps deliveries for 3 days, GitHub Enterprise Server for 7
#: (https://docs.github.com/en/webhooks/using-webhooks/handling-failed-webhook-deliveries).
RETENTION_CLOUD = 3 * DAY
RETENTION_SERVER = 7 * DAY
#: Seconds that GitHub waits for an endpoint's answer (https://docs.github.com/en/webhooks/testing-and-troubleshooting-webhooks).
_TIMEOUT_CLOUD = 10
_TIMEOUT_SERVER = 30

_OWNER = r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,98}[A-Za-z0-9])?"
_REPOSITORY = r"[A-Za-z0-9_-]{1,100}/(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}"
_REPOSITORY_RULE = "a repository's full name, owner/name"
_VARIABLE = r"(?!(?i:GITHUB_))[A-Za-z_][A-Za-z0-9_]*"
_VARIABLE_RULE = "letters, digits and _, no digit first and no GITHUB_ prefix (GitHub's own rules)"
_APP = r"[0-9]{1,19}|Iv[0-9A-Za-z.]{1,60}"
_APP_RULE = "a GitHub App's client ID or App ID"


class FailOn(StrEnum):
    """What makes the step fail."""

    ERROR = "error"
    UNDELIVERED = "undelivered"
    NEVER = "never"


class ScanMode(StrEnum):
    """How the log is read."""

    FULL = "full"
    FAILURES = "failures"


class Settings(BaseModel):
    """One run's settings, valid and immutable. Durations are whole seconds.

    A field's alias is the input's name, its description is the one that users read, and its default is the text that
    an empty input stands for. Use :func:`parse` to make one: it also checks which inputs go together.
    """

    model_config = ConfigDict(
        frozen=True,
        # A field ends with "_" if its name would be a Python keyword.
        alias_generator=lambda name: name.rstrip("_").replace("_", "-"),
        validate_default=True,
        hide_input_in_errors=True,
    )

    org: Annotated[str, matching(_OWNER, "an organization's name")] = as_input(
        "Organization that owns the webhook.",
        group=Group.NEEDED,
        required="unless `repository` is set or it is an App's own webhook",
    )
    repository: Annotated[str, matching(_REPOSITORY, _REPOSITORY_RULE)] = as_input(
        "Repository that owns the webhook, as owner/name. For an App's own webhook, leave this and `org` empty.",
        group=Group.NEEDED,
    )
    hook_id: Hooks = as_input(
        "The webhook's id: the number at the end of the address of its settings page. Or several ids (separated by "
        "commas or newlines), `all`, or a pattern of the URL (with `*` or `://`).",
        group=Group.NEEDED,
        required="unless it is an App's own webhook",
    )
    token: Token = as_input(
        "Token that can read and redeliver the webhook's deliveries and write the variable.",
        group=Group.NEEDED,
        required="unless `client-id` and `private-key` are set",
    )
    client_id: Annotated[str, matching(_APP, _APP_RULE)] = as_input(
        "Client ID of a GitHub App, with `private-key` instead of `token`. Each run then makes its own tokens.",
        group=Group.NEEDED,
    )
    app_id: Annotated[str, matching(_APP, _APP_RULE)] = as_input(
        "App ID of the GitHub App, instead of `client-id`, which GitHub recommends.",
    )
    private_key: PrivateKey = as_input(
        "The App's private key: the whole PEM file that GitHub generated.",
        group=Group.NEEDED,
    )
    variable_name: Annotated[str, matching(_VARIABLE, _VARIABLE_RULE)] = as_input(
        "Repository variable that stores the checkpoint, one for each webhook: with several, `_<hook-id>` is appended. "
        "Recommended: without it, every run looks back over `lookback` only.",
        group=Group.NEEDED,
    )
    variable_repository: Annotated[str, matching(_REPOSITORY, _REPOSITORY_RULE)] = as_input(
        "Repository that holds the variable, as owner/name.",
        action_default="${{ github.repository }}",
    )
    variable_token: Token = as_input(
        "Separate token for the variable. Empty: the token for the webhook.",
    )
    lookback: PositiveSeconds = as_input(
        "How far to look back when there is no checkpoint.",
        "24h",
        group=Group.OFTEN,
    )
    overlap: Seconds = as_input(
        "How far before the checkpoint to start reading, to catch deliveries that appear late.",
        "10m",
    )
    events: Events = as_input(
        "Redeliver only these events, for example `push, pull_request.opened`. Empty: all events.",
        group=Group.OFTEN,
    )
    max_age: MaxAge = as_input(
        "Do not redeliver an event whose first attempt is older than this: for example `3h`, or by type of event "
        "`workflow_job=3h, push=1d`. Empty: redeliver events of any age.",
    )
    max_attempts: NumberFrom0 = as_input(
        "Give up on an event after this many attempts, including the original one, but never because of an attempt "
        "while the receiver was down. 0: no limit.",
        "10",
        group=Group.OFTEN,
    )
    retry_spacing: Seconds = as_input(
        "Pause before an event's second redelivery. It doubles with each further one, up to 4 h. 0: no pause.",
        "10m",
    )
    redeliveries_per_minute: NumberFrom1 = as_input(
        "Maximum number of redeliveries per minute. GitHub's own limits always apply.",
        "150",
    )
    wait_for_results: Seconds = as_input(
        "How long to wait for the results of the redeliveries. 0: do not wait, and send everything even if the "
        "receiver is down.",
        "60s",
    )
    time_limit: PositiveSeconds = as_input(
        "Stop cleanly after this long. The next run continues.",
        "30m",
        group=Group.OFTEN,
    )
    scan: ScanMode = as_input(
        "How to read the delivery log: `full`, or `failures`, which takes far fewer API calls but may miss connection "
        "errors and redirects. Use that only for a very large log.",
        "full",
    )
    fail_on: FailOn = as_input(
        "When to fail: `error`, `undelivered` (also while an event is undelivered or a log could not be read), or "
        "`never`.",
        "error",
        group=Group.OFTEN,
    )
    explain: Boolean = as_input(
        "Show what the receiver answered, for up to three causes of failure per run. Everyone who can see the run can "
        "read it.",
        "false",
    )
    dry_run: Boolean = as_input(
        "Only report failed deliveries: send nothing, and leave the checkpoint unchanged.",
        "false",
        group=Group.OFTEN,
    )
    api_url: ApiUrl = as_input(
        "Root URL of GitHub's REST API.",
        "https://api.github.com",
        action_default="${{ github.api_url }}",
    )

    @field_validator("app_id")
    @classmethod
    def _or_client_id(cls, app_id: str, others: ValidationInfo) -> str:
        """Fall back to the client ID: from here on one name is enough, since GitHub accepts either one.

        In a JSON Web Token's ``iss``, which is the only place where it is used. Source:
        https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app
        """
        return app_id or str(others.data.get("client_id", ""))

    @property
    def web_url(self) -> str:
        """Where users see this GitHub: ``https://github.com``, or the server's own address."""
        scheme, _, rest = self.api_url.partition("://")
        return f"{scheme}://{rest.removeprefix('api.').removesuffix('/api/v3')}"

    @property
    def retention(self) -> int:
        """Seconds for which this server keeps deliveries."""
        return RETENTION_SERVER if self._is_enterprise_server else RETENTION_CLOUD

    @property
    def retention_ms(self) -> int:
        """The same in milliseconds, as moments are counted."""
        return self.retention * 1_000

    @property
    def delivery_timeout(self) -> int:
        """Seconds that this server waits for an endpoint's answer."""
        return _TIMEOUT_SERVER if self._is_enterprise_server else _TIMEOUT_CLOUD

    @property
    def _is_enterprise_server(self) -> bool:
        # Only Enterprise Server has its API below a path (https://docs.github.com/en/enterprise-server/rest).
        return self.api_url.endswith("/api/v3")


AnySettings = TypeVar("AnySettings", bound=Settings)


#: Inputs that the launcher reads and the core never sees.
LAUNCHER_INPUTS = (
    Input("image", "Container image to run instead of the released one."),
    Input(
        "runtime",
        "Where the action runs: `docker`, `python`, or `auto` (Docker if an engine answers, else the runner's Python).",
        "auto",
    ),
)
#: Every input, in the order in which users read them.
INPUTS = table(Settings) + LAUNCHER_INPUTS

#: How the inputs of ``hooks/action.yml`` differ from those of the same name above.
_OF_LISTING: dict[str, dict[str, Any]] = {
    "org": {},
    "repository": {},
    "hook-id": {
        "description": "Which webhooks to list: `all` that are active, a pattern of their URLs (with `*` or `://`), "
        "or ids.",
        "default": "all",
    },
    "token": {
        "description": "Token that can read the webhooks. Required unless `client-id` and `private-key` are set.",
    },
    "client-id": {},
    "app-id": {},
    "private-key": {},
    "api-url": {},
    "image": {},
    "runtime": {},
}
#: The inputs of ``hooks/action.yml``, which lists webhooks.
LISTING_INPUTS = tuple(replace(row, **_OF_LISTING[row.name]) for row in INPUTS if row.name in _OF_LISTING)


def parse(values: Mapping[str, str], *, asks_for_token: bool = True) -> Settings:
    """Read settings from inputs by name; an empty text stands for the input's default.

    ``asks_for_token``: False if the caller checks for one, with a message of its own.

    Raises:
        SettingsError: with every problem named, each beginning with its input's name; no value of a secret is quoted.
    """
    given = without_empty(values, INPUTS)
    return read(Settings, given, list(what_does_not_go_together(given, asks_for_token=asks_for_token)))


def without_empty(values: Mapping[str, str], rows: Iterable[Input]) -> dict[str, str]:
    """The values that belong to an input and are not empty, by name."""
    return {row.name: values[row.name].strip() for row in rows if values.get(row.name, "").strip()}


def read(kind: type[AnySettings], given: Mapping[str, str], problems: list[str]) -> AnySettings:
    """Read settings of this kind. ``problems``: those already found in what is ``given``.

    Raises:
        SettingsError: as :func:`parse`.
    """
    try:
        settings = kind.model_validate(given)
    except ValidationError as error:
        fields = {field.alias: field for field in kind.model_fields.values()}
        for fault in error.errors():
            name = str(fault["loc"][0])
            problems.append(f"{name}: {sentence_of(fault, fields[name], given.get(name, ''))}")
        raise SettingsError(tuple(problems)) from None
    if problems:
        raise SettingsError(tuple(problems))
    return settings


def what_does_not_go_together(given: Mapping[str, str], *, asks_for_token: bool) -> Iterator[str]:
    """Inputs that are missing, or that exclude others, for every kind of settings."""
    app = bool(given.keys() & {"client-id", "app-id"})
    of_app = not (given.keys() & {"org", "repository"})
    if {"org", "repository"} <= given.keys():
        yield "repository: give either org or repository, not both"
    if of_app and not app:
        yield "org: is required (or repository, or client-id and private-key for the App's own webhook)"
    if "hook-id" not in given and not (of_app and (app or "private-key" in given)):
        yield (
            "hook-id: is required: the number at the end of the address of the webhook's settings page (on a command "
            "line --hook-id; redeliver hooks lists the ids)"
        )
    if of_app and app and "hook-id" in given:
        yield "hook-id: an App has one webhook, so leave it empty, or give its org or repository"
    yield from _what_is_no_credential(given, app=app, asks_for_token=asks_for_token)
    if "variable-name" in given and "variable-repository" not in given:
        yield "variable-repository: is required with variable-name"
    if "variable-name" in given and of_app and app and "variable-token" not in given:
        yield "variable-token: is required, because an App's own webhook is read with a key that cannot write variables"
    if "variable-name" in given and not of_app and app and "variable-token" not in given and _are_of_two(given):
        yield (
            "variable-token: is required, because variable-repository does not belong to the webhook's owner, and an "
            "App's token reaches the repositories of one owner"
        )


def _are_of_two(given: Mapping[str, str]) -> bool:
    """Whether the webhook and the variable have different owners."""
    whose = (given.get("org") or given["repository"], given.get("variable-repository"))
    return len({one.partition("/")[0].lower() for one in whose if one}) > 1


def _what_is_no_credential(given: Mapping[str, str], *, app: bool, asks_for_token: bool) -> Iterator[str]:
    if {"client-id", "app-id"} <= given.keys():
        yield "client-id: give either client-id or app-id, not both"
    if app != ("private-key" in given):
        yield "private-key: client-id (or app-id) and private-key go together"
    if asks_for_token and "token" not in given and not app:
        yield "token: is required (or client-id and private-key)"
    if "token" in given and app:
        yield "token: give either token, or client-id and private-key"
