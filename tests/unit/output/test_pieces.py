"""What became of an event, in words, and advice that fits the cause."""

from __future__ import annotations

from redeliver.core.case import LOST, OUTCOMES, Outcome
from redeliver.core.deliveries import NO_CONNECTION, TIMED_OUT, TLS
from redeliver.output.pieces import ORDER, advice_for


def test_every_outcome_has_its_words_and_its_place() -> None:
    assert set(OUTCOMES) == set(Outcome)
    assert len({words.word for words in OUTCOMES.values()}) == len(OUTCOMES)
    assert all(words.mark and words.advice for words in OUTCOMES.values())
    assert {kind for kind, place in ORDER.items() if place < len(LOST)} == LOST, "what is lost comes first"
    assert ORDER[Outcome.RECOVERED] > ORDER[Outcome.PENDING]


def test_advice_fits_the_cause() -> None:
    assert not [cause for cause in (NO_CONNECTION, TIMED_OUT, TLS) if "response" in advice_for(cause)]
    causes = [NO_CONNECTION, TIMED_OUT, TLS, "HTTP 302", "HTTP 401", "HTTP 404", "HTTP 413", "HTTP 422", "HTTP 429"]
    assert len({advice_for(cause) for cause in [*causes, "HTTP 503"]}) == len(causes) + 1
    assert advice_for("HTTP 301") == advice_for("HTTP 308")
    assert advice_for("HTTP 400") == advice_for("HTTP 422")
    assert advice_for("HTTP 500") == advice_for("HTTP 599") == advice_for("HTTP 0")
