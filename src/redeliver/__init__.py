"""Redeliver failed GitHub webhook deliveries: each event once, and nothing lost."""

__version__ = "1.0.0"
