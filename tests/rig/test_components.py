import re
from pathlib import Path

import pytest
import yaml

from rig import components, pki, versions
from rig.network import ADVERTISED, LOOPBACK
from rig.versions import DEFAULT, RELEASES

from .conftest import NOW, PORTS

FOLDER = Path("/clusters/one")
ON = versions.gates(DEFAULT)


def every(folder: Path) -> dict[str, list[str]]:
    return {
        components.ETCD: components.etcd(folder, PORTS),
        components.APISERVER: components.apiserver(folder, PORTS, ON, versions.apis(DEFAULT)),
        components.CONTROLLER_MANAGER: components.controller_manager(folder, PORTS, ON),
        components.SCHEDULER: components.scheduler(folder, PORTS, ON),
    }


@pytest.mark.parametrize("name", components.NAMES)
def test_no_argument_is_given_twice_or_without_a_value(name: str) -> None:
    arguments = every(FOLDER)[name]
    names = [argument.split("=")[0] for argument in arguments]
    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"--[a-z-]+(=.+)?", argument) for argument in arguments)


@pytest.mark.parametrize("name", components.NAMES)
def test_every_file_that_is_named_is_one_that_is_made(name: str, tmp_path: Path) -> None:
    pki.make(tmp_path / "pki", PORTS, NOW)
    (tmp_path / "scheduler.yaml").write_text(components.scheduler_configuration(tmp_path))
    named = [Path(value) for argument in every(tmp_path)[name] if (value := argument.partition("=")[2]).startswith("/")]
    assert len(named) > 3
    assert [path for path in named if not path.is_file() and path != tmp_path / "etcd"] == []


@pytest.mark.parametrize("name", components.NAMES)
def test_nothing_listens_anywhere_but_on_loopback(name: str) -> None:
    arguments = every(FOLDER)[name]
    listening = [each.partition("=")[2] for each in arguments if each.startswith(("--bind-address", "--listen-"))]
    assert listening
    assert all(value == LOOPBACK or value.startswith(f"https://{LOOPBACK}:") for value in listening)


def test_nodes_will_find_the_api_server_where_its_certificate_says() -> None:
    assert f"--advertise-address={ADVERTISED}" in components.apiserver(FOLDER, PORTS, {}, ())
    assert ADVERTISED in pki.LEAVES["ca"]["apiserver"].names


def test_gates_and_apis_are_given_to_whom_they_concern() -> None:
    gate = "--feature-gates=ServiceTrafficDistribution=true,VolumeAttributesClass=true"
    assert [name for name, arguments in every(FOLDER).items() if gate in arguments] == list(components.NAMES[1:])
    assert "--runtime-config=storage.k8s.io/v1alpha1=true" in every(FOLDER)[components.APISERVER]


def test_without_gates_there_is_no_such_argument() -> None:
    newest = components.apiserver(FOLDER, PORTS, versions.gates(RELEASES[-1]), versions.apis(RELEASES[-1]))
    assert not [argument for argument in newest if "gates" in argument or "runtime-config" in argument]


def test_a_gate_can_be_switched_off() -> None:
    assert "--feature-gates=A=false,B=true" in components.scheduler(FOLDER, PORTS, {"B": True, "A": False})


def test_the_scheduler_reads_its_own_kubeconfig() -> None:
    configuration = yaml.safe_load(components.scheduler_configuration(FOLDER))
    assert configuration["clientConnection"]["kubeconfig"] == "/clusters/one/pki/scheduler.kubeconfig"
    assert configuration["leaderElection"] == {"leaderElect": False}


def test_with_nodes_the_api_server_is_reached_by_them_and_failures_are_seen_soon() -> None:
    server = components.apiserver(FOLDER, PORTS, {}, (), nodes=True)
    assert "--bind-address=0.0.0.0" in server
    assert {"--default-not-ready-toleration-seconds=5", "--default-unreachable-toleration-seconds=5"} <= set(server)
    manager = components.controller_manager(FOLDER, PORTS, {}, nodes=True)
    assert {"--node-monitor-grace-period=6s", "--enable-hostpath-provisioner=true"} <= set(manager)
    # KWOK's nodes send no heartbeats.
    patient = components.controller_manager(FOLDER, PORTS, {}, nodes=True, patient=True)
    assert "--node-monitor-grace-period=10000s" in patient
    assert not any("grace-period" in each for each in components.controller_manager(FOLDER, PORTS, {}))
