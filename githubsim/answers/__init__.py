"""What GitHub answers to each kind of request, one file a subject."""
