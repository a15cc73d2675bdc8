"""Inference-time scaling: better answers from the same model, every token accounted for."""

__version__ = "0.1.0"
