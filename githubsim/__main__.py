"""``python -m githubsim``: a simulated GitHub in a process of its own, until it is interrupted.

It prints one line of JSON: the API's ``url``, a ``token``, an ``org``, a ``hook_id`` and the path of the back door.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import signal
import threading
from pathlib import Path
from typing import Any

from githubsim.behaviour import Behaviour
from githubsim.clock import system_ms
from githubsim.dispatch import HttpDispatch
from githubsim.model import SimGitHub
from githubsim.seeds import Mix, seed
from githubsim.server import serve


def main() -> None:
    """Serve one scenario."""
    parser = argparse.ArgumentParser(prog="githubsim", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 for one that is free")
    parser.add_argument("--root", default="", help="the API's path, /api/v3 on Enterprise Server")
    parser.add_argument("--latency-ms", type=int, default=0, help="what every call takes")
    parser.add_argument("--org", default="octo")
    parser.add_argument("--hook-id", type=int, default=1)
    parser.add_argument("--token", default="pat")
    parser.add_argument("--secret", default="It's a Secret to Everybody")
    parser.add_argument("--receiver", help="address that really gets the events; without it they only end in the log")
    parser.add_argument("--events", type=int, default=0, help="how many events the log holds at the start")
    parser.add_argument("--scenario", type=Path, help="JSON: {behaviour: {...}, mix: {...}, limits: {...}}")
    asked = parser.parse_args()

    told: dict[str, Any] = json.loads(asked.scenario.read_text()) if asked.scenario else {}
    with contextlib.ExitStack() as open_until_the_end:
        endpoint = open_until_the_end.enter_context(HttpDispatch()) if asked.receiver else None
        behaviour = Behaviour(**told.get("behaviour", {}))
        sim = SimGitHub(system_ms, root=asked.root, endpoint=endpoint, behaviour=behaviour)
        for name, value in told.get("limits", {}).items():
            setattr(sim.limits.policy, name, value)
        sim.token(asked.token)
        url = {"url": asked.receiver} if asked.receiver else {}
        hook = sim.org_hook(asked.org, id=asked.hook_id, secret=asked.secret, **url)
        seed(hook, asked.events, until=system_ms(), mix=Mix(**told.get("mix", {})))
        served = open_until_the_end.enter_context(serve(sim, port=asked.port, latency_ms=asked.latency_ms))
        where = {"url": served.url, "control": f"{sim.base_url}/__sim__"}
        what = {"token": asked.token, "org": asked.org, "hook_id": hook.id}
        print(json.dumps(where | what), flush=True)
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        stop.wait()


if __name__ == "__main__":
    main()
