"""Find failed GitHub webhook deliveries, redeliver them, and report the result."""

__version__ = "1.0.0"
#: Where this action lives on GitHub. ``make home`` changes it, here and wherever else it is named.
REPOSITORY = "org/redeliver-action"
