"""What an endpoint answered: what is shown of it, and what never is."""

from __future__ import annotations

import html
import json
import re
import unicodedata
from collections.abc import Callable
from typing import Any, cast
from urllib.parse import quote, quote_plus, unquote, unquote_plus

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from hostile.strange import PIECES, text
from redeliver import masking
from redeliver.core.deliveries import EndpointResponse
from redeliver.github.endpoint import Delivery, endpoint_response
from runs.lengths import examples

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


def test_type_server_title_body_and_duration_are_shown() -> None:
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


@pytest.mark.parametrize("response", [None, {}, {"headers": None, "payload": None}, {"headers": {}, "payload": ""}])
def test_missing_response_is_empty(response: object) -> None:
    delivery = TypeAdapter(Delivery).validate_python({"response": response})
    assert endpoint_response(delivery) == EndpointResponse()


def test_headers_are_found_in_any_case_and_others_are_not_shown() -> None:
    told = read("no", CONTENT_type="text/plain", sErver="nginx", set_cookie="session=hush", location="/hush")
    assert (told.content_type, told.server) == ("text/plain", "nginx")
    assert "hush" not in str(told)


def test_long_values_are_cut() -> None:
    told = read("b" * 10_000, content_type="c" * 500, server="s" * 500)
    assert [len(told.body), len(told.content_type), len(told.server)] == [200, 100, 100]
    assert len(read("<title>" + "t" * 500).title) == 100
    assert read(" " * 1_500 + "late").body == "late"


def test_title_is_found_beyond_the_shown_part_of_the_body() -> None:
    assert read("<!-- " + "x" * 9_000 + " -->\n<TITLE lang=en>\n 502 \n Bad Gateway</TITLE>").title == "502 Bad Gateway"


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("repeats", ["{}", "Cannot POST {}", "key={}&x=1", '{{"was": "{}"}}', "<b>{}</b>", "{}{}"])
def test_repeated_secret_is_masked(secret: str, repeats: str) -> None:
    told = read(repeats.format(secret, secret), server=secret, content_type=f"text/plain; x={secret}")
    assert secret not in str(told)
    assert "***" in told.body
    assert secret not in read(f"<title>{secret}</title>").title


def test_secret_is_masked_before_the_text_is_cut() -> None:
    told = read("x" * 195 + SIGNATURE)
    assert "sha" not in told.body


@pytest.mark.parametrize("payload", [{"a": 1}, ["x"], 5, True])
def test_other_body_than_text_is_not_shown(payload: object) -> None:
    assert read(payload, server=["a"], content_type=5).body == ""


@pytest.mark.parametrize("took", [None, 0, 0.0004, 10, 30.5])
def test_duration_is_in_milliseconds(took: float | None) -> None:
    assert read(took=took).duration == (None if took is None else round(took * 1_000))


@pytest.mark.parametrize("took", [-1, 1e300, float("inf"), float("nan"), "long"])
def test_invalid_duration_is_refused(took: object) -> None:
    with pytest.raises(ValidationError):
        read(took=took)


HOOK = "https://hooks.example/in/T024BE7LD/9f8e7d6c5b4a?sig=aGk/dGhl+cmU="
HOOK_PARTS = ("T024BE7LD", "9f8e7d6c5b4a", "aGk/dGhl+cmU")


@pytest.mark.parametrize(
    "body",
    [
        r'{"path":"\/in\/T024BE7LD\/9f8e7d6c5b4a"}',
        "login?next=%2Fin%2FT024BE7LD%2F9f8e7d6c5b4a",
        "login?next=%252Fin%252FT024BE7LD%252F9f8e7d6c5b4a",
        "login?next=%2fin%2ft024be7ld%2f9f8e7d6c5b4a",
        "no &#x2F;in&#x2F;T024BE7LD&#47;9f8e7d6c5b4a &sol;in&sol;T024BE7LD",
        r"{'path':'\u002fin\u002fT024BE7LD\u002F9f8e7d6c5b4a'}",
        "NO /IN/T024BE7LD/9F8E7D6C5B4A",
        "no /T024BE7LD/9f8e7d6c5b4a",
        "<title>404: /in/T024BE7L</title>",
        '["in", "T024BE7LD", "9f8e7d6c5b4a"]',
        "no sig aGk/dGhl+cmU= aGk%2FdGhl%2BcmU%3D aGk%2fdGhl%2bcmU%3d",
        r"no sig aGk/dGhl cmU= aGk\/dGhl\u002bcmU\u003D",
        "%54%30%32%34%42%45%37%4c%44 &#57;&#102;&#56;&#101;&#55;&#100;&#54;&#99;&#53;&#98;&#52;&#97;",
        "\uff34\uff10\uff12\uff14\uff22\uff25\uff17\uff2c\uff24 \uff059\uff05\uff12\uff15",
        "T024\u200bBE7\u00adLD T024-BE7L-D9 9f8e 7d6c 5b4a",
        r"%5Cu0054024BE7LD \\\/in\\\/T024BE7LD &amp;#84;024BE7LD",
    ],
    ids=lambda body: ascii(body)[:30],
)
def test_address_is_masked_in_every_spelling(body: str) -> None:
    told = read(body, url=HOOK, sent={}, server=body, content_type=body)
    for shown in (told.body, told.title, told.server, told.content_type):
        bare = "".join(mark for mark in unicodedata.normalize("NFKC", shown).casefold() if mark.isalnum())
        for part in ("t024be", "024be7", "24be7l", "9f8e7d", "c5b4a", "agkdgh", "dghlcm", "3032344245", "102"):
            assert part not in bare
        assert "***" in shown or not shown


COMMON_WORDS = "https://ci.acme.example/acme/api/v1/webhooks/github-webhook/zk29vq?token=9f8e7d6c5b4a"


@pytest.mark.parametrize(
    ("url", "body", "shown"),
    [
        (URL, r"see https:\/\/internal.example\/x for help", "see *** for help"),
        (URL, "see https%3A%2F%2Finternal.example%2Fx for help", "see *** for help"),
        ("https://hooks.example/in/a%20b&c", "Cannot POST /in/a b&amp;c", "Cannot POST ***"),
        # Common words of an address are no secrets, and what stands beside them is. A password is no common word.
        (COMMON_WORDS, "github-webhook of acme at /api/v1/webhooks: webhook-zk29vq", "{before}: webhook-***"),
        (COMMON_WORDS, "github-webhook of acme at /api/v1/webhooks: token 9f8e7d6c5b4a", "{before}: token ***"),
        ("https://github:webhook@hooks.example/", "no webhook github", "no *** github"),
        # An address that cannot be parsed is masked, too.
        ("https://[nonsense/T024BE7LD", "no T024BE7LD", "no ***"),
        ("hooks.example/T024BE7LD", "no T024BE7LD", "no ***"),
        ("//x@[/T024BE7LD", "no T024BE7LD", "no ***"),
        # Encoded too often; and what is left can read on where something was left out.
        (URL, "no %" + "25" * 100 + "2F", "***"),
        ("https://hooks.example/T024BE7LD/abcdef", "abc T024BE7LD def", "***"),
        *((url, "no", "no") for url in ("no address", "https://[nonsense", "https://hooks.example/?", "https://")),
        # What repeats nothing that is secret is shown as it is.
        (URL, "expected application/json for push at hooks.example/hooks v=2", "{body}"),
        (HOOK, '{"message": "invalid signature", "code": "E_SIG"}', "{body}"),
        (HOOK, "404 page not found: webhook endpoint /in is disabled for this organization", "{body}"),
        (HOOK, "Server Error: database \u201corders\u201d is locked (caf\u00e9) 100% &middot; a+b", "{body}"),
        (HOOK, "<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>", "{body}"),
        (HOOK, "hooks.example: no hooks for push events, application/json expected", "{body}"),
        (HOOK, "<html>\n        <p>no</p>\n</html>", "{body}"),
    ],
)
def test_only_secrets_of_the_address_are_masked(url: str, body: str, shown: str) -> None:
    expected = shown.replace("{body}", " ".join(body.split())).replace("{before}", body.rpartition(":")[0])
    sent = {"X-Any": "a          b"} if shown == "{body}" else {}
    assert read(body, url=url, sent=sent).body == expected


@pytest.mark.parametrize(
    ("name", "value", "decoded"),
    [
        ("X-GitHub-Encoded-Secret", "aHVudGVyMiwgdGhlIHF1aWV0IG9uZQ==", "hunter2, the quiet one"),
        ("x-github-anything", "hunter2, the quiet one", "HUNTER2%2C+the"),
        ("Content-Security-Token", "hunter2-the-quiet-one", "hunter2"),
        ("X-Common-Words", "webhook production", "production"),
        ("X-Number", 123_456_789, "&#49;23456789"),
    ],
)
def test_header_values_are_masked_unless_known_harmless(name: str, value: object, decoded: str) -> None:
    for said in (str(value), str(value).upper(), quote(str(value)), decoded):
        told = read(f"no {said}", sent={name: value}, server=said)
        assert (told.body.rstrip("="), told.server.rstrip("=")) == ("no ***", "***")


def test_harmless_headers_are_no_secrets() -> None:
    sent = {
        "X-GitHub-Event": "pull_request",
        "X-GitHub-Delivery": "0b989ba4-242f-11e5-81e1-c7b6966d2516",
        "X-GitHub-Hook-ID": "292430182",
        "User-Agent": "GitHub-Hookshot/044aadd",
        "Content-Type": "application/x-www-form-urlencoded",
        "Accept": "text/plain",
    }
    body = "; ".join(sent.values())
    assert read(body, sent=sent).body == body


@pytest.mark.parametrize(
    "deliveries",
    [
        {"url": None},
        {"url": ""},
        {"url": f"https://hooks.example/{'x' * 20_000}/T024BE7LD"},
        {"url": "https://hooks.example/" + "%" + "25" * 100 + "2FT024BE7LD"},
        {"sent": {f"X-{number}": "T024BE7LD" for number in range(5_000)}},
        {"sent": {"X-Any": ["T024BE7LD"]}},
        {"sent": {"X-Any": {"a": "T024BE7LD"}}},
    ],
    ids=["none", "empty", "long", "deep", "many headers", "a list", "an object"],
)
def test_nothing_is_shown_unless_all_that_was_sent_can_be_compared(deliveries: dict[str, Any]) -> None:
    told = read("no <title>t</title>", server="nginx", content_type="text/html", **deliveries)
    assert (told.body, told.title, told.server, told.content_type) == ("***", "***", "***", "***")


#: What has many spellings, or is long in one of them.
SHAPES = ("/in/T024BE7LD", "%25", "&#x26;#37;", r"\u005c", "://", "\ufdfa")


def work(monkeypatch: pytest.MonkeyPatch, *, body: str = "no", url: str = HOOK, sent: object = None) -> int:
    """What comparing takes: how many letters are looked at, in all spellings."""
    letters = 0
    fold = masking._fold

    def counting(letter: str) -> str:
        nonlocal letters
        letters += 1
        return fold(letter)

    response = {"headers": {"Server": body}, "payload": body}
    delivery = cast("Delivery", {"url": url, "request": {"headers": sent or SENT}, "response": response})
    monkeypatch.setattr(masking, "_fold", counting)
    endpoint_response(delivery)
    monkeypatch.setattr(masking, "_fold", fold)
    return letters


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.slow
def test_masking_takes_linear_time(monkeypatch: pytest.MonkeyPatch, shape: str) -> None:
    def of_body(size: int) -> int:
        return work(monkeypatch, body=(shape * size)[:size])

    def of_address(size: int) -> int:
        return work(monkeypatch, url=f"https://hooks.example/{(shape * size)[:size]}")

    for work_of, size in ((of_body, 350), (of_address, 1_500)):
        assert work_of(4 * size) < 5 * work_of(size)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.slow
def test_only_the_beginning_of_long_text_is_compared(monkeypatch: pytest.MonkeyPatch, shape: str) -> None:
    assert work(monkeypatch, body=shape * 200_000) <= work(monkeypatch, body=shape * 20_000)
    assert work(monkeypatch, url=f"https://hooks.example/{shape * 40_000}") < work(monkeypatch, body="")
    assert work(monkeypatch, sent={f"X-{number}": shape for number in range(100_000)}) < 10 * 8_192


_secret_part = st.text("abcdefxyzABCXYZ0123456789-_.~+/=!$*,:@%&;\\\"<' \u00e9\u00df\uff21", min_size=6, max_size=24)


def _json(value: str) -> str:
    return json.dumps(value)[1:-1]


ENCODINGS: list[Callable[[str], str]] = [
    lambda value: quote(value, safe=""),
    quote,
    quote_plus,
    lambda value: quote(value, safe="").lower(),
    lambda value: "".join(f"%{byte:02x}" for byte in value.encode()),
    html.escape,
    lambda value: "".join(f"&#{ord(mark)};" for mark in value),
    lambda value: "".join(f"&#x{ord(mark):X};" for mark in value),
    lambda value: value.replace("/", "&sol;").replace("&", "&amp;"),
    _json,
    lambda value: _json(value).replace("/", r"\/"),
    lambda value: value.replace("/", r"\u002f").replace("+", r"\u002B"),
    lambda value: "".join(f"\\u{ord(mark):04x}" for mark in value),
    str.upper,
    str.lower,
    str.casefold,
    lambda value: unicodedata.normalize("NFKC", value),
    lambda value: "".join(chr(ord(mark) + 0xFEE0) if "!" <= mark <= "~" else mark for mark in value),
]


def _unescaped(value: str) -> str:
    return re.sub(
        r"(?i)\\(?:u([0-9a-f]{4})|([\"\\/bfnrt]))",
        lambda found: chr(int(found[1], 16)) if found[1] else found[2].translate(str.maketrans("bfnrt", "\b\f\n\r\t")),
        value,
    )


DECODINGS: list[Callable[[str], str]] = [
    unquote,
    unquote_plus,
    html.unescape,
    _unescaped,
    str.casefold,
    lambda value: unicodedata.normalize("NFKC", value),
]


def decodings(value: str) -> set[str]:
    """All that a text may stand for."""
    found, left = set[str](), [value]
    while left:
        one = left.pop()
        if one not in found:
            found.add(one)
            left += [decode(one) for decode in DECODINGS]
    return {" ".join(unicodedata.normalize("NFKC", one).casefold().split()) for one in found}


@st.composite
def repeated(draw: st.DrawFn) -> tuple[str, str, str]:
    """An address, a part of it that is secret, and a text that repeats the part in some spelling."""
    secret = draw(_secret_part)
    before = draw(st.sampled_from(["/", "/in/", "/api/v1/hooks/", "/in?token=", "/in?a=b&sig=", "/x#"]))
    written = draw(st.sampled_from([quote(secret, safe=""), quote(secret), quote_plus(secret, safe=""), secret]))
    start = draw(st.integers(0, max(0, len(secret) - 6)))
    said = draw(st.sampled_from([secret, secret[start:], secret[: len(secret) - start], before + secret, written]))
    for encode in draw(st.lists(st.sampled_from(ENCODINGS), max_size=4)):
        said = encode(said)
    around = draw(
        st.sampled_from(["{}", "no {} here", "<title>{}</title>", '["{}"]', "x{}x", "{}{}", "\\{}", "%{}", "&{}"])
    )
    return f"https://hooks.example{before}{written}", secret, around.replace("{}", said)


@given(repeated())
@example(("https://hooks.example/000%5C%3A%2F", r"000\:/", r"000\:\u002f"))
@example(("https://hooks.example/0%5Cx41%2F", r"0\x41/", r"0\x41\u002f"))
@settings(max_examples=examples(100, soak=3_000), deadline=None)
def test_six_characters_of_a_secret_are_never_shown(given_: tuple[str, str, str]) -> None:
    url, secret, said = given_
    told = read(said, url=url, sent={"X-Any": secret}, server=said, content_type=said)
    spellings = decodings(secret)
    runs = {one[at : at + 6] for one in spellings for at in range(len(one) - 5) if len(one[at : at + 6].split()) == 1}
    for shown in (told.body, told.title, told.server, told.content_type):
        for one in decodings(shown):
            assert not [run for run in runs if run in one], (shown, one)


anything = st.sampled_from(PIECES) | text | st.text(max_size=400)


@given(body=anything, server=anything, url=anything)
@example("<title>" * 50, "x", "https://" + "[" * 9)
def test_any_response_is_shown_as_short_visible_text(body: str, server: str, url: str) -> None:
    told = read(body, server=server, content_type=server, url=url, sent={"X-Any": body})
    for shown in (told.body, told.server, told.content_type, told.title):
        assert len(shown) <= 200
        assert shown.isprintable() or all(mark.isprintable() or mark == " " for mark in shown)
        assert "evil.example" not in shown or "://" not in shown
