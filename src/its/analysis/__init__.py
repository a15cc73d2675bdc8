"""Figures of finished runs, as pure functions: headlines, calibration, returns, comparisons."""
