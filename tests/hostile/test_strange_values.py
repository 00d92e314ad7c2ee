"""Values that JSON and headers can hold, but that nothing of GitHub's ever has."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from pydantic import TypeAdapter

from githubsim.clock import HOUR, SECOND, START
from redeliver.core.deliveries import Row, attempt_of
from redeliver.core.inputs import HookChoice
from redeliver.errors import ApiRefused, ApiUnexpected, MissingPermission
from redeliver.github.app_token import Installation
from redeliver.github.hooks import Hook, Owner
from redeliver.github.pages import PAGE_SIZE
from redeliver.github.responses import Response, Transport, read_json
from redeliver.times import utc
from samples import TASK, Calls, Script, answer, plain_id

FOLLOWING = '<https://api.github.com/x?page=2>; rel="next"'
OWNER = Owner("/orgs/octo", "octo", "the organization octo", "a permission", "https://github.com/x")
ROW = {
    "id": 1,
    "guid": "g",
    "delivered_at": "2026-11-05T10:40:00Z",
    "redelivery": False,
    "status": "failed",
    "status_code": 500,
    "event": "push",
    "action": None,
}


def page(*rows: object, link: str = "") -> list[Row]:
    calls = Calls(answer(200, list(rows), link=link))
    return hook(calls).page().rows


def hook(calls: Calls) -> Hook:
    return Hook(calls.caller, OWNER, 7)


# -- rows -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "read"),
    [(0, 0), (999, 999), (1_000, 999), (-1, 0), (int("9" * 4_000), 999), (-int("9" * 4_000), 0)],
    ids=["0", "999", "1000", "-1", "huge", "-huge"],
)
def test_status_code_is_kept_within_three_digits(code: int, read: int) -> None:
    (row,) = page(ROW | {"status_code": code})
    assert attempt_of(row).code == read


HUGE = int("9" * 4_000)
NO_TIMES = ("9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "1970-01-01T00:00:00Z", "2026-11-05T10:40:00")
UNREADABLE: dict[str, list[object]] = {
    "id": [0, -1, 2**63, HUGE, None],
    "guid": ["g" * 201, "\ud800", None, ""],
    "event": ["e" * 201, None],
    "action": ["a" * 201],
    "delivered_at": [None, 1e300, HUGE, *NO_TIMES],
    "redelivery": ["perhaps"],
    "status": [["OK"]],
    "status_code": ["²", 1e400],
}


@pytest.mark.parametrize(
    "odd",
    [{name: value} for name, values in UNREADABLE.items() for value in values],
    ids=lambda odd: plain_id(odd)[:40],
)
def test_unreadable_row_is_set_aside_and_the_others_are_read(odd: dict[str, object]) -> None:
    calls = Calls(answer(200, [ROW, ROW | {"id": 2} | odd, ROW | {"id": 3}]))
    found = hook(calls).page()
    assert [one["id"] for one in found.rows] == [1, 3]
    (unread,) = found.unread
    assert (unread.id or unread.guid) in {2, "g"}
    assert unread.at == found.rows[0]["delivered_at"]
    assert not unread.succeeded
    assert calls.count == 1


def test_row_without_a_time_has_that_of_the_row_before_it() -> None:
    timeless = ROW | {"delivered_at": None}
    rows = [timeless, ROW | {"id": 2}, timeless | {"id": 3}, timeless | {"id": 4}]
    unread = hook(Calls(answer(200, rows))).page().unread
    moment = datetime(2026, 11, 5, 10, 40, tzinfo=UTC).timestamp() * 1000
    assert [row.at for row in unread] == [None, moment, moment]


@pytest.mark.parametrize("other", [[{}], [{"message": "no"}], [1], ["x"], [[]], {"message": "no"}, None])
def test_page_without_deliveries_is_an_error(other: object) -> None:
    with pytest.raises(ApiUnexpected) as caught:
        hook(Calls(answer(200, other))).page()
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("when", ["9998-12-31T23:59:59.999-23:59", "1971-01-01T00:00:00+23:59"])
def test_every_accepted_time_can_be_formatted(when: str) -> None:
    (row,) = page(ROW | {"delivered_at": when})
    assert utc(row["delivered_at"] + 300 * 86_400 * SECOND).endswith("UTC")
    assert utc(row["delivered_at"] - 300 * 86_400 * SECOND).endswith("UTC")


def test_page_with_more_rows_than_requested_is_an_error() -> None:
    assert len(page(*[ROW] * PAGE_SIZE, link=FOLLOWING)) == PAGE_SIZE
    with pytest.raises(ApiUnexpected):
        page(*[ROW] * (PAGE_SIZE + 1))


# -- JSON -------------------------------------------------------------------------------------------------------

ANYTHING: TypeAdapter[object] = TypeAdapter(object)


@pytest.mark.parametrize(
    "body",
    ["[" * 100_000, '{"a":' * 100_000, "9" * 5_000, "", "<html>", "\ufeff", "[NaN", '"\ud800', "[1] [2]"],
    ids=["arrays", "objects", "digits", "empty", "HTML", "BOM", "cut", "surrogate", "two"],
)
def test_text_that_cannot_be_parsed_is_no_json(body: str) -> None:
    with pytest.raises(ValueError, match="JSON"):
        read_json(ANYTHING, body)


@pytest.mark.parametrize("part", ["[],", "{},", "0,", '"",'])
def test_json_that_would_take_much_memory_is_not_parsed(part: str) -> None:
    body = f"[{part * 200_000}0]"
    with pytest.raises(ValueError, match="too many"):
        read_json(ANYTHING, body)


# -- headers ----------------------------------------------------------------------------------------------------


MONDAY = "2026-12-14 10:00:00"
ENDS_AT = round(datetime(2026, 12, 14, 10, tzinfo=UTC).timestamp() * SECOND)


@pytest.mark.parametrize(
    ("header", "ends_at"),
    [
        (f"{MONDAY} UTC", ENDS_AT),
        (f"{MONDAY} +0000", ENDS_AT),
        (f"{MONDAY} -0500", ENDS_AT + 5 * HOUR),
        (f"{MONDAY} +1400", ENDS_AT - 14 * HOUR),
        ("2026-12-14 05:00:00 -0500", ENDS_AT),
        *((odd, None) for odd in ("", "never", "0", MONDAY, f"{MONDAY} GMT", f"{MONDAY} UTC" * 400, "9" * 10_000)),
        *((odd, None) for odd in (f"{MONDAY} +9999", f"{MONDAY} -2460", f"{MONDAY}.5 UTC", f"\t{MONDAY} UTC")),
        *((f"{day} 10:00:00 UTC", None) for day in ("99999-12-14", "2026-13-14", "2026-02-30", "0001-01-01")),
        *((f"{day} 23:59:59 -2359", None) for day in ("9999-12-31", "0000-00-00")),
        ("٢٠٢٦-12-14 10:00:00 UTC", None),
    ],
    ids=lambda value: plain_id(value)[:40],
)
def test_end_of_a_token_is_read_or_not_known(header: str, ends_at: int | None) -> None:
    known = f"{MONDAY} UTC"
    calls = Calls(*(answer(200, "1", github_authentication_token_expiration=one) for one in (header, known, header)))
    found = []
    for _ in range(3):
        calls.get()
        found.append(calls.caller.token_ends_at)
    # What cannot be read, or is not said, does not mean that it has none.
    assert found == [ends_at, ENDS_AT, ends_at or ENDS_AT]


@pytest.mark.parametrize("name", ["x_accepted_github_permissions", "x_accepted_oauth_scopes"])
def test_permissions_of_a_header_are_shown_short_and_safe(name: str) -> None:
    odd = "a=read\u202e; see https://evil.example/?token=x " + "b=write, " * 1_000
    with pytest.raises(MissingPermission) as caught:
        Calls(answer(403, **{name: odd})).get()
    said = str(caught.value)
    assert TASK.permission in said
    assert "a=read ; see <url> b=write, b=write" in said
    assert "evil" not in said
    assert "…" in said
    assert len(said) < 800


def test_message_is_shown_short_and_safe() -> None:
    with pytest.raises(ApiRefused) as caught:
        Calls(answer(418, {"message": "::error::\x1b[2J https://evil.example " + "x" * 10_000_000})).get()
    assert "evil" not in str(caught.value)
    assert len(str(caught.value)) < 800


def test_limit_is_found_at_the_beginning_of_a_page_alone() -> None:
    with pytest.raises(MissingPermission):
        Calls(answer(403, " " * 1_000_000 + "rate limit")).get()


def test_next_page_with_a_long_query_is_not_followed() -> None:
    with pytest.raises(ApiUnexpected, match="too long"):
        page(ROW, link=f'<https://api.github.com/x?cursor={"c" * 2_000}>; rel="next"')


# -- lists ------------------------------------------------------------------------------------------------------


def test_endless_list_of_webhooks_is_an_error() -> None:
    class Endless:
        page = 0

        def exchange(self, *_: object, **__: object) -> Response:
            self.page += 1
            listed = [{"id": self.page * 100 + place, "active": True, "config": {}} for place in range(PAGE_SIZE)]
            return answer(200, listed, link='<https://api.github.com/x?page=2>; rel="next"')

    calls = Calls(answer(200), limit=99_999)
    endless = Endless()
    calls.caller.connected = lambda: endless
    with pytest.raises(ApiUnexpected, match="no end"):
        OWNER.list_hooks(calls.caller)
    assert endless.page == 101


@pytest.mark.parametrize("odd", [{"id": 0}, {"id": 2**63}, {"id": None}], ids=["0", "2^63", "null"])
def test_webhook_with_an_impossible_id_is_an_error(odd: dict[str, object]) -> None:
    listed = [{"id": 1, "active": True, "config": {}} | odd]
    with pytest.raises(ApiUnexpected):
        OWNER.list_hooks(Calls(answer(200, listed)).caller)


@pytest.mark.parametrize(
    "odd",
    [{"config": None}, {"config": {}}, {"config": {"url": None}}, {"config": {"url": "u" * 10_001}}, {"config": 7}],
    ids=["null", "empty", "null url", "long url", "number"],
)
def test_webhook_without_an_address_fits_no_pattern_of_one(odd: dict[str, object]) -> None:
    listed = [{"id": 1, "active": True} | odd, {"id": 2, "active": True, "config": {"url": "https://ci.example/in"}}]
    calls = Calls(answer(200, listed))
    assert [info.id for info in chosen(calls, "*ci.example*")] == [2]
    assert [info.id for info in chosen(calls, "*")] == [1, 2]


def test_webhook_that_may_be_active_is_chosen() -> None:
    listed = [{"id": 1, "config": {"url": "u"}}, {"id": 2, "active": None, "config": {"url": "u"}}]
    found = chosen(Calls(answer(200, [*listed, {"id": 3, "active": False, "config": {"url": "u"}}])), "*")
    assert [(info.id, info.active) for info in found] == [(1, None), (2, None)]


def chosen(calls: Calls, pattern: str) -> list[Hook]:
    return OWNER.pick(calls.caller, OWNER.list_hooks(calls.caller), HookChoice(pattern=pattern, several=True))


# -- an App's token ---------------------------------------------------------------------------------------------


def made(*answers: Response) -> tuple[Installation, list[str], Calls]:
    calls = Calls(*answers)
    tokens: list[str] = []

    def connect(credential: object) -> Transport:
        tokens.append(str(credential))
        return Script([answer(200)])

    permissions = {"organization_hooks": "write"}
    return Installation("12", calls.caller, "/orgs/octo", connect, permissions, ()), tokens, calls


DATE = datetime.fromtimestamp(START / 1000, UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")


@pytest.mark.parametrize("token", ["", " ", "\n", "a b", "a\r\nX: y", "漢", "t" * 10_001, None, 1])
def test_impossible_token_is_an_error(token: object) -> None:
    bad = answer(201, {"token": token, "expires_at": "2099-01-01T00:00:00Z"}, date=DATE)
    installation, tokens, _ = made(answer(200, {"id": 3}, date=DATE), bad)
    with pytest.raises(ApiUnexpected, match="octo: token"):
        installation.connected()
    assert tokens == []


@pytest.mark.parametrize("number", [0, -1, 2**63, int("9" * 4_000), "x"], ids=["0", "-1", "2^63", "huge", "text"])
def test_installation_without_a_number_is_an_error(number: object) -> None:
    installation, tokens, calls = made(answer(200, {"id": number}, date=DATE))
    with pytest.raises(ApiUnexpected, match="octo: id"):
        installation.connected()
    assert tokens == []
    assert all(verb == "GET" for verb, *_ in calls.script.calls)


@pytest.mark.parametrize("expires", ["9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59"])
def test_token_with_an_impossible_expiry_is_used(expires: str) -> None:
    good = answer(201, {"token": "ghs_1", "expires_at": expires}, date=DATE)
    installation, tokens, _ = made(answer(200, {"id": 3}, date=DATE), good)
    assert installation.connected().exchange("GET", "/x").status == 200
    assert tokens == ["ghs_1"]
