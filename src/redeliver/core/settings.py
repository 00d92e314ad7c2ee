"""What a user may set: one table, which ``make docs`` writes into the action's files and the README."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Flag, StrEnum, auto
from typing import TYPE_CHECKING, Annotated, Any, cast, get_origin

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from redeliver.core.inputs import (
    REPOSITORY,
    ApiUrl,
    Boolean,
    Events,
    Guids,
    Hooks,
    MaxAge,
    NumberFrom0,
    NumberFrom1,
    OptionalMoment,
    PositiveSeconds,
    PrivateKey,
    Repositories,
    Seconds,
    Token,
    matching,
    sentence_of,
    words_of,
)
from redeliver.errors import SettingsError
from redeliver.times import DAY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

#: GitHub keeps deliveries for 3 days, GitHub Enterprise Server for 7
#: (https://docs.github.com/en/webhooks/using-webhooks/handling-failed-webhook-deliveries).
RETENTION_CLOUD = 3 * DAY
RETENTION_SERVER = 7 * DAY
#: Seconds that GitHub waits for an endpoint's answer (https://docs.github.com/en/webhooks/testing-and-troubleshooting-webhooks).
_TIMEOUT_CLOUD = 10
_TIMEOUT_SERVER = 30

_OWNER = r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,98}[A-Za-z0-9])?"
_VARIABLE = r"(?!(?i:GITHUB_))[A-Za-z_][A-Za-z0-9_]*"
_VARIABLE_RULE = "letters, digits and _, no digit first and no GITHUB_ prefix (GitHub's own rules)"
_APP = r"[0-9]{1,19}|Iv[0-9A-Za-z.]{1,60}"
_APP_RULE = "a GitHub App's client ID or App ID"
#: GitHub's own limit; a comma would make it two labels where issues are listed by label.
_LABEL = r"[^,\x00-\x1f\x7f]{1,50}"
_LABEL_RULE = "a label of at most 50 characters, without a comma"


# -- what describes an input ------------------------------------------------------------------------------------


class Use(Flag):
    """What reads inputs: a step or a command."""

    RUN = auto()
    LISTING = auto()
    """The step of ``hooks/action.yml``."""
    HOOKS = auto()
    """The command of that name, which also reads the webhooks' logs."""
    SHOW = auto()
    REPLAY = auto()
    TRACKING = auto()
    INIT = auto()
    READING = LISTING | HOOKS | SHOW
    WEBHOOKS = RUN | READING | REPLAY
    ANY = WEBHOOKS | TRACKING | INIT


class Group(StrEnum):
    """The heading under which users read an input, in the order of the headings."""

    NEEDED = "needed"
    OFTEN = "often"
    TUNING = "tuning"


class Topic(StrEnum):
    """The heading under which the help of a command has an input."""

    WEBHOOK = "Which webhook"
    CREDENTIALS = "Credentials"
    START = "Where to begin"
    EVENTS = "What to send"
    LIMITS = "Limits"
    OUTPUT = "Output"


@dataclass(frozen=True, slots=True)
class Input:
    """One input of the action, as its files, the command line and the documents describe it."""

    name: str
    description: str
    default: str = ""
    """In place of one that is a GitHub expression, the command line uses the field's own."""
    secret: bool = False
    """Whether its value must stay hidden: never on a command line, and a secret of the reusable workflow."""
    choices: tuple[str, ...] = ()
    """The only allowed values; empty: any text that can be parsed."""
    several: bool = False
    """Whether it is a list, so that its flag may be given several times."""
    group: Group = Group.TUNING
    topic: Topic = Topic.EVENTS
    used_by: Use = Use.RUN
    instead: Mapping[Use, str] = field(default_factory=dict)
    """Another description, where it is used by these."""
    defaults: Mapping[Use, str] = field(default_factory=dict)
    """Another default, where it is used by these."""


def as_input(description: str, default: str = "", **columns: Any) -> Any:  # noqa: ANN401
    """A field that is an input: its row of the table, and the text that is used when it is left empty."""
    # Any, as pydantic's own Field: the default is the input's text, which the field's validator reads.
    row: Any = Input("", description, default, **columns)
    return Field(default, json_schema_extra={"row": row})


# -- the table --------------------------------------------------------------------------------------------------


class FailOn(StrEnum):
    """What makes the step fail."""

    ERROR = "error"
    DOWN = "down"
    UNDELIVERED = "undelivered"
    NEVER = "never"


class ScanMode(StrEnum):
    """How the log is read."""

    FULL = "full"
    FAILURES = "failures"


class Settings(BaseModel):
    """The settings of a step or a command, valid and immutable. Durations are whole seconds.

    One field for each input, in the order in which users read them: a field's alias is the input's name, and its
    default is the text that an empty input stands for, or one that the step or command does not use. Use
    :func:`parse` to make one: it also checks which inputs go together.
    """

    model_config = ConfigDict(
        frozen=True,
        # A field ends with "_" if its name would be a Python keyword.
        alias_generator=lambda name: name.rstrip("_").replace("_", "-"),
        validate_default=True,
        hide_input_in_errors=True,
    )

    report: str = as_input(
        "The output `report` of Redeliver Action. Empty: the run failed before it had one.",
        used_by=Use.TRACKING,
    )
    label: Annotated[str, matching(_LABEL, _LABEL_RULE)] = as_input(
        "Label that identifies the issue. Each workflow needs its own; it is created if necessary. Required.",
        used_by=Use.TRACKING,
    )
    org: Annotated[str, matching(_OWNER, "an organization's name")] = as_input(
        "Organization that owns the webhook. Required unless `repository` is set or it is an App's own webhook.",
        topic=Topic.WEBHOOK,
        group=Group.NEEDED,
        used_by=Use.WEBHOOKS | Use.INIT,
        instead={Use.INIT: "Organization that owns the webhook. Required unless `repository` is set."},
    )
    repository: Repositories = as_input(
        "Repository that owns the webhook: owner/name, several, or a pattern (`owner/*`). For an App's own webhook, "
        "leave this and `org` empty.",
        topic=Topic.WEBHOOK,
        group=Group.NEEDED,
        used_by=Use.ANY,
        instead={
            Use.TRACKING: "Repository that has the issue, as owner/name.",
            Use.INIT: "Repository that owns the webhook, as owner/name, in place of `org`.",
        },
        defaults={Use.TRACKING: "${{ github.repository }}"},
    )
    hook_id: Hooks = as_input(
        "The webhook's id: the number at the end of the address of its settings page. Or several ids, `all`, or a "
        "pattern of the URL (with `*` or `://`). Required unless it is an App's own webhook.",
        topic=Topic.WEBHOOK,
        group=Group.NEEDED,
        used_by=Use.WEBHOOKS | Use.INIT,
        instead={
            Use.INIT: "The webhook's id, or a pattern of the URLs (with `*` or `://`) to choose from.",
            Use.LISTING | Use.HOOKS: "Which webhooks to list: `all` (the active ones), a pattern of their URLs (with "
            "`*` or `://`), or ids.",
            Use.REPLAY: "The webhook's id: the number at the end of the address of its settings page. One at a time. "
            "Required unless it is an App's own webhook.",
        },
        defaults={Use.LISTING | Use.HOOKS | Use.INIT: "all"},
    )
    token: Token = as_input(
        "Token that can read and redeliver the webhook's deliveries and write the variable. Required unless "
        "`client-id` and `private-key` are set.",
        topic=Topic.CREDENTIALS,
        group=Group.NEEDED,
        used_by=Use.ANY,
        instead={
            Use.READING: "Token that can read the webhooks. Required unless `client-id` and `private-key` are set.",
            Use.REPLAY: "Token that can read and redeliver the webhook's deliveries. Required unless `client-id` and "
            "`private-key` are set.",
            Use.TRACKING: "Token that can write issues in `repository`: `permissions: issues: write` for the "
            "workflow's own.",
            Use.INIT: "Token to store, which can read and redeliver the webhook's deliveries and write the variable. "
            "On a terminal, the command asks for it.",
        },
        defaults={Use.TRACKING: "${{ github.token }}"},
    )
    client_id: Annotated[str, matching(_APP, _APP_RULE)] = as_input(
        "Client ID of a GitHub App, with `private-key` instead of `token`. Each run then makes its own tokens.",
        topic=Topic.CREDENTIALS,
        group=Group.NEEDED,
        used_by=Use.WEBHOOKS,
    )
    app_id: Annotated[str, matching(_APP, _APP_RULE)] = as_input(
        "App ID of the GitHub App, instead of `client-id`, which GitHub recommends.",
        topic=Topic.CREDENTIALS,
        used_by=Use.WEBHOOKS,
    )
    private_key: PrivateKey = as_input(
        "The App's private key: the whole PEM file that GitHub generated.",
        topic=Topic.CREDENTIALS,
        group=Group.NEEDED,
        used_by=Use.WEBHOOKS,
    )
    from_: OptionalMoment = as_input(
        "Beginning of the window: a time such as `2026-11-24T13:00:00Z`, or how long ago, such as `2h`. What counts "
        "is when GitHub first sent an event. Required unless `guid` is set.",
        used_by=Use.REPLAY,
    )
    to: OptionalMoment = as_input(
        "End of the window, exclusive: a time or how long ago, like `from`. Empty: now.",
        used_by=Use.REPLAY,
    )
    guid: Guids = as_input(
        "GUIDs of single events (the header X-GitHub-Delivery), separated by commas or newlines. Use it instead of "
        "`from` and `to`.",
        used_by=Use.REPLAY,
    )
    except_guids_file: str = as_input(
        "File with the GUIDs that the receiver has, one a line. Only events that are not in it are chosen, and none "
        "that was sent after it was written. On a command line, `-` reads a pipe, and `to` is then required.",
        used_by=Use.REPLAY,
    )
    variable_name: Annotated[str, matching(_VARIABLE, _VARIABLE_RULE)] = as_input(
        "Repository variable that stores the checkpoint. With `all` or a pattern, `<name>_ALL` holds all checkpoints; "
        "with several ids, each has its own variable, `<name>_<hook-id>`. Recommended: without it, every run looks "
        "back over `lookback` only.",
        topic=Topic.START,
        group=Group.NEEDED,
        used_by=Use.RUN | Use.INIT,
        instead={Use.INIT: "Repository variable that stores the checkpoint, one for each webhook."},
        defaults={Use.INIT: "LAST_REDELIVERY"},
    )
    variable_repository: Annotated[str, matching(REPOSITORY, "a repository's full name, owner/name")] = as_input(
        "Repository that holds the variable, as owner/name.",
        topic=Topic.START,
        used_by=Use.RUN | Use.INIT,
        instead={
            Use.INIT: "Repository for the workflow and its variable, as owner/name. Empty: the remote origin of the "
            "current folder."
        },
        defaults={Use.RUN: "${{ github.repository }}"},
    )
    variable_token: Token = as_input(
        "Separate token for the variable. Empty: the token for the webhook.",
        topic=Topic.CREDENTIALS,
    )
    lookback: PositiveSeconds = as_input(
        "How far to look back when there is no checkpoint.",
        "24h",
        topic=Topic.START,
        group=Group.OFTEN,
        used_by=Use.RUN | Use.HOOKS,
        instead={Use.HOOKS: "How far to look back."},
    )
    overlap: Seconds = as_input(
        "How far before the checkpoint to start reading, to catch deliveries that appear late.",
        "10m",
        topic=Topic.START,
    )
    events: Events = as_input(
        "Redeliver only these events, for example `push, pull_request.opened`. Empty: all events.",
        group=Group.OFTEN,
        used_by=Use.RUN | Use.REPLAY,
        instead={Use.REPLAY: "Choose only these events, for example `push, pull_request.opened`. Empty: all events."},
    )
    limit: NumberFrom1 = as_input(
        "Send nothing if more events than this are chosen.",
        "500",
        topic=Topic.LIMITS,
        used_by=Use.REPLAY,
    )
    send: Boolean = as_input(
        "Send the events. Without it, the replay only shows its plan.",
        "false",
        used_by=Use.REPLAY,
    )
    max_age: MaxAge = as_input(
        "Do not redeliver an event whose first attempt is older than this: for example `3h`, or by event type "
        "`workflow_job=3h, push=1d`. Empty: redeliver events of any age.",
    )
    max_attempts: NumberFrom0 = as_input(
        "Give up on an event after this many attempts, the original included. Outages and overloads of the receiver "
        "do not count. 0: no limit.",
        "10",
        group=Group.OFTEN,
    )
    retry_spacing: Seconds = as_input(
        "Pause before an event's second redelivery. It doubles with each further redelivery, up to 4 h. 0: no pause.",
        "10m",
    )
    redeliveries_per_minute: NumberFrom1 = as_input(
        "Maximum number of redeliveries per minute. GitHub's own limits always apply.",
        "150",
        topic=Topic.LIMITS,
        used_by=Use.RUN | Use.REPLAY,
    )
    wait_for_results: Seconds = as_input(
        "How long to wait for the last results of the redeliveries. 0: do not wait, and send everything even if the "
        "receiver is down or overloaded.",
        "60s",
        topic=Topic.LIMITS,
        used_by=Use.RUN | Use.REPLAY,
    )
    time_limit: PositiveSeconds = as_input(
        "Stop cleanly after this long. The next run continues.",
        "5h",
        topic=Topic.LIMITS,
        group=Group.OFTEN,
        used_by=Use.RUN | Use.HOOKS | Use.SHOW | Use.REPLAY,
        instead={
            Use.HOOKS | Use.SHOW: "End with an error if reading takes longer than this.",
            Use.REPLAY: "Stop cleanly after this long. The report lists what was not sent.",
        },
    )
    scan: ScanMode = as_input(
        "How to read the delivery log: `full`, or `failures`, which takes far fewer API calls but may miss connection "
        "errors and redirects. Use `failures` only for a very large log.",
        "full",
        topic=Topic.LIMITS,
    )
    fail_on: FailOn = as_input(
        "When to fail: `error`, `down` (also while a receiver is down), `undelivered` (also while events are "
        "undelivered or a log is unread), or `never`.",
        "error",
        topic=Topic.OUTPUT,
        group=Group.OFTEN,
    )
    max_silence: Seconds = as_input(
        "Fail when GitHub's newest delivery is older than this, for example `6h`: the webhook may have been "
        "recreated, or its source may have stopped. 0: never.",
        "0",
        topic=Topic.OUTPUT,
    )
    explain: Boolean = as_input(
        "Show what the receiver answered, for up to three causes of failure per run. Everyone who can see the run can "
        "read it.",
        "false",
        topic=Topic.OUTPUT,
    )
    dry_run: Boolean = as_input(
        "Only report failed deliveries: send nothing, and leave the checkpoint unchanged.",
        "false",
        group=Group.OFTEN,
    )
    api_url: ApiUrl = as_input(
        "Root URL of GitHub's REST API.",
        "https://api.github.com",
        topic=Topic.WEBHOOK,
        used_by=Use.ANY,
        defaults={Use.ANY: "${{ github.api_url }}"},
    )

    @property
    def app(self) -> str:
        """The App's client ID or App ID; empty: there is no App.

        GitHub accepts either in a JSON Web Token's ``iss``, which is the only place where it is used. Source:
        https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app
        """
        return self.app_id or self.client_id

    @property
    def target(self) -> str:
        """Whose webhooks are meant, as the inputs say it: ``octo``, ``octo/hello``, ``octo/*``; empty: an App's own."""
        return self.org or ", ".join(self.repository)

    @property
    def is_fleet(self) -> bool:
        """Whether webhooks of several repositories may be meant."""
        return len(self.repository) > 1 or "*" in self.target

    @property
    def web_url(self) -> str:
        """Where users see this GitHub: ``https://github.com``, or the server's own address."""
        scheme, _, rest = self.api_url.partition("://")
        return f"{scheme}://{rest.removeprefix('api.').removesuffix('/api/v3')}"

    @property
    def retention(self) -> int:
        """Milliseconds for which this server keeps deliveries."""
        return RETENTION_SERVER if self.is_enterprise_server else RETENTION_CLOUD

    @property
    def delivery_timeout(self) -> int:
        """Seconds that this server waits for an endpoint's answer."""
        return _TIMEOUT_SERVER if self.is_enterprise_server else _TIMEOUT_CLOUD

    @property
    def is_enterprise_server(self) -> bool:
        """Whether it is a server of one's own."""
        # Only Enterprise Server has its API below a path (https://docs.github.com/en/enterprise-server/rest).
        return self.api_url.endswith("/api/v3")


def inputs(use: Use) -> tuple[Input, ...]:
    """The inputs that one step or command reads, in the order in which users read them."""
    rows = []
    for described in Settings.model_fields.values():
        row, kind = cast("dict[str, Input]", described.json_schema_extra)["row"], described.annotation
        if use in row.used_by:
            rows.append(
                replace(
                    row,
                    name=described.alias or "",
                    description=next((text for uses, text in row.instead.items() if use in uses), row.description),
                    default=next((text for uses, text in row.defaults.items() if use in uses), row.default),
                    secret=kind is SecretStr,
                    choices=tuple(kind) if isinstance(kind, type) and issubclass(kind, StrEnum) else (),
                    several=get_origin(kind) is tuple,
                )
            )
    return tuple(rows)


# -- reading ----------------------------------------------------------------------------------------------------


def parse(values: Mapping[str, str], problems: Iterable[str] | None = None) -> Settings:
    """Read the settings of a run from inputs by name. Whatever only reads has some of the same.

    An empty text stands for the input's default. ``problems``: what the command line found wrong, where it looks for a
    token; None: a step's inputs must hold one.

    Raises:
        SettingsError: with every problem named, each beginning with its input's name; no value of a secret is quoted.
    """
    return read(values, Use.RUN, lambda given: conflicts(given, problems))


def read(values: Mapping[str, str], use: Use, problems: Callable[[Mapping[str, str]], Iterable[str]]) -> Settings:
    """Read settings from those values that are not empty. Raises SettingsError, as :func:`parse`.

    ``problems`` finds what is wrong with them together.
    """
    given = {row.name: text for row in inputs(use) if (text := values.get(row.name, "").strip())}
    found = [*problems(given)]
    settings = None
    try:
        settings = Settings.model_validate(given)
    except ValidationError as error:
        fields = {described.alias: described for described in Settings.model_fields.values()}
        for fault in error.errors():
            name = str(fault["loc"][0])
            found.append(f"{name}: {sentence_of(fault, fields[name], given.get(name, ''))}")
    if found or settings is None:
        raise SettingsError(tuple(found))
    return settings


def repository_problems(text: str) -> Iterator[str]:
    """What is wrong with the input ``repository`` where it can be one alone."""
    if text and ("*" in text or len(words_of(text)) != 1):
        yield "repository: must be one repository's full name, owner/name"


def conflicts(given: Mapping[str, str], problems: Iterable[str] | None) -> list[str]:
    """Inputs that are missing, or that exclude others, for all that is about webhooks. ``problems``: as above."""
    hook, token, key, variable = (name in given for name in ("hook-id", "token", "private-key", "variable-name"))
    app = bool(given.keys() & {"client-id", "app-id"})
    repositories = words_of(given.get("repository", ""))
    of_app = not ("org" in given or repositories)
    lacks_variable_token = variable and app and "variable-token" not in given
    owners = {name.partition("/")[0].lower() for name in (*repositories, given.get("org", "")) if name}
    with_variable = owners | {name.partition("/")[0].lower() for name in [given.get("variable-repository")] if name}
    found = {
        "repository: give either org or repository, not both": {"org", "repository"} <= given.keys(),
        "org: is required (or repository, or client-id and private-key for the App's own webhook)": of_app and not app,
        "hook-id: is required: the number at the end of the address of the webhook's settings page (on a command line "
        "--hook-id; redeliver hooks lists the ids)": not hook and not (of_app and (app or key)),
        "hook-id: an App has one webhook, so leave it empty, or give its org or repository": of_app and app and hook,
        "client-id: give either client-id or app-id, not both": {"client-id", "app-id"} <= given.keys(),
        "private-key: client-id (or app-id) and private-key go together": app != key,
        "token: is required (or client-id and private-key)": problems is None and not token and not app,
        "token: give either token, or client-id and private-key": token and app,
        "variable-repository: is required with variable-name, as owner/name. In a clone of it, init needs no flag": (
            variable and "variable-repository" not in given
        ),
        "variable-token: is required, because an App's own webhook is read with a key that cannot write "
        "variables": lacks_variable_token and of_app,
        "variable-token: is required, because variable-repository does not belong to the webhook's owner, and an App's "
        "token reaches the repositories of one owner": lacks_variable_token and not of_app and len(with_variable) > 1,
        "repository: an App's token reaches the repositories of one owner, so give those of one": app
        and len(owners) > 1,
    }
    return [*(problems or ()), *(sentence for sentence, applies in found.items() if applies)]
