import pytest
from pydantic import ValidationError
from tests.plan.services import service

from beaufort.plan.remedy.change import Change, changed


def test_a_value_is_changed_set_and_added() -> None:
    asked = service("accelerators: [{product: L4}]", "replicas: 2")
    other = changed(
        asked,
        (
            Change(("spec", "accelerators", 0, "maxNodes"), 7, "raise"),
            Change(("spec", "accelerators", 1), {"product": "H100"}, "add"),
            Change(("spec", "budget", "perHour"), 31.0),
            Change(("spec", "replicas", "max"), 9, "raise"),
        ),
    )
    assert [(each.product, each.max_nodes) for each in other.spec.accelerators] == [("L4", 7), ("H100", 1)]
    assert other.spec.budget is not None
    assert other.spec.budget.per_hour == 31
    assert other.spec.replicas is not None
    assert (other.spec.replicas.min, other.spec.replicas.max) == (2, 9)
    assert changed(asked, ()) == asked


def test_a_value_is_left_out() -> None:
    asked = service("parallelism: {tensor: 2}")
    assert changed(asked, (Change(("spec", "parallelism"), None),)) == service()
    assert str(Change(("spec", "parallelism"), None)) == "remove spec.parallelism"


def test_what_the_file_refuses_is_refused() -> None:
    with pytest.raises(ValidationError):
        changed(service(), (Change(("spec", "model", "contextLength"), 1),))


def test_a_change_is_told_in_the_words_of_the_file() -> None:
    assert str(Change(("spec", "budget", "perHour"), 31.0, "raise")) == "raise spec.budget.perHour to 31"
    assert str(Change(("spec", "accelerators", 0, "maxNodes"), 4, "raise")) == (
        "raise spec.accelerators[0].maxNodes to 4"
    )
    entry = Change(("spec", "accelerators", 1), {"product": "H100", "maxNodes": 2}, "add")
    assert str(entry) == "add {product: H100, maxNodes: 2} to spec.accelerators"
