from beaufort.catalog.models import model
from beaufort.plan.replica import Shape
from beaufort.plan.shapes import fixed, shapes, tensor_parallel_sizes
from beaufort.spec.parallelism import Parallelism

MISTRAL = model("mistral-7b-v0.3")


def cuts(found: list[Shape]) -> list[tuple[int, int, int]]:
    return [(shape.tensor_parallel, shape.pipeline_parallel, shape.nodes) for shape in found]


def test_heads_and_kv_heads_are_divided_evenly() -> None:
    assert tensor_parallel_sizes(MISTRAL, 8) == [1, 2, 4, 8]
    assert tensor_parallel_sizes(MISTRAL, 3) == [1, 2]
    assert tensor_parallel_sizes(MISTRAL, 64) == [1, 2, 4, 8]
    assert tensor_parallel_sizes(model("smollm2-135m"), 8) == [1, 3]  # 9 heads, 3 of them for keys and values


def test_what_fits_one_accelerator_is_tried_in_every_size() -> None:
    assert cuts(shapes(MISTRAL, "L4", 4, lambda _: True)) == [(1, 1, 1), (2, 1, 1), (4, 1, 1)]


def test_what_does_not_fit_one_is_cut() -> None:
    assert cuts(shapes(MISTRAL, "L4", 4, lambda shape: shape.accelerators > 1)) == [(2, 1, 1), (4, 1, 1)]


def test_stages_come_only_when_no_node_holds_it_otherwise() -> None:
    # Three accelerators in a node do not divide the heads: three stages in it.
    assert cuts(shapes(MISTRAL, "L4", 3, lambda shape: shape.accelerators >= 3)) == [(1, 3, 1)]
    # One in a node: a stage on each of three nodes.
    across = shapes(MISTRAL, "L4", 1, lambda shape: shape.accelerators >= 3)
    assert cuts(across) == [(1, 3, 3)]
    assert across[0].accelerators_per_node == 1


def test_what_nothing_holds_has_no_shape() -> None:
    assert shapes(MISTRAL, "L4", 8, lambda _: False) == []


def test_a_file_that_fixes_the_cut_is_taken_at_its_word() -> None:
    assert cuts(fixed("L4", 8, [1, 2, 4, 8], Parallelism(tensor=2))) == [(2, 1, 1)]
    assert cuts(fixed("L4", 8, [1, 2, 4, 8], Parallelism(tensor=2, pipeline=3))) == [(2, 3, 1)]
    assert cuts(fixed("L4", 2, [1, 2], Parallelism(pipeline=2))) == [(1, 2, 1), (2, 2, 2)]
