from pathlib import Path

import pytest

from rig import kubectl
from rig.kubectl import KubectlError


@pytest.fixture
def program(tmp_path: Path) -> Path:
    made = tmp_path / "kubectl"
    made.write_text('#!/bin/sh\n[ "$3" != fail ] || { echo "you may not" >&2; exit 1; }\necho "$@"\ncat\n')
    made.chmod(0o755)
    return made


def test_it_is_the_administrator_and_keeps_its_cache_with_the_cluster(tmp_path: Path, program: Path) -> None:
    said = kubectl.run(str(program), tmp_path, ["apply", "-f", "-"], "kind: X\n")
    assert said.splitlines() == [
        f"--kubeconfig={tmp_path}/pki/admin.kubeconfig --cache-dir={tmp_path}/kubectl apply -f -",
        "kind: X",
    ]


def test_a_refusal_is_told(tmp_path: Path, program: Path) -> None:
    with pytest.raises(KubectlError, match=r"the cluster refused `kubectl fail`:\nyou may not"):
        kubectl.run(str(program), tmp_path, ["fail"])
