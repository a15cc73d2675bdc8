"""The model backends there are, and which of them opens a model."""

from __future__ import annotations

from its.models.backend import ModelBackend
from its.models.embedded.backend import EmbeddedBackend
from its.models.local.backend import LocalBackend
from its.models.openai.backend import EndpointBackend
from its.models.recorded.backend import RecordedBackend
from its.models.settings import ModelSettings
from its.parts import Registry

BACKENDS: Registry[ModelBackend] = Registry(
    "model backend",
    ModelBackend,
    "its.models",
    (EmbeddedBackend, RecordedBackend, LocalBackend, EndpointBackend),
)
"""The model backends by name."""


def backend_of(settings: ModelSettings) -> ModelBackend:
    """The backend that opens this model: an endpoint where no other one claims it."""
    claims = (backend() for name, backend in BACKENDS.items() if name != EndpointBackend.name)
    return next((backend for backend in claims if backend.opens(settings)), EndpointBackend())
