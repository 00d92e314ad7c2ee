"""What .github/workflows/release.yml does, as steps that are tested."""
