"""An issue that says how the webhooks are doing: what a report says, and what changes in the issue. Pure."""
