"""Stage name."""
