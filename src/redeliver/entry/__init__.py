"""Where a run begins and ends: a workflow's step or a command. Text in, text out."""
