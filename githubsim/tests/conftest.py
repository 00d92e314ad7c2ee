"""What the tests of the simulation share."""

from __future__ import annotations

import pytest

from githubsim.tests.client import Client


@pytest.fixture
def client() -> Client:
    return Client()
