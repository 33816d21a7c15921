"""What an API server says, as people are told it. The bodies are those of a 1.30 server, shortened."""

from __future__ import annotations

import pytest

from beaufort.kube.errors import ConflictError, ForbiddenError, KubeError, NotFoundError, RefusedError, error_of

CONFLICT = {
    "message": 'Apply failed with 1 conflict: conflict with "kubectl" using apps/v1: .spec.replicas',
    "reason": "Conflict",
    "details": {
        "causes": [
            {
                "reason": "FieldManagerConflict",
                "message": 'conflict with "kubectl" using apps/v1',
                "field": ".spec.replicas",
            }
        ]
    },
}


@pytest.mark.parametrize(
    ("code", "message", "kind", "remedy"),
    [
        (404, 'deployments.apps "a" not found', NotFoundError, ""),
        (403, 'deployments.apps is forbidden: User "u" cannot patch', ForbiddenError, "--print-rbac"),
        (401, "Unauthorized", ForbiddenError, "log in"),
        (
            403,
            'pods "a" is forbidden: exceeded quota: gpus, requested: requests.nvidia.com/gpu=1, used: 4, limited: 4',
            RefusedError,
            "ResourceQuota gpus",
        ),
        (400, 'admission webhook "vlws.kb.io" denied the request: no', RefusedError, "webhook vlws.kb.io"),
        (
            500,
            'Internal error occurred: failed calling webhook "vlws.kb.io": connection refused',
            RefusedError,
            "whether it runs",
        ),
        (422, 'Deployment.apps "a" is invalid: spec.replicas: must be positive', RefusedError, ""),
        (400, 'strict decoding error: unknown field "spec.replica"', RefusedError, ""),
        (500, "failed to create typed patch object (a/d; apps/v1, Kind=Deployment): .spec.x", RefusedError, ""),
        (500, "something else", KubeError, ""),
    ],
)
def test_an_answer_is_told_in_words(code: int, message: str, kind: type[KubeError], remedy: str) -> None:
    error = error_of(code, {"message": message}, "Deployment chat/a")
    assert type(error) is kind
    assert error.status == code
    (problem,) = error.problems
    assert problem.where == "Deployment chat/a"
    assert message.startswith(problem.what)
    assert remedy in problem.remedy


def test_a_conflict_names_the_field_and_its_owner() -> None:
    error = error_of(409, CONFLICT, "Deployment chat/a")
    assert isinstance(error, ConflictError)
    assert str(error.problems[0]).startswith("Deployment chat/a: spec.replicas is kept by kubectl")


@pytest.mark.parametrize("body", [{}, {"message": None}, {"message": "x" * 5000, "details": None}])
def test_an_answer_that_says_little_is_told_all_the_same(body: dict[str, object]) -> None:
    (problem,) = error_of(500, body, "/x").problems
    assert problem.what
    assert len(problem.what) <= 1000
