import base64
from pathlib import Path

import pytest
import yaml

from rig import addons, pki
from rig.network import ADVERTISED, DNS_SERVICE

from .conftest import NOW, PORTS


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    pki.make(tmp_path / "pki", PORTS, NOW)
    addons.prepare(tmp_path)
    return tmp_path


def test_the_objects_lead_to_the_hub_and_trust_the_clusters_authority(folder: Path) -> None:
    found = list(yaml.safe_load_all(addons.manifests(folder, "dns", "metrics", "storage", "lws")))
    kinds = [each["kind"] for each in found]
    assert kinds.count("Endpoints") == 2
    assert {each["subsets"][0]["addresses"][0]["ip"] for each in found if each["kind"] == "Endpoints"} == {ADVERTISED}
    assert next(each for each in found if each["metadata"]["name"] == "kube-dns")["spec"]["clusterIP"] == DNS_SERVICE
    hooks = [hook["clientConfig"] for each in found if "Webhook" in each["kind"] for hook in each["webhooks"]]
    authority = (folder / "pki" / "ca.crt").read_bytes()
    assert len(hooks) == 4
    assert all(base64.b64decode(each["caBundle"]) == authority for each in hooks)
    assert all(each["url"].startswith(f"https://{ADVERTISED}:9443/") for each in hooks)


def test_every_file_that_an_addon_is_given_is_there(folder: Path) -> None:
    (folder / "stages").mkdir()
    (folder / "stages" / "node.yaml").write_text("")
    every = [
        *addons.coredns(folder),
        *addons.metrics_server(folder),
        *addons.lws(folder),
        *addons.kwok(folder, folder / "stages"),
    ]
    named = [part.rpartition("=")[2] for part in every if str(folder) in part]
    assert len(named) >= 9
    assert [each for each in named if not Path(each).is_file()] == []
    certificates = yaml.safe_load((folder / "addons" / "lws.yaml").read_text())["webhook"]["certDir"]
    assert sorted(path.name for path in Path(certificates).iterdir()) == ["tls.crt", "tls.key"]
