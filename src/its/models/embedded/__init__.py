"""The embedded models: small Llamas that ship with the program and run in numpy.

`open_embedded` is the way in; numpy is only imported by it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from its.errors import ConfigurationError

if TYPE_CHECKING:
    from its.models.embedded.model import EmbeddedModel
    from its.models.embedded.weights import Weights

PREFIX = "embedded"
EMBEDDED_MODELS = ("small-solver", "small-verifier", "small-judge", "large-solver")


def is_embedded(name: str) -> bool:
    """Whether a model's name means one of these: `embedded` or `embedded:NAME`."""
    return name == PREFIX or name.startswith(f"{PREFIX}:")


def open_embedded(name: str = PREFIX) -> EmbeddedModel:
    """Open `embedded:NAME`; a bare `embedded` is the small solver.

    Raises ConfigurationError for a name there is no model of.
    """
    weights = weights_of(name)
    from its.models.embedded.model import EmbeddedModel

    return EmbeddedModel(f"{PREFIX}:{_short(name)}", weights)


def weights_of(name: str) -> Weights:
    """The weights of a model. Raises ConfigurationError for a name there is no model of."""
    short = _short(name)
    if not is_embedded(name) or short not in EMBEDDED_MODELS:
        known = ", ".join(f"{PREFIX}:{model}" for model in EMBEDDED_MODELS)
        raise ConfigurationError(f"There is no model {name!r}; the embedded ones are {known}.")
    from its.models.embedded.blas import pin_to_one_thread

    pin_to_one_thread()
    from its.models.embedded.weights import WEIGHTS, read_weights

    return read_weights(WEIGHTS / f"{short}.safetensors")


def _short(name: str) -> str:
    return name.partition(":")[2] or EMBEDDED_MODELS[0]
