"""Every error that can be foreseen, with the sentence that the user reads and what to do next.

One tree: catch :class:`RedeliverError` to catch them all. An error that has only words of its own is a ``kind`` of
another. ``sentence`` and ``advice`` are templates, so that the documents can list every sentence there is. What fills
them is given as keyword arguments, which a test compares with the templates.
"""

from __future__ import annotations

import re
from string import Formatter
from typing import TYPE_CHECKING, ClassVar, Self

from redeliver import REPOSITORY
from redeliver.text import Naming, OwnText, count, plain, some_of
from redeliver.times import duration, utc

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Before a full stop that is not in the action's own words, while a text is divided into sentences.
_NOT_OURS = "\0"
#: Between two sentences of the action's own. Each begins with a capital letter.
_NEXT_SENTENCE = re.compile(rf"(?<!{_NOT_OURS})\. (?=[A-Z])")


class RedeliverError(Exception):
    """A foreseen error. ``str()`` gives the sentence and the advice, and never a secret."""

    sentence: ClassVar[str]
    advice: ClassVar[str]
    exit_code: ClassVar[int] = 1

    def __init__(self, **facts: object) -> None:
        vars(self).update(facts)
        self.facts = facts
        super().__init__(str(self))

    @classmethod
    def kind(cls, sentence: str, advice: str, exit_code: int = 1) -> type[Self]:
        """A class of such errors with words of its own."""
        return type(cls.__name__, (cls,), {"sentence": sentence, "advice": advice, "exit_code": exit_code})

    def __str__(self) -> str:
        # Not as it was made: a request's id may have been added since.
        return f"{self.problem} {self.next_step}".strip()

    @property
    def problem(self) -> str:
        """What went wrong: the sentence alone."""
        return filled(self.sentence, self.facts)

    @property
    def next_step(self) -> str:
        """What the user can do about it: the advice alone."""
        return filled(self.advice, self.facts)

    @property
    def cause(self) -> tuple[object, ...]:
        """The same for errors of several webhooks that become one: they differ only in what names the webhook."""
        facts: dict[str, object] = {}
        for name, fact in self.facts.items():
            match fact:
                case Naming():
                    facts[name] = fact.template
                case RedeliverError():
                    facts[name] = fact.cause
                case _ if name != "request_id":
                    facts[name] = fact
        return type(self), *facts.items()


class _Sentences(Formatter):
    """Shows a fact as a template wants it: ``{since:moment}``, ``{guids:count event}``, ``{ids:it|them}``."""

    def format_field(self, value: object, format_spec: str) -> str:
        """Show it, with a mark before each full stop of strangers' text, which loses its URLs here, where it enters."""
        match value, format_spec:
            case RedeliverError(), _:
                parts = {"problem": self.vformat(value.sentence, (), value.facts), "next_step": value.next_step}
                return parts.get(format_spec, " ".join(filter(None, parts.values())))
            case OwnText(), _:
                return str(value)
            case int(), "moment":
                shown = utc(value)
            case int() | float(), "duration":
                shown = duration(value)
            case tuple(), "":
                shown = plain(some_of(value), 400)
            case int() | tuple(), words if words:
                number = value if isinstance(value, int) else len(value)
                one, _, several = words.removeprefix("count ").partition("|")
                word = several if several and number != 1 else one
                shown = count(number, one, several) if words.startswith("count ") else word
            case str(), "after":
                shown = f": {plain(value, 400)}" if value else ""
            case _:
                shown = plain(format(value, format_spec), 400)
        return shown.replace(".", f"{_NOT_OURS}.")


def filled(template: str, facts: Mapping[str, object]) -> str:
    """A sentence with its facts. Raises KeyError if one is missing."""
    return _Sentences().vformat(template, (), facts).replace(_NOT_OURS, "")


def sentences_of(template: str, facts: Mapping[str, object]) -> tuple[str, str]:
    """The first sentence with its facts, without its full stop, and those after it. Strangers' text ends no sentence.

    Raises:
        KeyError: a fact is missing.
    """
    first, *rest = _NEXT_SENTENCE.split(_Sentences().vformat(template, (), facts), maxsplit=1)
    return first.replace(_NOT_OURS, "").removesuffix("."), "".join(rest).replace(_NOT_OURS, "")


class SettingsError(RedeliverError):
    """One or more inputs cannot be used; no request was made."""

    sentence = "The inputs have {count:count problem}."
    advice = "Nothing was sent. Correct them and run again."
    exit_code = 2

    def __init__(self, problems: tuple[str, ...]) -> None:
        self.problems = problems
        super().__init__(count=len(problems))


BadPrivateKey = RedeliverError.kind(
    "The App's private key cannot be used.",
    "Store the whole file that GitHub generated for the App, from BEGIN to END, in private-key.",
)

FileUnreadable = RedeliverError.kind(
    "The file {path} cannot be read: {why}.",
    "Check the path and the file's permissions.",
    2,
)

SecretReadable = RedeliverError.kind(
    "Every user of this machine can read {path}, which holds a secret.",
    "It is used anyway. Let only its owner read it: chmod 600.",
    0,
)
"""A file that holds a secret, and that every user of the machine can read.

It is used, since Docker and Kubernetes mount secrets like that unless they are told otherwise.
"""

CredentialMisplaced = RedeliverError.kind(
    "There is a credential {where}, where others may read it. It is not shown.",
    "Nothing was sent. Pass a token in REDELIVER_TOKEN, or in a file that --token-file names. Revoke this one if "
    "others may have seen it.",
    2,
)

NoAnswer = RedeliverError.kind(
    "The terminal gave no answer to a question.",
    "Nothing was changed. Run it again, or give the answer with {flag}.",
    2,
)
"""It was closed, or only Enter was pressed where something is needed."""

CertificatesMissing = RedeliverError.kind(
    "There are no certificates at {path}.",
    "Correct REQUESTS_CA_BUNDLE or SSL_CERT_FILE. If the run has its own container, mount the file into it.",
)


class NoSuchHook(RedeliverError):
    """A pattern, or ``all``, that matches no webhook."""

    sentence = "No active webhook of {owner} matches hook-id."
    advice = (
        "Compare the pattern with the webhook's URL. The webhook must be active, and the token must be able to see it."
    )


NoHooks = NoSuchHook.kind(
    "{owner} has no {what} that the token can see.",
    "Check org or repository, the token's permissions, and whether the webhook is switched off. OAuth apps, including "
    "gh's own login, see only the organization webhooks that they made.",
)

NoRepositories = RedeliverError.kind(
    "The token can see no repository that {names} matches.",
    "Check repository, and which repositories the token, or the App's installation, has access to. A pattern leaves "
    "out archived ones.",
)

EventNotFound = RedeliverError.kind(
    "The delivery log has no attempt of {guid}.",
    "Check the GUID (the header X-GitHub-Delivery) and hook-id. GitHub keeps deliveries for {days} days.",
)

ResponsesNotRead = RedeliverError.kind(
    "The receiver's answers to {failed} of {attempts} could not be looked up.",
    "The list gives the reason for each. Run the command again.",
)


# -- the checkpoint -------------------------------------------------------------------------------------

CheckpointUnreadable = RedeliverError.kind(
    "The checkpoint in {place} is not a time in epoch milliseconds: {value}.",
    "It was not overwritten. Correct it, or delete it to start again from lookback.",
)

CheckpointInSeconds = RedeliverError.kind(
    "The checkpoint in {place} is in seconds instead of milliseconds: {value}.",
    "It was not overwritten. Append three zeros, or delete it to start again from lookback.",
)

CheckpointInFuture = RedeliverError.kind(
    "The checkpoint in {place} is in the future: {value}, while GitHub's clock says {now}.",
    "It was not overwritten. Set it to a time in the past, or delete it to start again from lookback.",
)


class CheckpointNotSaved(RedeliverError):
    """The new checkpoint could not be written, so the old one stands: the next run looks again."""

    sentence = "The checkpoint could not be saved in {place}: {why}"
    advice = "See to what kept it from being saved. Nothing is lost: the next run starts from the last one that was."

    why: RedeliverError | str


FirstCheckpointNotSaved = CheckpointNotSaved.kind(
    "The checkpoint could not be saved in {place}: {why}",
    "See to what kept it from being saved. None is stored yet, so the next run reads back over lookback alone, and "
    "misses what failed before that.",
)
"""The same where no checkpoint was found: the next run finds none either."""

TooManyHooks = RedeliverError.kind(
    "hook-id selects {hooks} webhooks, but {where} holds the checkpoints of {most} at most.",
    "Nothing was sent. Divide them between workflows by patterns or lists, each with its own variable-name, or with "
    "variable-repository.",
    2,
)

StateLockLost = CheckpointNotSaved.kind(
    "The lock of the state file {place} was lost: {why}.",
    "Another run may be in progress, so this one stopped sending and saved no checkpoint. Find out what removes files "
    "from that folder.",
)
"""The lock's file is not this process's own any more: another process may hold the new one."""

StateUnusable = RedeliverError.kind(
    "The state file {path} cannot be used: {why}.",
    "Nothing was sent. Give the path of a file in a folder that this user may write to.",
    2,
)
"""The state file or its lock cannot be written. This is checked before anything is asked of GitHub."""

StateUnreadable = RedeliverError.kind(
    "The state file {path} cannot be read: {why}.",
    "It was not overwritten. Repair it, or delete it to start again from lookback.",
    2,
)

StateUnsafe = RedeliverError.kind(
    "{path} cannot be used for checkpoints: {why}.",
    "It was not changed. Use a path in a folder that the user who runs this owns, and that no other user can write to.",
    2,
)
"""Other users of the machine could change or replace the state file, or hold its lock."""

StateLocked = RedeliverError.kind(
    "Another run or a replay is in progress (it holds {path}).",
    "This run did nothing. The next one does what is left.",
    0,
)

StateLockedTooLong = RedeliverError.kind(
    "Another process has held {path} for longer than a run may take.",
    "Nothing was done. Find that process (on Linux: lslocks, fuser), end it if it hangs, and run again.",
)


# -- GitHub's API ---------------------------------------------------------------------------------------


class ApiError(RedeliverError):
    """GitHub's API did not do what was asked."""

    request_id: str = ""
    """GitHub's id of the request, which its support asks for; empty: there is none."""
    why: str
    """Of a request that was made and not answered as expected."""

    @property
    def next_step(self) -> str:
        """The advice, and the request's id."""
        return f"{super().next_step} {self.for_support}".strip()

    @property
    def for_support(self) -> str:
        """The request's id in a sentence; empty: there is none."""
        return f"For GitHub's support, the request id: {self.request_id}." if self.request_id else ""


BadToken = ApiError.kind(
    "GitHub does not accept the token: asked to {what}, it answered 401.",
    "Make a new token, and store the whole of it in the secret. This one has expired, was revoked, or is cut off.",
)
"""401: GitHub does not know this token (any more)."""

TokenEnded = ApiError.kind(
    "GitHub no longer accepts the App's token: asked to {what}, it answered 401.",
    "Check that the App is still installed, and not suspended. If only its token was revoked, the next run makes a "
    "new one.",
)
"""401 for a token that the action made: it was valid, and GitHub revoked it before its hour was over."""

BadKey = ApiError.kind(
    "GitHub does not accept the App's key: asked to {what}, it answered 401.",
    "Check that private-key is a current key of the App in client-id (or app-id), and that this machine's clock is "
    "right.",
)

MissingPermission = ApiError.kind(
    'The token is not allowed to {what} (403). GitHub says "{message}".',
    "Give it {needed}.",
)
"""403 that is not a rate limit: the token is valid, but may not do this."""

WorkflowToken = ApiError.kind(
    'The token is not allowed to {what} (403). GitHub says "{message}".',
    "The workflow's own GITHUB_TOKEN can neither read webhooks nor write variables. Use a personal access token or an "
    "App with {needed}.",
)
"""403 for an installation token from the settings: most often the workflow's own."""

AccessBlocked = ApiError.kind(
    'GitHub refused to {what} ({status}): {why}. It says "{message}".',
    "{remedy}",
)
"""A refusal that no permission of the token's changes: a policy of the organization's, or a suspension."""

NotFound = ApiError.kind(
    "{missing} that this token can see (404).",
    "Check the name and the id. If they are right, give the token {needed}.",
)
"""404: not there, or hidden from this token; GitHub does not say which."""

HiddenFromApp = ApiError.kind(
    "{missing} that this OAuth app's token can see (404).",
    "OAuth apps, including gh's own login, see only the organization webhooks that they made. Use a personal access "
    "token or a GitHub App, with {needed}.",
)
"""404 for the token of an OAuth app. Source: https://docs.github.com/en/rest/orgs/webhooks#get-an-organization-webhook"""

HookNotFound = ApiError.kind(
    "{missing} that this token can see (404).",
    "Check hook-id: the token can see {seen}.",
)
"""The same for a webhook, with a token that can see others of its owner's."""

ApiNotFound = ApiError.kind(
    "api-url is not the address of GitHub's API: asked to {what}, it answered 404.",
    "On Enterprise Server, api-url ends with /api/v3. If it is right, check any proxy in between.",
)
"""404, and not in the form of GitHub's API: something else answered."""

ProxyLogin = ApiError.kind(
    "The proxy asks for a user name and a password, or does not accept those that it was given (407).",
    "Put both into HTTPS_PROXY: http://USER:PASSWORD@{proxy}, with special characters encoded as in a URL (%40 for "
    "@). Keep it in a secret.",
)

NotInstalled = ApiError.kind(
    "The App {app} is not installed on {owner}, or cannot be seen there.",
    "Check org or repository, and client-id (or app-id); the App must be installed there, with access to its webhooks.",
)

AppLacks = ApiError.kind(
    "The App's installation on {owner} lacks {lacking}.",
    "Add a permission on the App's own settings page; an owner then has to accept it where the App is installed. "
    "Add a repository there, under Repository access.",
)

Moved = ApiError.kind(
    "GitHub redirected the request to {what} ({status}).",
    "The organization or repository was probably renamed: use its current name. If it was not, check api-url: on "
    "Enterprise Server, it ends with /api/v3.",
)
"""3xx: renamed or transferred. Following would lose the query, or change a POST, so it is not followed."""


class ApiRefused(ApiError):
    """Another 4xx."""

    sentence = 'GitHub refused to {what} ({status}). It says "{message}".'
    advice = "If the inputs look right, please open an issue with this message."

    status: int
    message: str


class ApiFailing(ApiError):
    """5xx, a reset or a time-out, again and again."""

    sentence = "GitHub's API failed when asked to {what}: {why} ({tries:count try|tries})."
    advice = "If it lasts, look for an incident: www.githubstatus.com. Nothing is lost: the next run tries again."


class ApiTimedOut(ApiFailing):
    """The same with 502 or 504: GitHub's own servers ran out of time, perhaps because so much was asked for."""


ApiUnexpected = ApiError.kind(
    "GitHub's API gave an unexpected response when asked to {what}: {why}.",
    "Check api-url and any proxy in between.",
)
"""A response that does not match GitHub's description: HTML, cut off, not JSON, wrong fields."""

ReplyLost = ApiError.kind(
    "GitHub was asked to {what}, and may or may not have done it: its reply was lost ({why}).",
    "The request was not repeated, so that nothing is done twice. The next run checks, and does what is missing.",
)
"""A request that must not be made twice, and whose reply did not come or could not be read."""

NoEnvironments = ApiError.kind(
    "The plan of {repository} has no environments that only its default branch can use.",
    "The token was not stored. A private repository needs a paid plan for that. Use another repository, or follow the "
    "README's steps without an environment.",
)
"""GitHub refused the rule, or did not keep it."""

IssuesDisabled = ApiError.kind(
    "Issues are switched off in {repository}.",
    "Switch them on in its settings (Features), or name another repository.",
)

ForeignLink = ApiError.kind(
    "GitHub's API linked to a next page on another host: {host}.",
    "The link was not followed, and no token was sent there. Check api-url and any proxy in between.",
)
"""A ``next`` link to another place than the API: following it would hand over the token."""

NextPageMissing = ApiError.kind(
    "GitHub's API gave a full page without a link to the next one when asked to {what}.",
    "The rest could not be read. Nothing is lost: the checkpoint stays before it. Check whether a proxy in between "
    "removes the header Link.",
)
"""A full page that names no next one, and neither does one that is a row shorter: there must be more."""

BrokenPaging = ApiError.kind(
    "The delivery log's pages form a loop: GitHub gave the same next page twice.",
    "Nothing was sent. If it happens again, please report it to GitHub, with the webhook's id.",
)


# -- what a run writes ----------------------------------------------------------------------------------

WorkflowNotWritten = RedeliverError.kind(
    "The workflow file {path} cannot be written: {why}.",
    "Nothing was set up on GitHub. Give the path of a file in a folder that this user may write to.",
    2,
)

NotWritten = RedeliverError.kind(
    "The runner's file {path} cannot be written: {why}.",
    "The results go into it. If the job runs in a container, check that the runner's folders are mounted into it.",
)
"""For outputs or for the summary. This is checked before anything is sent."""

NotPrinted = RedeliverError.kind(
    "Not everything could be printed to {stream}: {why}.",
    "Everything else was done. Check where that stream goes: the disk may be full, or the program that reads "
    "it may have ended.",
)

MetricsPackageMissing = RedeliverError.kind(
    "Metrics need the package prometheus-client, which is not installed.",
    "Nothing was sent. Install it: pip install 'redeliver-action[metrics]'",
    2,
)

MetricsNotWritten = RedeliverError.kind(
    "The metrics file {path} cannot be written: {why}.",
    "The run did its work. The file, if there is one, has the metrics of an earlier run.",
)

MetricsFileUnusable = RedeliverError.kind(
    "The metrics file {path} cannot be written: {why}.",
    "Nothing was sent. Give the path of a file in a folder that this user may write to.",
    2,
)


# -- replay ---------------------------------------------------------------------------------------------

GuidsNotFound = RedeliverError.kind(
    "These GUIDs are not in the delivery log: {guids}.",
    "Nothing was sent. Check the GUIDs and hook-id. GitHub keeps deliveries for 3 days, Enterprise Server for 7.",
)

NoneListed = RedeliverError.kind(
    "No event of the window is in except-guids-file.",
    "Nothing was sent: the list is probably from another webhook or another time. To replay everything, leave it out.",
    2,
)

TooManyEvents = RedeliverError.kind(
    "{events} chosen, but limit allows {limit}.",
    "Nothing was sent. Choose a shorter window or fewer events, or raise limit.",
    2,
)

WindowForgotten = RedeliverError.kind(
    "The window begins before {oldest}. GitHub has deleted all older deliveries.",
    "Nothing was sent. Choose a later from.",
    2,
)

ReplayLocked = RedeliverError.kind(
    "A run or another replay is in progress (it holds {path}).",
    "Nothing was sent. Run it again when the other one has ended.",
)

ReplayEndedEarly = RedeliverError.kind(
    "The replay ended early: {why}",
    "{sent}. Run it again without send: the plan shows which events were redelivered within the last hour.",
)


# -- the action itself ----------------------------------------------------------------------------------


class Unexpected(RedeliverError):
    """An error that nobody foresaw. Its type alone is shown, since its text could hold a secret."""

    sentence = "The action hit an internal error: {kind}."
    advice = f"Please report it, with this line, at github.com/{REPOSITORY}/issues."


# -- endings that are nobody's fault ---------------------------------------------------------------------


class OutOfTime(RedeliverError):
    """The run's ``time-limit`` is used up, or the next wait would exceed it."""

    sentence = "time-limit ({limit}) is used up."
    advice = "The next run continues. If this happens often, raise time-limit."


PauseTooLong = OutOfTime.kind(
    "GitHub's rate limit lasts another {pause}, longer than this run may wait: time-limit leaves {left}.",
    "The next run continues.",
)
NoTimeToRetry = OutOfTime.kind("{fault:problem} time-limit leaves no time for another try.", "The next run continues.")
TooMuchToRead = OutOfTime.kind(
    "The log is too long for time-limit ({limit}), and this server cannot list failures alone.",
    "Raise time-limit, or run more often.",
)
StoppedClosing = OutOfTime.kind("Signal {number} stopped the run.", "The next run continues.")

HourSpent = OutOfTime.kind(
    "Only {left} API calls are left in this hour, too few to read the log.",
    "A run in the next hour reads it. For more calls, use a token that nothing else uses, or an App.",
)
"""Too few of this hour's calls are left to read the window; a whole hour's would be enough."""
DidNotWait = OutOfTime.kind(
    "Reading the log would have to wait {seconds} for {what}.",
    "The next run continues. Only a run that already knows of an event to send waits for more than 10 minutes.",
)


for _name, _kind in [*globals().items()]:
    if isinstance(_kind, type) and issubclass(_kind, RedeliverError):
        _kind.__name__ = _name  # each has its entry in docs/errors.md under this name
del _name, _kind


class Stopped(BaseException):
    """SIGINT or SIGTERM. Not an Exception, so that no library takes it for a failed request."""

    def __init__(self, signal_number: int) -> None:
        self.signal_number = signal_number
        super().__init__(f"stopped by signal {signal_number}")
