"""Find failed GitHub webhook deliveries, redeliver them, and report the result."""

__version__ = "1.0.0"
