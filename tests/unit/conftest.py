"""Properties are held to what they say, not to how fast a machine says it."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("unit", deadline=None)
settings.load_profile("unit")
