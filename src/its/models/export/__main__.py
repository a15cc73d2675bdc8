"""`python -m its.models.export --model small-solver --format gguf -o small-solver.gguf`."""

from __future__ import annotations

import argparse
from pathlib import Path

from its.models.embedded import EMBEDDED_MODELS
from its.models.embedded.weights import WEIGHTS, read_weights


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m its.models.export",
        description="Write an embedded model for other engines.",
    )
    parser.add_argument("--model", choices=EMBEDDED_MODELS, default=EMBEDDED_MODELS[0])
    parser.add_argument("--format", choices=("gguf", "hf"), required=True)
    parser.add_argument(
        "-o", "--output", type=Path, required=True, help="a file for gguf, a folder for hf"
    )
    options = parser.parse_args()
    weights = read_weights(WEIGHTS / f"{options.model}.safetensors")
    if options.format == "hf":
        from its.models.export.huggingface import write_huggingface

        write_huggingface(weights, options.output)
    else:
        try:
            from its.models.export.gguf import write_gguf
        except ModuleNotFoundError:
            parser.error("GGUF needs the package gguf: pip install 'its[export]'")
        write_gguf(weights, options.output, f"its-{options.model}")
    print(f"wrote {options.output}")


if __name__ == "__main__":
    main()
