"""Verifiers: what can be checked exactly is checked, not judged."""
