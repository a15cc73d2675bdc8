"""What every page of tests on runs may use."""

from tests.runs.endpoint_runs import forking

__all__ = ["forking"]
