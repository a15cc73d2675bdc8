"""A real llama.cpp server on loopback, in a process of its own, and what it counted.

    with llama_cpp(shipped_weights("small-solver"), slots=8) as server:
        ask(server.base_url)
        assert server.counters().completion_tokens == ...

Its own sampling defaults are neutral (no top-k, top-p or min-p), so that a request that names only
a temperature draws from the model's distribution. The child ends with this process, whatever
happens: it waits on its standard input.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.request import urlopen

from its.models.embedded.weights import WEIGHTS, Weights, read_weights

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Counters:
    """All that the server has done: completions begun (its own log's count) and, of finished and
    stopped ones, prompt tokens (run and taken from its cache) and generated tokens."""

    completions: int
    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int


@dataclass(frozen=True, slots=True)
class LlamaCpp:
    """A running server: `base_url` ends in /v1; `name` is what it calls its model."""

    base_url: str
    name: str
    log: Path
    process: int

    def counters(self) -> Counters:
        with urlopen(f"{self.base_url.removesuffix('/v1')}/metrics", timeout=30) as reply:
            lines = reply.read().decode().splitlines()
        metrics = dict(line.split() for line in lines if line.startswith("llamacpp:"))
        run = int(metrics["llamacpp:prompt_tokens_total"])
        cached = int(metrics["llamacpp:prompt_tokens_cached_total"])
        return Counters(
            completions=self.log.read_text(errors="replace").count("| processing task"),
            prompt_tokens=run + cached,
            cached_tokens=cached,
            completion_tokens=int(metrics["llamacpp:tokens_predicted_total"]),
        )

    def cpu_seconds(self) -> float:
        """Processor time of the server so far (Linux)."""
        fields = Path(f"/proc/{self.process}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def shipped_weights(name: str = "small-solver") -> Weights:
    """The weights of a shipped model."""
    return read_weights(WEIGHTS / f"{name}.safetensors")


@contextmanager
def llama_cpp(
    weights: Weights, *, slots: int = 4, context: int = 1024, exact: bool = False
) -> Iterator[LlamaCpp]:
    """Serve these weights: `slots` completions at once, each with a context of so many tokens, on
    one thread. `exact` has it keep keys and values in fp32 and do without flash attention, which
    brings its log-probabilities from within 0.02 of the true ones to within 1e-4."""
    from its.models.export.gguf import write_gguf

    with TemporaryDirectory() as folder:
        model, log = Path(folder, "model.gguf"), Path(folder, "log")
        write_gguf(weights, model, "its")
        options = [f"--slots={slots}", f"--context={slots * context}"]
        options += ["--exact"] if exact else []
        command = [sys.executable, "-m", "tests.servers.llama_cpp", str(model), *options]
        with (
            log.open("wb") as errors,
            subprocess.Popen(
                command,
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            ) as process,
        ):
            assert process.stdout is not None
            try:
                url = process.stdout.readline().strip()
                if not url:
                    raise RuntimeError(f"llama.cpp did not start:\n{log.read_text()}")
                yield LlamaCpp(f"{url}/v1", "its", log, process.pid)
            finally:
                process.kill()


def _serve() -> None:
    import xllamacpp

    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("--slots", type=int)
    parser.add_argument("--context", type=int)
    parser.add_argument("--exact", action="store_true")
    options = parser.parse_args()
    parameters = xllamacpp.CommonParams()
    parameters.model.path = options.model
    parameters.model_alias = {"its"}
    parameters.n_parallel = options.slots
    parameters.n_ctx = options.context
    parameters.cpuparams.n_threads = 1
    parameters.cpuparams_batch.n_threads = 1
    parameters.endpoint_metrics = True
    if options.exact:
        flash = xllamacpp.llama_flash_attn_type
        parameters.flash_attn_type = flash.LLAMA_FLASH_ATTN_TYPE_DISABLED
        parameters.cache_type_k = parameters.cache_type_v = xllamacpp.ggml_type.GGML_TYPE_F32
    parameters.sampling.top_k = 0
    parameters.sampling.top_p = 1.0
    parameters.sampling.min_p = 0.0
    server = xllamacpp.Server(parameters)
    print(server.listening_address, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    _serve()
