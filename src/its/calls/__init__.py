"""The one door to a model: budget, journal, limits and retries, ledger, trace."""
