"""The picture of the DAG in the page of architecture: layers of models, and which layer reads which."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from cdp_cli.documentation.inputs import Inputs
from cdp_cli.engine_package import NAME
from cdp_cli.project import ModelNode, Project

PATH = Path("docs") / "explanation" / "architecture.md"
BLOCK = "dag"
_RAW, _LOGS, _SEEDS = "raw", "logs", "seeds"


def page(inputs: Inputs) -> str:
    """A Mermaid diagram with one node a layer."""
    layers = {model.unique_id: layer_of(model) for model in inputs.project.models}
    owners = {layer: _owner(inputs.project, layer) for layer in dict.fromkeys(layers.values())}
    counts = Counter(layers.values())
    nodes = [
        f'    {layer}["{layer}<br>{counts[layer]} model{"s" if counts[layer] > 1 else ""}"]:::{owners[layer]}'
        for layer in sorted(counts)
    ]
    lines = [
        "```mermaid",
        "flowchart LR",
        f'    {_RAW}[("raw tables")]',
        f'    {_LOGS}[("logs of cdp and of segments")]',
        f'    {_SEEDS}[("seeds")]:::engine',
        *nodes,
        '    sync(["cdp sync"])',
        '    destinations(["destinations"])',
        *(f"    {source} --> {target}" for source, target in edges(inputs.project)),
        "    activation --> sync --> destinations",
        f"    sync -.-> {_LOGS}",
        "    classDef engine fill:#e6fffa,stroke:#2c7a7b",
        "    classDef project fill:#ebf4ff,stroke:#2b6cb0",
        "```",
    ]
    return "\n".join(lines)


def layer_of(model: ModelNode) -> str:
    """The folder below models/ that a model is in."""
    return Path(model.path).parts[1]


def edges(project: Project) -> list[tuple[str, str]]:
    """Each pair of layers of which the second reads the first, sorted."""
    return sorted(set(_edges(project)))


def _edges(project: Project) -> Iterator[tuple[str, str]]:
    layers = {model.unique_id: layer_of(model) for model in project.models}
    operational = {table.source for table in project.sources if table.meta.get("operational")}
    for model in project.models:
        for read in model.depends_on:
            kind, _, name = read.partition(".")
            if kind == "model":
                source = layers[read]
            elif kind == "source":
                source = _LOGS if name.split(".")[1] in operational else _RAW
            else:
                source = _SEEDS
            if source != layers[model.unique_id]:
                yield source, layers[model.unique_id]


def _owner(project: Project, layer: str) -> str:
    packages = {model.unique_id.split(".")[1] for model in project.models if layer_of(model) == layer}
    return "engine" if NAME in packages else "project"
