"""An issue that says how the webhooks are doing, kept up to date from the reports of runs."""
