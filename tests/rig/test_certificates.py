import datetime as dt
import socket
import ssl
import threading
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from rig.certificates import Authority, Pair, new_key, private_pem, public_pem

from .conftest import NOW


def files(folder: Path, name: str, pair: Pair) -> tuple[str, str]:
    (folder / f"{name}.crt").write_text(pair.certificate)
    (folder / f"{name}.key").write_text(pair.key)
    return str(folder / f"{name}.crt"), str(folder / f"{name}.key")


def context(purpose: ssl.Purpose, folder: Path, name: str, pair: Pair, trusted: Authority) -> ssl.SSLContext:
    made = ssl.create_default_context(purpose, cadata=trusted.pair().certificate)
    made.load_cert_chain(*files(folder, name, pair))
    # What OpenSSL can check, it shall check.
    made.verify_flags |= ssl.VerifyFlags.VERIFY_X509_STRICT
    made.verify_mode = ssl.CERT_REQUIRED
    return made


def greet(server: ssl.SSLContext, client: ssl.SSLContext, name: str) -> None:
    """Shake hands over a pair of sockets; raise what the client, or else the server, has against it."""
    ours, theirs = socket.socketpair()
    failures: list[Exception] = []

    def serve() -> None:
        try:
            with server.wrap_socket(theirs, server_side=True) as wrapped:
                wrapped.sendall(wrapped.recv(2))
        except (ssl.SSLError, OSError) as error:
            failures.append(error)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with client.wrap_socket(ours, server_hostname=name) as wrapped:
            wrapped.sendall(b"hi")
            assert wrapped.recv(2) == b"hi"
    finally:
        ours.close()
        thread.join(20)
    if failures:
        raise failures[0]


@pytest.mark.parametrize("name", ["127.0.0.1", "kubernetes.default.svc"])
def test_both_sides_trust_each_other(tmp_path: Path, name: str) -> None:
    authority = Authority.new("one", NOW)
    names = ("127.0.0.1", "kubernetes.default.svc")
    server = context(ssl.Purpose.CLIENT_AUTH, tmp_path, "server", authority.issue("s", NOW, "", names), authority)
    client = context(ssl.Purpose.SERVER_AUTH, tmp_path, "client", authority.issue("c", NOW, "g"), authority)
    greet(server, client, name)


def test_a_server_by_another_name_is_refused(tmp_path: Path) -> None:
    authority = Authority.new("one", NOW)
    pair = authority.issue("s", NOW, "", ("127.0.0.1",))
    server = context(ssl.Purpose.CLIENT_AUTH, tmp_path, "server", pair, authority)
    client = context(ssl.Purpose.SERVER_AUTH, tmp_path, "client", authority.issue("c", NOW), authority)
    with pytest.raises(ssl.SSLCertVerificationError, match="mismatch"):
        greet(server, client, "10.0.0.1")


def test_a_client_of_another_authority_is_refused(tmp_path: Path) -> None:
    one, other = Authority.new("one", NOW), Authority.new("other", NOW)
    pair = one.issue("s", NOW, "", ("127.0.0.1",))
    server = context(ssl.Purpose.CLIENT_AUTH, tmp_path, "server", pair, one)
    client = context(ssl.Purpose.SERVER_AUTH, tmp_path, "client", other.issue("c", NOW), one)
    with pytest.raises((ssl.SSLError, ConnectionError)):
        greet(server, client, "127.0.0.1")


def test_user_and_group_are_where_kubernetes_reads_them() -> None:
    issued = Authority.new("one", NOW).issue("rig-admin", NOW, "system:masters")
    subject = x509.load_pem_x509_certificate(issued.certificate.encode()).subject
    assert [each.value for each in subject.get_attributes_for_oid(NameOID.COMMON_NAME)] == ["rig-admin"]
    assert [each.value for each in subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)] == ["system:masters"]


def test_a_certificate_is_valid_from_a_little_before_now_for_a_year() -> None:
    issued = x509.load_pem_x509_certificate(Authority.new("one", NOW).issue("a", NOW).certificate.encode())
    assert NOW - dt.timedelta(hours=2) < issued.not_valid_before_utc < NOW
    assert NOW + dt.timedelta(days=364) < issued.not_valid_after_utc < NOW + dt.timedelta(days=366)


def test_keys_are_written_in_the_form_that_go_reads() -> None:
    key = new_key()
    assert private_pem(key).startswith("-----BEGIN EC PRIVATE KEY-----\n")
    assert public_pem(key).startswith("-----BEGIN PUBLIC KEY-----\n")
