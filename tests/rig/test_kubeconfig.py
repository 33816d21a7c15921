import stat
from pathlib import Path

import pytest
import yaml

from beaufort.errors import UsageError
from rig import kubeconfig
from rig.certificates import Pair

TEXT = kubeconfig.text("https://127.0.0.1:6443", "authority", Pair("certificate", "key"))


def test_its_one_context_is_the_current_one() -> None:
    document = yaml.safe_load(TEXT)
    (context,) = document["contexts"]
    assert context == {"name": document["current-context"], "context": {"cluster": "rig", "user": "rig"}}
    assert [each["name"] for each in document["clusters"]] == ["rig"]
    assert [each["name"] for each in document["users"]] == ["rig"]
    assert document["clusters"][0]["cluster"]["certificate-authority-data"] == "YXV0aG9yaXR5"


def test_only_its_owner_can_read_what_is_published(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "kubeconfig"
    for _ in range(2):  # replacing an own one
        kubeconfig.publish(path, TEXT)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert yaml.safe_load(path.read_text()) == yaml.safe_load(TEXT)
    kubeconfig.withdraw(path)
    kubeconfig.withdraw(path)
    assert not path.exists()


@pytest.mark.parametrize("content", [TEXT, "", "apiVersion: v1\n"])
def test_somebody_elses_file_is_neither_replaced_nor_removed(tmp_path: Path, content: str) -> None:
    path = tmp_path / "config"
    path.write_text(content)
    with pytest.raises(UsageError, match="not the rig's to replace"):
        kubeconfig.publish(path, TEXT)
    kubeconfig.withdraw(path)
    assert path.read_text() == content
