"""What an endpoint answered: what is shown of it, and what never is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from fuzz.strange import PIECES, text
from redeliver.core.endpoint import Delivery, EndpointResponse, endpoint_response

URL = "https://user:hunter2@hooks.example/hooks/T024BE7LD/9f8e7d6c5b4a?token=quiet-one&v=2"
SIGNATURE = "sha256=6dcb09b5b57875f334f61aebed695e2e4193db5e"
SENT = {
    "Authorization": "Basic dXNlcjpodW50ZXIy",
    "X-Hub-Signature-256": SIGNATURE,
    "X-GitHub-Event": "push",
    "Content-Type": "application/json",
    "User-Agent": "GitHub-Hookshot/b8c71d8",
}
#: GitHub's own example (its OpenAPI description), with nothing left out that we read.
SECRETS = (
    "hunter2",
    "T024BE7LD/9f8e7d6c5b4a",
    "9f8e7d6c5b4a",
    "quiet-one",
    "dXNlcjpodW50ZXIy",
    SIGNATURE,
    SIGNATURE[7:],
)


def read(
    body: object = "", *, sent: object = None, url: object = URL, took: object = 0.27, **headers: object
) -> EndpointResponse:
    named = {name.replace("_", "-").title(): value for name, value in headers.items()}
    delivery: dict[str, Any] = {
        "id": 12_345_678,
        "duration": took,
        "url": url,
        "request": {"headers": SENT if sent is None else sent, "payload": {"action": "opened"}},
        "response": {"headers": named, "payload": body},
    }
    return endpoint_response(TypeAdapter(Delivery).validate_python(json.loads(json.dumps(delivery))))


def test_type_server_title_beginning_and_time_are_shown() -> None:
    page = (
        "<!DOCTYPE html>\n<html>\n <head><title>Error &middot; Cloudflare Access</title></head>\n <body>Sign in</body>"
    )
    told = read(page, content_type="text/html; charset=UTF-8", server="cloudflare")
    assert told == EndpointResponse(
        "text/html; charset=UTF-8",
        "cloudflare",
        "Error · Cloudflare Access",
        "<!DOCTYPE html> <html> <head><title>Error &middot; Cloudflare Access</title></head> <body>Sign in</body>",
        270,
    )
    assert not told.is_empty


@pytest.mark.parametrize("response", [None, {}, {"headers": None, "payload": None}, {"headers": {}, "payload": ""}])
def test_where_nothing_came_nothing_is_shown(response: object) -> None:
    delivery = TypeAdapter(Delivery).validate_python({"response": response})
    assert endpoint_response(delivery) == EndpointResponse()
    assert endpoint_response(delivery).is_empty


def test_headers_are_found_in_any_case_and_others_are_not_shown() -> None:
    told = read("no", CONTENT_type="text/plain", sErver="nginx", set_cookie="session=hush", location="/hush")
    assert (told.content_type, told.server) == ("text/plain", "nginx")
    assert "hush" not in str(told)


def test_what_is_too_long_is_cut() -> None:
    told = read("b" * 10_000, content_type="c" * 500, server="s" * 500)
    assert [len(told.body), len(told.content_type), len(told.server)] == [200, 100, 100]
    assert len(read("<title>" + "t" * 500).title) == 100
    assert read(" " * 1_500 + "late").body == "late"


def test_a_title_beyond_what_is_shown_of_the_body_is_found() -> None:
    assert read("<!-- " + "x" * 9_000 + " -->\n<TITLE lang=en>\n 502 \n Bad Gateway</TITLE>").title == "502 Bad Gateway"


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("repeats", ["{}", "Cannot POST {}", "key={}&x=1", '{{"was": "{}"}}', "<b>{}</b>", "{}{}"])
def test_what_github_sent_is_masked_wherever_an_endpoint_repeats_it(secret: str, repeats: str) -> None:
    told = read(repeats.format(secret, secret), server=secret, content_type=f"text/plain; x={secret}")
    assert secret not in str(told)
    assert "***" in told.body
    assert secret not in read(f"<title>{secret}</title>").title


def test_the_address_is_left_out_whole_in_every_form() -> None:
    for form in (URL, URL.replace("&", "&amp;"), f"POST {URL}: no such host", "/hooks/T024BE7LD/9f8e7d6c5b4a"):
        assert not [one for one in SECRETS if one in str(read(f"no {form}", server=form))]
    escaped = read("Cannot POST /in/a b&amp;c", url="https://hooks.example/in/a%20b&c")
    assert escaped.body == "Cannot POST ***"


def test_a_secret_is_masked_before_the_text_is_cut() -> None:
    told = read("x" * 195 + SIGNATURE)
    assert "sha" not in told.body


def test_what_everybody_may_know_is_no_secret() -> None:
    told = read("expected application/json for push at hooks.example/hooks v=2")
    assert told.body == "expected application/json for push at hooks.example/hooks v=2"


@pytest.mark.parametrize("payload", [{"a": 1}, ["x"], 5, True])
def test_a_body_of_another_kind_is_none(payload: object) -> None:
    assert read(payload, server=["a"], content_type=5).body == ""


@pytest.mark.parametrize("took", [None, 0, 0.0004, 10, 30.5])
def test_the_time_is_in_milliseconds(took: float | None) -> None:
    assert read(took=took).duration == (None if took is None else round(took * 1_000))


@pytest.mark.parametrize("took", [-1, 1e300, float("inf"), float("nan"), "long"])
def test_a_time_that_is_none_is_no_answer_of_githubs(took: object) -> None:
    with pytest.raises(ValidationError):
        read(took=took)


@pytest.mark.parametrize("url", [None, "", "not an address", "https://[nonsense", "https://hooks.example/?"])
def test_any_address_will_do(url: object) -> None:
    assert read("no", url=url, sent={}).body == "no"


anything = st.sampled_from(PIECES) | text | st.text(max_size=400)


@given(body=anything, server=anything, url=anything)
@example("<title>" * 50, "x", "https://" + "[" * 9)
def test_whatever_it_holds_it_is_lines_of_visible_characters_without_addresses(
    body: str, server: str, url: str
) -> None:
    told = read(body, server=server, content_type=server, url=url, sent={"X-Any": body})
    for shown in (told.body, told.server, told.content_type, told.title):
        assert len(shown) <= 200
        assert shown.isprintable() or all(mark.isprintable() or mark == " " for mark in shown)
        assert "evil.example" not in shown or "://" not in shown
