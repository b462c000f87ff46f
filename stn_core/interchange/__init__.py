"""Models as files for other programs, and what the same theta is there."""
