"""The example configurations of servers and providers: each is valid, and stands in the docs."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest

from its.errors import ConfigurationError
from its.models.backends import backend_of
from its.models.openai.backend import EndpointBackend
from its.pipeline.clients import public_address
from its.pipeline.load import load_pipeline, provider_names
from tests.servers.process import ROOT

PAGE = (ROOT / "docs" / "endpoints.md").read_text()
WELL_KNOWN = {
    "vllm", "sglang", "llama_cpp", "ollama", "lm_studio", "tgi", "openai", "azure", "openrouter",
    "together", "groq", "deepseek", "mistral", "anthropic", "gemini",
}  # fmt: skip


def test_the_well_known_ones_are_there() -> None:
    assert set(provider_names()) >= WELL_KNOWN


@pytest.mark.parametrize("name", provider_names())
def test_an_example_is_a_pipeline_for_an_endpoint_of_its_own(name: str) -> None:
    model = load_pipeline(f"providers/{name}").model
    address = urlsplit(model.base_url or "")
    local = address.hostname == "localhost"
    assert isinstance(backend_of(model), EndpointBackend)
    assert address.scheme == ("http" if local else "https")
    assert not address.path.endswith(("/", "/chat/completions"))
    keyed = "api_key_env" in model.model_fields_set
    assert keyed or local, "a hosted model needs a key of its own name"
    backend_of(model).open(model, seed=0, streamed=False)


@pytest.mark.parametrize("name", provider_names())
def test_an_example_stands_in_the_docs_as_it_is(name: str) -> None:
    model = load_pipeline(f"providers/{name}").model
    row = re.search(rf"^\| `providers/{name}` \|.*$", PAGE, re.MULTILINE)
    assert row, f"docs/endpoints.md has no row for providers/{name}"
    assert f"`{public_address(model)}`" in row[0]
    key = model.api_key_env if "api_key_env" in model.model_fields_set else "none"
    assert f"| `{key}` |" in row[0] or f"| {key} |" in row[0]


def test_a_model_is_named_beside_an_example() -> None:
    pipeline = load_pipeline("providers/groq", model="llama-3.1-8b-instant")
    assert pipeline.model.name == "llama-3.1-8b-instant"
    assert pipeline.model.api_key_env == "GROQ_API_KEY"


def test_a_mistyped_example_gets_a_suggestion() -> None:
    with pytest.raises(ConfigurationError, match="did you mean 'providers/groq'"):
        load_pipeline("providers/grok")
