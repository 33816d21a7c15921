"""How a replica may be cut: over accelerators of one node that share every layer, or in stages of layers.

A 7B or 12B model is not cut when it fits one accelerator, unless the latency needs it: two replicas serve more than
one replica of two halves, which wait for each other twice a layer. Stages (pipeline parallelism) are for models that
no node holds otherwise. A file that fixes how a replica is cut is taken at its word.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

from beaufort.catalog.models import Architecture
from beaufort.plan.replica import Shape
from beaufort.spec.parallelism import Parallelism

_MOST_STAGES = 16


def shapes(architecture: Architecture, accelerator: str, per_node: int, fits: Callable[[Shape], bool]) -> list[Shape]:
    """Return the shapes that hold the model, the fewest accelerators first; none when nothing does.

    Args:
        architecture: Its heads and KV heads must divide among the accelerators that share a layer.
        accelerator: The catalog's name.
        per_node: Accelerators of one node.
        fits: Whether a shape's memory holds the weights and one request.
    """
    parallel = tensor_parallel_sizes(architecture, per_node)
    sharded = [Shape(accelerator=accelerator, tensor_parallel=size) for size in parallel]
    inside = [shape for shape in sharded if fits(shape)]
    if inside:
        return inside
    stages = range(2, min(_MOST_STAGES, architecture.layers) + 1)
    staged = [
        Shape(accelerator=accelerator, tensor_parallel=size, pipeline_parallel=count)
        for size, count in product(parallel, stages)
        if size * count <= per_node
    ]
    across = [
        Shape(accelerator=accelerator, tensor_parallel=parallel[-1], pipeline_parallel=count, nodes=count)
        for count in stages
    ]
    for group in (staged, across):
        fitting = sorted((shape for shape in group if fits(shape)), key=lambda shape: shape.accelerators)
        if fitting:
            return fitting[:1]
    return []


def fixed(accelerator: str, per_node: int, sizes: list[int], asked: Parallelism) -> list[Shape]:
    """Return the shapes that a file leaves, whether or not they hold the model.

    Args:
        accelerator: The catalog's name.
        per_node: Accelerators of one node.
        sizes: Tensor parallel sizes to try where the file leaves them open.
        asked: What the file fixes.
    """
    stages = asked.pipeline or 1
    return [
        Shape(
            accelerator=accelerator,
            tensor_parallel=size,
            pipeline_parallel=stages,
            nodes=1 if size * stages <= per_node else stages,
        )
        for size in ([asked.tensor] if asked.tensor else sizes)
    ]


def tensor_parallel_sizes(architecture: Architecture, per_node: int) -> list[int]:
    """Return the numbers of accelerators that heads and KV heads divide among, up to ``per_node``, ascending."""
    most = min(per_node, architecture.kv_heads)
    return [size for size in range(1, most + 1) if architecture.heads % size == 0 and architecture.kv_heads % size == 0]
