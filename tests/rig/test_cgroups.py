from pathlib import Path

import pytest

from rig import cgroups

FOLDER, OTHER = Path("/clusters/one"), Path("/clusters/other")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return what hierarchies of the first version look like, as far as folders do."""
    for name in ("cpu", "cpuset", "memory"):
        (tmp_path / name).mkdir()
    for file, text in (("cpuset.cpus", "0-1\n"), ("cpuset.mems", "0\n")):
        (tmp_path / "cpuset" / file).write_text(text)
    (tmp_path / "cpu,cpuacct").symlink_to("cpu")
    return tmp_path


def test_a_group_is_made_in_every_hierarchy_once(root: Path) -> None:
    name = cgroups.name(FOLDER, "n1")
    cgroups.make(name, root)
    cgroups.make(name, root)
    assert sorted(path.parent.name for path in root.glob(f"*/{name}") if not path.parent.is_symlink()) == [
        "cpu",
        "cpuset",
        "memory",
    ]


def test_the_groups_of_one_cluster_go_and_those_of_others_stay(root: Path) -> None:
    for folder, node in ((FOLDER, "n1"), (FOLDER, "n2"), (OTHER, "n1")):
        cgroups.make(cgroups.name(folder, node), root)
        (root / "cpu" / cgroups.name(folder, node) / "kubepods" / "pod1").mkdir(parents=True)
    assert cgroups.remove(FOLDER, "n1", root) == []
    assert not list(root.glob(f"*/{cgroups.name(FOLDER, 'n1')}"))
    assert list(root.glob(f"*/{cgroups.name(FOLDER, 'n2')}"))
    assert cgroups.remove(FOLDER, root=root) == []
    assert list(root.glob(f"*/{cgroups.name(OTHER, 'n1')}"))


def test_a_group_that_does_not_go_is_told(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cgroups, "_PATIENCE", 0.05)
    group = root / "cpu" / cgroups.name(FOLDER, "n1")
    group.mkdir()
    (group / "a process is in it").write_text("")
    assert cgroups.remove(FOLDER, root=root) == [group]
