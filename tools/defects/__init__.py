"""The action, broken on purpose, and the tests that must notice: ``make defects``."""
