from __future__ import annotations

from beaufort.render.names import LABEL, STATEFUL, Names, fitting


def test_short_names_are_joined() -> None:
    assert fitting("mistral-7b", "engine", "") == "mistral-7b-engine"


def test_long_names_are_cut_and_stay_different() -> None:
    names = {fitting("a" * 60, "engine", pool) for pool in ("one", "two")}
    assert len(names) == 2
    assert all(len(name) == LABEL for name in names)


def test_no_name_ends_its_cut_with_a_hyphen() -> None:
    assert "--" not in fitting("a" * 55 + "-" + "b" * 20)


def test_a_workload_leaves_room_for_the_hash_of_a_revision() -> None:
    assert len(Names("s" * 63, "default").engine("h100-on-demand")) == STATEFUL
