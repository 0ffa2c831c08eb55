"""Stage curate."""
