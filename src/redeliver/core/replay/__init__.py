"""Sending chosen events again: what to choose, what is planned, what became of it. Pure."""
