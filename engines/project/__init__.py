"""Stage project."""
