"""``redeliver show``: every attempt of an event, and what the receiver answered; and ``--explain``, for a whole run."""

from __future__ import annotations

import json
import re
import signal
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from command.program import Commands, Said, Server, Started, server
from command.site import CredentialKind, HookKind
from githubsim.clock import DAY, HOUR, MINUTE
from githubsim.faults import Call, Fault, json_answer
from githubsim.hooks import Hook
from githubsim.outcomes import NO_CONNECTION, OK, TIMED_OUT, Answer, Kind, Outcome, invalid_response
from redeliver.errors import EventNotFound, MissingPermission, ResponsesNotRead
from wording import says, told

ACCESS = "<!DOCTYPE html>\n<html>\n<head>\n<title>Error - Cloudflare Access</title>\n</head><body>Sign in</body></html>"
FORBIDDEN = invalid_response(403, ACCESS, content_type="text/html; charset=utf-8", server="cloudflare")
UNKNOWN = "0b989ba4-242f-11e5-81e1-c7b6966d2516"
SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "show.schema.json").read_bytes())


def event(here: Server, *endings: Outcome, hook: Hook | None = None, guid: str | None = None, ago: int = HOUR) -> str:
    """An event with these attempts, ten minutes apart, the first one so long ago."""
    for number, ending in enumerate(endings):
        at = here.live.sim.clock() - ago + number * 10 * MINUTE
        row = (hook or here.hook).add(at, ending, guid=guid, redelivery=number > 0, kind=Kind("issues", "opened"))
        guid = row.guid
    assert guid
    return guid


def show(here: Server, *arguments: str, hook_id: str | None = None, **how: Any) -> Said:  # noqa: ANN401
    flags = here.flags(state=False, hook_id=hook_id)
    return here.commands.run("show", *flags, *arguments, given=here.given, **how)


def shown(here: Server, *arguments: str, **how: Any) -> Any:  # noqa: ANN401 - JSON is anything
    told = show(here, "--format", "json", *arguments, **how).json
    Draft202012Validator(SCHEMA).validate(told)
    return told


def details(here: Server) -> list[str]:
    """The deliveries that were looked up, one by one."""
    paths = [one.path for one in here.live.sim.journal.entries]
    return [path.rpartition("/")[2] for path in paths if re.search(r"/deliveries/[0-9]+$", path)]


# -- one event --------------------------------------------------------------------------------------------------


def test_every_attempt_is_shown_with_the_receivers_answer(here: Server) -> None:
    thanks = OK._replace(answer=Answer((("Content-Type", "application/json"), ("Server", "gunicorn")), '{"ok": 1}'))
    guid = event(here, FORBIDDEN, TIMED_OUT, thanks)
    event(here, FORBIDDEN)
    head, first, kind, whose, title, body, second, nothing, third, *rest = show(here, guid, code=0).out.splitlines()
    ids = [row.id for row in here.hook.log.attempts_of(guid)]
    assert head == f"issues.opened {guid} of hook {here.hook.id} of the organization octo: delivered"
    assert re.fullmatch(
        rf"  \S+ \S+ \S+ UTC first attempt: Invalid HTTP Response: 403 \(403, 0\.12 s\) delivery id {ids[0]}", first
    )
    assert [kind.strip(), whose.strip()] == ["Content-Type: text/html; charset=utf-8", "Server: cloudflare"]
    assert title.strip() == "Title: Error - Cloudflare Access"
    assert body.strip().startswith("Body: <!DOCTYPE html> <html> <head>")
    assert re.fullmatch(rf"  \S+ \S+ \S+ UTC redelivery: timed out \(504, 10\.00 s\) delivery id {ids[1]}", second)
    assert nothing.strip()
    assert f"redelivery: OK (200, 0.12 s) delivery id {ids[2]}" in third
    assert [line.strip() for line in rest] == [
        "Content-Type: application/json",
        "Server: gunicorn",
        'Body: {"ok": 1}',
    ]
    assert {one.verb for one in here.live.sim.journal.entries} == {"GET"}
    assert {path.name for path in here.folder.iterdir()} == {"token.txt"}


def test_shown_event_as_json_says_the_same(here: Server) -> None:
    guid = event(here, FORBIDDEN, NO_CONNECTION)
    (told,) = shown(here, guid, code=0)
    first, second = here.hook.log.attempts_of(guid)
    hook = {"hook": f"hook {here.hook.id} of the organization octo", "hook_id": str(here.hook.id)}
    whole = hook | {"guid": guid, "event": "issues.opened", "delivered": False}
    assert {name: value for name, value in told.items() if name != "attempts"} == whole
    response = {"content_type": "text/html; charset=utf-8", "server": "cloudflare"}
    response |= {"title": "Error - Cloudflare Access", "body": ACCESS.replace("\n", " ")}
    assert told["attempts"][0] == {
        "delivery_id": str(first.id),
        "at": first.delivered_at,
        "redelivery": False,
        "code": 403,
        "status": "Invalid HTTP Response: 403",
        "cause": "HTTP 403",
        "duration_ms": 120,
        "response": response,
        "response_unknown": "",
    }
    assert told["attempts"][1]["delivery_id"] == str(second.id)
    assert (told["attempts"][1]["cause"], told["attempts"][1]["response"]["body"]) == ("no connection", "")


def test_search_for_an_event_reads_no_further_than_it_must(here: Server) -> None:
    for number in range(450):
        here.hook.add(here.live.sim.clock() - 3 * DAY + 2 * HOUR + number * 1_000, OK)
    recent, old = event(here, FORBIDDEN, FORBIDDEN, ago=30 * MINUTE), event(here, FORBIDDEN, ago=3 * DAY - HOUR)
    shown(here, recent, code=0)
    assert len(list(here.live.sim.journal.of("GET", "/deliveries"))) == 1
    (told,) = shown(here, old, code=0)
    assert len(told["attempts"]) == 1
    assert len(list(here.live.sim.journal.of("GET", "/deliveries"))) == 1 + 5


def test_events_of_several_webhooks_are_shown(here: Server) -> None:
    off = here.live.sim.org_hook("octo", active=False)
    both = event(here, FORBIDDEN)
    event(here, NO_CONNECTION, OK, hook=off, guid=both)
    one = event(here, FORBIDDEN, FORBIDDEN)
    told = shown(here, both.upper(), one, both, code=0, hook_id="all")
    found = {(each["hook_id"], each["guid"]): len(each["attempts"]) for each in told}
    assert found == {(str(here.hook.id), both): 1, (str(here.hook.id), one): 2, (str(off.id), both): 2}
    assert len(told) == 3


@pytest.mark.parametrize(("hook", "credential"), [("repository", "app"), ("app", "app")])
def test_events_of_a_repositorys_and_an_apps_webhook_are_shown(
    tmp_path: Path, forks: Commands, hook: HookKind, credential: CredentialKind
) -> None:
    with server(tmp_path, forks, hook, credential) as here:
        (told,) = shown(here, event(here, FORBIDDEN), code=0)
        assert told["attempts"][0]["response"]["title"] == "Error - Cloudflare Access"


def test_answers_read_before_the_time_limit_are_shown(here: Server) -> None:
    guid = event(here, *[FORBIDDEN] * 12, ago=3 * HOUR)
    here.served.door.latency_ms = 250
    said = show(here, guid, "--format", "json", "--time-limit", "2s", code=1)
    (one,) = said.json
    answered = [bool(attempt["response"]) for attempt in one["attempts"]]
    assert len(answered) == 12
    assert answered[0]
    assert not answered[-1]
    assert all(attempt["response_unknown"] for attempt in one["attempts"] if not attempt["response"])
    assert says(ResponsesNotRead, said.err)


# -- what is not there ------------------------------------------------------------------------------------------


def test_missing_event_is_named_and_the_others_are_shown(here: Server) -> None:
    guid = event(here, FORBIDDEN)
    for form in ("text", "json"):
        said = show(here, "--format", form, UNKNOWN, guid, code=1)
        assert guid in said.out
        assert UNKNOWN not in said.out
        assert said.err.splitlines()[-2] == f"error: {EventNotFound(guid=UNKNOWN, days=3)}"
    assert show(here, UNKNOWN, code=1).out == ""
    assert shown(here, UNKNOWN, code=1) == []


def test_log_that_cannot_be_read_shows_nothing(here: Server) -> None:
    guid = event(here, FORBIDDEN)
    here.live.sim.faults.add(Fault(json_answer(403, "no"), path="*/deliveries", times=None))
    said = show(here, guid, code=1)
    assert says(MissingPermission, said.err.splitlines()[-2])
    assert said.out == ""


def test_failed_lookup_is_an_error_and_attempts_are_shown_anyway(here: Server) -> None:
    guid = event(here, FORBIDDEN, FORBIDDEN)
    first, _ = here.hook.log.attempts_of(guid)
    here.live.sim.faults.add(Fault(json_answer(403, "no"), path=f"*/deliveries/{first.id}", times=None))
    said = show(here, guid, code=1)
    assert guid in said.out
    assert str(first.id) in said.out
    assert told(ResponsesNotRead, said.err.splitlines()[-2]) == {"failed": "1", "attempts": "2 attempts"}
    failed, read = shown(here, guid, code=1)[0]["attempts"]
    assert says(MissingPermission, failed["response_unknown"])
    assert read["response"]["server"] == "cloudflare"


@pytest.mark.parametrize("guid", ["0b989ba4", f"{UNKNOWN}0", f"{UNKNOWN}\n::error::x", "https://user:hush@x/", ""])
def test_invalid_guid_is_refused_before_any_request(here: Server, guid: str) -> None:
    assert show(here, code=2).out == ""
    said = show(here, UNKNOWN, guid, code=2)
    assert said.err.startswith("error: GUID: ")
    assert "hush" not in said.err
    assert here.live.sim.journal.entries == []


# -- what must never be shown -----------------------------------------------------------------------------------


def test_sent_request_is_never_shown_even_where_the_endpoint_repeats_it(here: Server) -> None:
    here.hook.url = "https://user:hunter2@hooks.example/in/T024BE7LD9f8e7d?key=quiet-one"
    here.hook.payloads = payloads = {}
    repeats = (
        "Cannot POST /in/T024BE7LD9f8e7d?key=quiet-one with Basic dXNlcjpodW50ZXIy at "
        "https://user:hunter2@hooks.example/in/T024BE7LD9f8e7d?key=quiet-one"
    )
    guid = event(here, invalid_response(404, repeats, server="quiet-one"))
    payloads[guid] = b'{"action": "opened", "secret": "of-the-payload"}'
    for said in (
        show(here, guid, "--verbose", code=0),
        show(here, guid, "--format", "json", code=0),
        here.run("--explain", "--dry-run", "--verbose", code=0),
        here.run("--explain", "--format", "json", code=0),
    ):
        assert "Cannot POST ***" in said.out
        for secret in ("hunter2", "T024BE7LD9f8e7d", "quiet-one", "dXNlcjpodW50ZXIy", "of-the-payload", "sha256="):
            assert secret not in said.everything
        assert "hooks.example/" not in said.everything  # the host alone may be shown


# -- a whole run ------------------------------------------------------------------------------------------------


def test_explain_looks_up_the_newest_failed_attempt_of_each_cause(here: Server) -> None:
    event(here, FORBIDDEN)
    newest = event(here, invalid_response(403, "the newest", server="nginx"), ago=20 * MINUTE)
    other = event(here, invalid_response(500, "oops"))
    event(here, TIMED_OUT)
    (hook,) = here.run("--explain", "--format", "json", code=0).json["hooks"]
    told = [(one["cause"], one["events"], one["server"], one["body"]) for one in hook["explanations"]]
    assert told == [("HTTP 403", 2, "nginx", "the newest"), ("HTTP 500", 1, "", "oops")]
    ids = [str(here.hook.log.attempts_of(guid)[0].id) for guid in (newest, other)]
    assert [one["delivery_id"] for one in hook["explanations"]] == ids == details(here)
    (hook,) = here.run("--format", "json", code=0).json["hooks"]
    assert hook["explanations"] == []
    assert details(here) == ids  # no run that is not asked to looks anything up


def test_explain_looks_up_the_three_commonest_causes(here: Server) -> None:
    other = here.live.sim.org_hook("octo")
    for number, code in enumerate((500, 501, 501, 502, 502, 502)):
        event(here, invalid_response(code, f"no {number}"))
    for _ in range(4):
        event(here, invalid_response(500, "another endpoint"), hook=other)
    report = here.run("--explain", "--dry-run", "--format", "json", hook_id="all", code=0).json
    told = {
        hook["hook_id"]: [(one["cause"], one["events"]) for one in hook["explanations"]] for hook in report["hooks"]
    }
    assert told == {str(here.hook.id): [("HTTP 502", 3), ("HTTP 501", 2)], str(other.id): [("HTTP 500", 4)]}
    assert len(details(here)) == 3
    out = here.run("--explain", "--dry-run", hook_id="all", code=0).out
    assert f"hook {other.id} of the organization octo" in out
    assert re.search(r"\(HTTP 502, delivery id [0-9]+\):\n  Body: no", out)


@pytest.mark.parametrize(
    "fault",
    [
        json_answer(404, "Not Found"),
        json_answer(429, "slow down", retry_after="3600"),
        json_answer(200, "no delivery"),
        None,
    ],
    ids=["404", "429", "not a delivery", "a bug"],
)
def test_failed_lookup_is_left_out_and_fails_nothing(here: Server, fault: Any) -> None:  # noqa: ANN401
    guid = event(here, FORBIDDEN)
    if fault:
        here.live.sim.faults.add(Fault(fault, path="*/deliveries/*", verb="GET", times=None))
    how = {} if fault else {"breaks": "redeliver.github.hooks.Hook.response_if_free"}
    said = here.run("--explain", "--format", "json", code=0, **how)
    (hook,) = said.json["hooks"]
    assert (said.json["errors"], hook["warnings"], hook["explanations"]) == ([], [], [])
    assert "hush" not in said.everything
    assert here.live.sent == [guid]
    assert here.kept
    assert len(details(here)) == bool(fault)


def test_signal_while_explaining_keeps_the_report(here: Server) -> None:
    guid = event(here, FORBIDDEN)
    process: list[Started] = []
    look_up = Fault(Call(lambda: process[0].send_signal(signal.SIGINT)), path="*/deliveries/*", verb="GET")
    here.live.sim.faults.add(look_up)
    here.served.door.latency_ms = 400
    command = ["run", *here.flags(), "--explain", "--format", "json", "--wait-for-results", "0"]
    with here.started(process, *command) as one:
        out, err = one.communicate()
    assert one.returncode == 128 + signal.SIGINT
    (hook,) = Said(one.returncode, out, err).json["hooks"]
    assert ([event["guid"] for event in hook["events"]], hook["explanations"]) == ([guid], [])
    assert hook["checkpoint"] == here.kept[here.key(here.hook)]
