"""Webhooks: all of an owner, one of them, and the App's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from githubsim.render import reply

if TYPE_CHECKING:
    from githubsim.answers.call import Call
    from githubsim.hooks import Hook, TargetType
    from githubsim.wire import SimResponse


def every(call: Call, target_type: TargetType, target: str) -> SimResponse:
    """The hooks of an organization or a repository."""
    found = [
        hook
        for _, hook in sorted(call.sim.hooks.items())
        if hook.target_type == target_type and hook.target.lower() == target.lower()
    ]
    chosen, headers = call.numbered_page(found, 30, 100)
    return reply(200, [hook.json(call.sim.base_url + call.sim.root) for hook in chosen], **headers)


def one(call: Call, target_type: TargetType, target: str, hook_id: str) -> SimResponse:
    """One hook."""
    return reply(200, call.hook(target_type, target, hook_id).json(call.sim.base_url + call.sim.root))


def config(_: Call, hook: Hook) -> SimResponse:
    """Where the App's hook points."""
    return reply(200, hook.config_json())
