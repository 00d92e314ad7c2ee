"""Chosen events, sent again."""
