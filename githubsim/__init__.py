"""A simulated GitHub: webhooks, their delivery log, redeliveries, variables, limits, and bad days on demand.

``model.SimGitHub`` is the whole of it, in memory; ``inprocess`` and ``server`` put a client in front of it,
``receiver`` and ``dispatch`` a real endpoint behind it. ``truth`` knows what really happened.
"""

from githubsim.behaviour import Behaviour
from githubsim.clock import DAY, HOUR, MINUTE, SECOND, START, VirtualClock
from githubsim.endpoint import Outage, StubEndpoint
from githubsim.faults import Answer, Call, Delay, Fault, Lose, Reword, Rewrite
from githubsim.model import SimGitHub
from githubsim.outcomes import Kind, Outcome

__all__ = [
    "DAY",
    "HOUR",
    "MINUTE",
    "SECOND",
    "START",
    "Answer",
    "Behaviour",
    "Call",
    "Delay",
    "Fault",
    "Kind",
    "Lose",
    "Outage",
    "Outcome",
    "Reword",
    "Rewrite",
    "SimGitHub",
    "StubEndpoint",
    "VirtualClock",
]
