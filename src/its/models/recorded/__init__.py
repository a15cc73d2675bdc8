"""Recorded samples as a model: what an earlier run drew answers instead of an endpoint."""

from its.models.recorded.loading import load_pool
from its.models.recorded.model import RecordedModel
from its.models.recorded.pool import Pool, PoolProblem, RecordedSample

__all__ = ["Pool", "PoolProblem", "RecordedModel", "RecordedSample", "load_pool"]
