import base64
import stat
from pathlib import Path

import pytest
import yaml
from cryptography import x509

from rig import pki
from rig.network import ADVERTISED, LOOPBACK

from .conftest import NOW, PORTS


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    pki.make(tmp_path / "pki", PORTS, NOW)
    return tmp_path / "pki"


def load(folder: Path, name: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate((folder / f"{name}.crt").read_bytes())


def test_no_secret_is_readable_by_others(folder: Path) -> None:
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    secrets = [*folder.glob("*.key"), *folder.glob("*.kubeconfig")]
    assert len(secrets) == 22
    assert {stat.S_IMODE(path.stat().st_mode) for path in secrets} == {0o600}


def test_every_certificate_is_of_its_authority_only(folder: Path) -> None:
    for authority in pki.LEAVES:
        for other, leaves in pki.LEAVES.items():
            for name in leaves:
                certificate, issuer = load(folder, name), load(folder, authority)
                if other == authority:
                    certificate.verify_directly_issued_by(issuer)
                else:
                    with pytest.raises(ValueError, match="does not match"):
                        certificate.verify_directly_issued_by(issuer)


def test_a_kubeconfig_carries_its_users_own_certificate(folder: Path) -> None:
    addresses = dict.fromkeys(pki.KUBECONFIGS, LOOPBACK) | dict.fromkeys(pki.REMOTE_KUBECONFIGS, ADVERTISED)
    for user, address in addresses.items():
        document = yaml.safe_load((folder / f"{user}.kubeconfig").read_text())
        assert document["clusters"][0]["cluster"]["server"] == f"https://{address}:6443"
        credentials = document["users"][0]["user"]
        assert base64.b64decode(credentials["client-certificate-data"]) == (folder / f"{user}.crt").read_bytes()
        assert base64.b64decode(credentials["client-key-data"]) == (folder / f"{user}.key").read_bytes()
