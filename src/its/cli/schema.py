"""`its schema`: the JSON Schema of a pipeline file."""

from __future__ import annotations


def schema() -> None:
    """Print the JSON Schema of the configuration, for editors."""
    import orjson

    from its.pipeline.config import Pipeline
    from its.terminal import write_data

    content = Pipeline.model_json_schema()
    content["title"] = "its pipeline"
    write_data(orjson.dumps(content, option=orjson.OPT_INDENT_2) + b"\n")
