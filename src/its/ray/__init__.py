"""Runs on Ray: workers in other processes and on other machines, one run directory, one journal.

- `its.ray.workers`: the workers of a run, for `its solve --ray` and `its.Session`
"""
