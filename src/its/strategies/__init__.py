"""Strategies: a problem and a door in, candidates out. One algorithm a file."""
