"""A replay as a page, as lines and as JSON. Pure."""
