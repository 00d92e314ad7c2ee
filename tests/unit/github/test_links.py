"""The next page is where the API is, or it is not followed."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redeliver.errors import ApiError, ForeignLink
from redeliver.github.pages import next_query

API = "https://api.github.com"
NEXT = "https://api.github.com/orgs/octo/hooks/1/deliveries?per_page=100&cursor=v1_5"


@pytest.mark.parametrize(
    "header",
    [
        f'<{NEXT}>; rel="next"',
        f"<{NEXT}>; rel=next",
        f'<https://api.github.com/x?page=1>; rel="prev", <{NEXT}>; rel="next", <https://elsewhere/>; rel="last"',
        f'<{NEXT.replace("api.github.com", "API.GitHub.com")}>; rel="next"',
        f'<{NEXT.replace("api.github.com", "api.github.com:443")}>; rel="next"',
        f"<{NEXT}>; rel='next'",
        f"<{NEXT}>; rel*=UTF-8''next",
        f'<https://proxy.example/next>; rel="help"; title="next, <or> not", <{NEXT}>; rel="next"',
        f'<{NEXT.replace("v1_5", "%76%31_5")}>; rel="next"',
    ],
)
def test_query_of_the_next_page_is_read(header: str) -> None:
    assert next_query(header, API) == {"per_page": "100", "cursor": "v1_5"}


NONE = ("", " ", "garbage", f'<{NEXT}>; rel="prev"', f"<{NEXT}>", ",;,<>", '</ours>; rel="preconnect"')


@pytest.mark.parametrize(
    "header", [*NONE, f'<{NEXT}>; rel="last"; title="; rel=next"', f'<{NEXT}>; rel="last"; rel="next"']
)
def test_header_that_names_no_next_page_gives_none(header: str) -> None:
    assert next_query(header, API) is None


@pytest.mark.parametrize(
    "header",
    [
        f'{NEXT}; rel="next"',
        f'<{NEXT}; rel="next"',
        f'{NEXT}>; rel="next"',
        f'<{NEXT}>; rel="next',
        f'<{NEXT}>; rel="prev", <{NEXT[:40]}',
        f'<{NEXT}>; rel="last", {NEXT}; rel="next"',
        '<https://api.github.com/x>; rel="next"',
        '<https://api.github.com/x?>; rel="next"',
    ],
)
def test_unreadable_link_to_the_next_page_is_an_error(header: str) -> None:
    with pytest.raises(ValueError, match="next page"):
        next_query(header, API)


@pytest.mark.parametrize("part", ["<", "<>", '<>"', '<>"<', "<>;", ';"', '<a>;x="', "<a>;a=b;", "next"])
def test_long_link_header_takes_linear_time(part: str) -> None:
    def seconds(times: int) -> float:
        began = time.process_time()
        with suppress(ValueError):
            next_query(part * times, API)
        return time.process_time() - began

    # Sixteen times as long: the square would be 256 times as much.
    assert seconds(160_000) < 60 * max(seconds(10_000), 0.001)


@pytest.mark.parametrize(
    ("link", "host"),
    [
        ("https://evil.example/x?cursor=1", "evil.example"),
        ("https://api.github.com@evil.example/x", "evil.example"),
        ("https://api.github.com\\@evil.example/x", "evil.example"),
        ("https://;/x", ";"),
        ("https://api.github.com.evil.example/x", "api.github.com.evil.example"),
        ("http://api.github.com/x", "api.github.com"),
        ("https://api.github.com:444/x", "api.github.com"),
        ("//api.github.com/x", "api.github.com"),
        ("/x?cursor=1", "none"),
        ("", "none"),
        ("https://[::bad/x", "<url>"),
        ("https://api.github.com:port/x", "<url>"),
        ("javascript:alert(1)", "none"),
    ],
)
def test_link_to_another_host_is_an_error_that_names_it(link: str, host: str) -> None:
    with pytest.raises(ForeignLink) as caught:
        next_query(f'<{link}>; rel="next"', API)
    assert f": {host}." in str(caught.value)


def test_port_of_a_loopback_api_is_compared() -> None:
    api = "http://127.0.0.1:8080"
    assert next_query(f'<{api}/x?cursor=a%2Bb%3D%26>; rel="next"', api) == {"cursor": "a+b=&"}
    with pytest.raises(ForeignLink):
        next_query('<http://127.0.0.1:8081/x?cursor=1>; rel="next"', api)


@given(st.text() | st.text(st.sampled_from('<>;,="/:@[]ahnextrl 1')))
def test_no_header_crashes_or_leads_elsewhere(header: str) -> None:
    with suppress(ApiError, ValueError):
        found = next_query(header, API)
        assert found is None or "api.github.com" in header.lower()
