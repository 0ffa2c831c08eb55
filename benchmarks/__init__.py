"""Speed, memory and quality, measured; run by hand, never as tests."""
