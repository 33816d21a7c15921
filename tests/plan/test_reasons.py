"""Every number of an example's plan has a reason, found by either name."""

import pytest
from tests.plan.reasoned import assert_every_number_has_a_reason
from tests.plan.services import EXAMPLES, example, planned


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_number_of_an_example_has_a_reason(path: str) -> None:
    assert_every_number_has_a_reason(planned(example(path)))


def test_a_reason_is_found_by_the_names_of_the_json_and_of_the_classes() -> None:
    plan = planned(example("mistral-7b.yaml"))
    assert plan.why("engine.max_num_seqs") == plan.why("engine.maxNumSeqs") != ""
    assert plan.why("regions[0].pools[0].max_nodes").startswith("4 replicas")
    assert plan.why("engine.nothing") == ""
