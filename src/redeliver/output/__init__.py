"""A report as sentences, Markdown and charts. Pure."""
