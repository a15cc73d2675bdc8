"""Rewards: a candidate or a prefix in, a score with its reason out. One reward a file."""
