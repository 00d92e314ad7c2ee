"""What ``redeliver init`` writes and stores. See :mod:`redeliver.entry.init`."""
