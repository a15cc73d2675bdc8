"""Batch APIs of providers: files of requests that are answered within a day, for less money."""
