"""GitHub's API, behind PyGithub."""
