"""Stage issues."""
