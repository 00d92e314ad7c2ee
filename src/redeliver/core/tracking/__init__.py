"""An issue that says how the webhooks do: what a report tells, and what changes in the issue. Decides; no I/O."""
