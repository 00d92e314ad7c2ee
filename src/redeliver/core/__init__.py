"""What decides. Pure: no clock, no network, no files."""
