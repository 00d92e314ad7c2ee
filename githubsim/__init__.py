"""A simulated GitHub: webhooks, their delivery log, redeliveries, variables, limits, and bad days on demand.

``model.SimGitHub`` is the whole of it, in memory; ``inprocess`` and ``server`` put a client in front of it,
``receiver`` and ``dispatch`` a real endpoint behind it. ``truth`` knows what really happened.
"""
