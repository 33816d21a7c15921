"""A kubeconfig is read as kubectl reads it."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml

from beaufort.kube.errors import KubeconfigError
from beaufort.kube.kubeconfig import connect


def config(name: str, server: str = "https://127.0.0.1:1", **user: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    return {
        "current-context": name,
        "clusters": [{"name": name, "cluster": {"server": server}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name, "namespace": f"of-{name}"}}],
        "users": [{"name": name, "user": {"token": "t", **user}}],
    }


def write(path: Path, value: object) -> Path:
    path.write_text(value if isinstance(value, str) else yaml.safe_dump(value))
    return path


def test_the_current_context_is_used_unless_another_is_named(tmp_path: Path) -> None:
    both = config("a")
    for key, entries in config("b").items():
        if key != "current-context":
            both[key] += entries
    file = write(tmp_path / "config", both)
    assert connect(file).namespace == "of-a"
    assert connect(file, "b").namespace == "of-b"


def test_several_files_are_one_and_the_first_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = write(tmp_path / "one", config("a", "https://127.0.0.1:11"))
    second = write(tmp_path / "two", {**config("b"), "clusters": config("a")["clusters"] + config("b")["clusters"]})
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join(map(str, (first, tmp_path / "missing", second))))
    assert connect().server == "https://127.0.0.1:11"
    assert connect(context="b").namespace == "of-b"


def test_files_are_found_from_where_the_kubeconfig_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sub").mkdir()
    file = write(tmp_path / "sub" / "config", config("a", token=None, tokenFile="token"))
    write(tmp_path / "sub" / "token", "secret\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KUBECONFIG", "sub/config")
    request = next(connect()._client.auth.auth_flow(httpx2.Request("GET", "https://x")))  # type: ignore[union-attr] # it has one
    assert request.headers["authorization"] == "Bearer secret"
    assert file.exists()


async def test_a_plugin_of_the_stable_version_gives_credentials(tmp_path: Path) -> None:
    program = tmp_path / "plugin"
    program.write_text(
        '#!/bin/sh\nprintf \'{"status": {"token": "%s"}}\' '
        '"$(printf %s "$KUBERNETES_EXEC_INFO" | tr -dc a-z0-9.:/ | head -c 60)"\n'
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    plugin = {"apiVersion": "client.authentication.k8s.io/v1", "command": str(program), "interactiveMode": "Never"}
    file = write(tmp_path / "config", config("a", token=None, exec=plugin))
    auth = connect(file)._client.auth
    assert auth is not None
    request = await anext(auth.async_auth_flow(httpx2.Request("GET", "https://x")))
    assert request.headers["authorization"].startswith("Bearer apiersion:client.authentication.k8s.io/v1")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "it is no kubeconfig"),
        ("{", "it cannot be read"),
        ("clusters: 1", "it is no kubeconfig"),
        ("[1, 2]", "it is no kubeconfig"),
        (json.dumps({"clusters": []}), "it has no current context"),
        (json.dumps({"current-context": "x"}), "it has no context 'x'"),
        (json.dumps({**config("a"), "clusters": []}), "it has no context 'a', or the context names what it has not"),
        (json.dumps({**config("a"), "contexts": [{"name": "a", "context": {}}]}), "it cannot be read"),
        (json.dumps({**config("a"), "users": [{"user": {}}]}), "it lacks 'name'"),
        (json.dumps({**config("a"), "clusters": ["x"]}), "it cannot be read"),
    ],
)
def test_what_cannot_be_used_is_told(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(KubeconfigError) as caught:
        connect(write(tmp_path / "config", text))
    (problem,) = caught.value.problems
    assert said in problem.what
    assert problem.remedy
    assert str(tmp_path) in problem.where


@pytest.mark.parametrize("value", ["/nowhere/config", "/nowhere/a:/nowhere/b", "/etc"])
def test_a_kubeconfig_that_is_not_there_is_told(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", value)
    with pytest.raises(KubeconfigError):
        connect()


def test_another_context_is_offered(tmp_path: Path) -> None:
    with pytest.raises(KubeconfigError) as caught:
        connect(write(tmp_path / "config", config("prod")), "prd")
    assert "there are: prod" in caught.value.problems[0].remedy
