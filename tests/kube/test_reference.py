"""Which object, and when its turn is."""

from __future__ import annotations

from beaufort.kube.reference import Reference


def test_objects_come_after_what_they_refer_to() -> None:
    kinds = ["Namespace", "ServiceAccount", "Secret", "PersistentVolumeClaim", "Service", "Deployment", "ScaledObject"]
    references = [Reference("v1", kind, "a", name) for kind in kinds for name in ("x", "y")]
    assert sorted(set(references), key=lambda each: each.order) == references  # a set has no order of its own


def test_an_object_is_the_same_in_another_version() -> None:
    one = Reference("autoscaling/v1", "HorizontalPodAutoscaler", "a", "x")
    two = Reference("autoscaling/v2", "HorizontalPodAutoscaler", "a", "x")
    assert one != two
    assert one.same == two.same
    assert str(one) == "HorizontalPodAutoscaler a/x"
