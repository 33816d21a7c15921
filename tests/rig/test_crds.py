from pathlib import Path

import pytest
import yaml

from rig import crds, toolchain
from rig.crds import CrdError, Source
from rig.gomodule import Module
from rig.toolchain import Go

CRD = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n"


def documents() -> list[dict[str, object]]:
    return [each for path in sorted(crds.SCHEMAS.glob("*.yaml")) for each in yaml.safe_load_all(path.read_text())]


def test_every_schema_by_hand_names_its_source_and_commit() -> None:
    for path in crds.SCHEMAS.glob("*.yaml"):
        head = path.read_text().split("apiVersion:")[0].replace("\n#", "")
        assert "reduced by hand" in head, path
        assert "on GitHub" in head, path
        assert any(len(word.rstrip(".")) == 40 for word in head.split()), path


def test_the_schemas_by_hand_are_those_that_no_module_ships() -> None:
    names = {each["metadata"]["name"] for each in documents()}  # type: ignore[index] # YAML is what it is
    assert names == {
        "clusterpolicies.nvidia.com",
        "deviceconfigs.amd.com",
        "chaosengines.litmuschaos.io",
        "chaosexperiments.litmuschaos.io",
        "chaosresults.litmuschaos.io",
    }


def test_a_row_that_changes_has_another_place(tmp_path: Path) -> None:
    module = Module("example.com/m", "v1.0.0")
    rows = [
        Source("m", module, ("*.yaml",)),
        Source("m", module, ("a.yaml",)),
        Source("m", Module("example.com/m", "v1.0.1"), ("*.yaml",)),
    ]
    assert len({row.place(tmp_path) for row in rows}) == 3
    assert len({source.name for source in crds.SOURCES}) == len(crds.SOURCES)


class Shipping(Go):
    """A Go whose modules are a folder."""

    def download(self, module: Module, directory: Path) -> Path:
        assert directory.is_dir()
        return self.program.parent / module.version


def test_definitions_are_taken_from_a_module_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shipped = tmp_path / "v1" / "config"
    shipped.mkdir(parents=True)
    (shipped / "a.yaml").write_text(f"# by its owner\n{CRD}")
    (shipped / "kustomization.yaml").write_text("resources: [a.yaml]\n")
    source = Source("m", Module("example.com/m", "v1"), ("config/*.yaml",))
    monkeypatch.setattr(crds, "SOURCES", (source,))
    monkeypatch.setattr(toolchain, "find", lambda _cache, _say: Shipping(tmp_path / "go"))
    said = list[str]()
    for _ in range(2):
        assert crds.fetch(tmp_path / "cache", said.append) == (crds.SCHEMAS, source.place(tmp_path / "cache"))
    assert [path.name for path in source.place(tmp_path / "cache").iterdir()] == ["a.yaml"]
    assert len(said) == 2  # begun and done, once


def test_a_module_without_the_files_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "v1").mkdir()
    source = Source("m", Module("example.com/m", "v1"), ("config/*.yaml",))
    monkeypatch.setattr(crds, "SOURCES", (source,))
    monkeypatch.setattr(toolchain, "find", lambda _cache, _say: Shipping(tmp_path / "go"))
    with pytest.raises(CrdError, match=r"example.com/m@v1 has no config/\*\.yaml"):
        crds.fetch(tmp_path / "cache", lambda _: None)
    assert not source.place(tmp_path / "cache").exists()
