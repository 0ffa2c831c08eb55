"""Stage neighbors."""
