"""The scheduler's messages are those of a 1.30 scheduler."""

from __future__ import annotations

import pytest

from beaufort.rollout.scheduling import explain


@pytest.mark.parametrize(
    ("message", "what", "remedy"),
    [
        (
            (
                "0/2 nodes are available: 2 Insufficient nvidia.com/gpu. preemption: 0/2 nodes are available: 2 No "
                "preemption victims found for incoming pod."
            ),
            "no node of 2 takes it: 2 Insufficient nvidia.com/gpu",
            "add nodes with nvidia.com/gpu",
        ),
        (
            (
                "0/7 nodes are available: 1 Insufficient cpu, 2 node(s) had untolerated taint {nvidia.com/gpu: yes}, "
                "4 node(s) didn't match Pod's node affinity/selector. preemption: not helpful"
            ),
            (
                "no node of 7 takes it: 4 didn't match Pod's node affinity/selector, 2 had untolerated taint "
                "{nvidia.com/gpu: yes}, 1 Insufficient cpu"
            ),
            "label the nodes",
        ),
        (
            "0/1 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/unreachable: }.",
            "no node of 1 takes it: 1 had untolerated taint {node.kubernetes.io/unreachable: }",
            "remove the taint node.kubernetes.io/unreachable",
        ),
        ("no nodes available to schedule pods", "the cluster has no node", "add nodes"),
        ("0/0 nodes are available: .", "the cluster has no node", "add nodes"),
        (
            '0/3 nodes are available: persistentvolumeclaim "weights" not found. preemption: x',
            'no node of 3 takes it: persistentvolumeclaim "weights" not found',
            "the claim weights is missing",
        ),
        ("", "the scheduler found no place", ""),
    ],
)
def test_a_message_is_told_in_words(message: str, what: str, remedy: str) -> None:
    told = explain(message)
    assert told.what == what
    assert remedy in told.remedy
    assert bool(remedy) == bool(told.remedy)
