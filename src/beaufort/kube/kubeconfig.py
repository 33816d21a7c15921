"""Which cluster, and as whom: the kubeconfig, read as kubectl reads it.

`KUBECONFIG` may name several files: of two entries with one name the first counts. A pod's own account comes last.
Credential plugins are run by lightkube, which speaks their `v1beta1`; `v1` has the same form and is passed on as that.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import msgspec
import yaml
from lightkube.config.kubeconfig import SERVICE_ACCOUNT, KubeConfig, SingleConfig
from lightkube.config.models import NameValue
from lightkube.exceptions import ConfigError

from beaufort.errors import Problem
from beaufort.kube.connection import Connection, tell_nobody
from beaufort.kube.errors import KubeconfigError

_LISTS = ("clusters", "contexts", "users")
_FILES = ("certificate-authority", "client-certificate", "client-key", "tokenFile")
# What Python says of a document that has another form than a kubeconfig.
_OTHER_FORM = (AttributeError, KeyError, TypeError, ValueError)
_PLUGIN = "client.authentication.k8s.io/"
_REMEDY = "set KUBECONFIG to a kubeconfig, or name one with --kubeconfig"


def connect(
    kubeconfig: Path | None = None,
    context: str | None = None,
    *,
    patience: float = 60.0,
    tell: Callable[[str], None] = tell_nobody,
) -> Connection:
    """Return a connection as kubectl would make it: from ``KUBECONFIG``, ``~/.kube/config``, or the pod's own account.

    Args:
        kubeconfig: A file, in place of those.
        context: One of its contexts, in place of the current one.
        patience: For how many seconds a request is repeated while the server does not answer.
        tell: Called with a sentence when a request has to wait.

    Raises:
        KubeconfigError: There is none, or it cannot be used.
    """
    return Connection(_chosen(_read(kubeconfig), context), patience=patience, tell=tell)


def _read(kubeconfig: Path | None) -> KubeConfig:
    named = [kubeconfig] if kubeconfig else [Path(each) for each in _named()]
    files = [path.expanduser() for path in named if path.expanduser().exists()]
    shown = os.pathsep.join(map(str, named))
    try:
        if not files and not kubeconfig and Path(SERVICE_ACCOUNT).is_dir():
            return KubeConfig.from_service_account()
        if not files:
            raise KubeconfigError(Problem("there is no such kubeconfig", shown, _REMEDY))
        return KubeConfig.from_dict(_merged([_document(path) for path in files]), fname=files[0])
    except (ConfigError, OSError, yaml.YAMLError, msgspec.ValidationError, *_OTHER_FORM) as error:
        reason = f"it lacks {error}" if isinstance(error, KeyError) else f"it cannot be read: {error}"
        raise KubeconfigError(Problem(reason, shown, _REMEDY)) from error


def _named() -> Sequence[str]:
    listed = [each for each in os.environ.get("KUBECONFIG", "").split(os.pathsep) if each]
    return listed or ["~/.kube/config"]


def _document(path: Path) -> dict[str, Any]:
    """Return a kubeconfig, the files that it names found from where it is."""
    found = yaml.safe_load(path.read_text())
    if not isinstance(found, dict) or not all(isinstance(found.get(each) or [], list) for each in _LISTS):
        message = "it is no kubeconfig"
        raise ValueError(message)
    for part in chain.from_iterable(_parts(found, each) for each in _LISTS):
        part.update({key: str(path.parent / part[key]) for key in _FILES if part.get(key)})
    return found


def _parts(document: dict[str, Any], name: str) -> Iterator[dict[str, Any]]:
    return (part for each in document.get(name) or () if isinstance(part := each.get(name[:-1]), dict))


def _merged(documents: Sequence[dict[str, Any]]) -> dict[str, Any]:
    current = (each["current-context"] for each in documents if each.get("current-context"))
    merged: dict[str, Any] = {"current-context": next(current, None)}
    for name in _LISTS:
        first: dict[str, Any] = {}
        for entry in chain.from_iterable(each.get(name) or () for each in documents):
            first.setdefault(entry["name"], entry)
        merged[name] = list(first.values())
    return merged


def _chosen(config: KubeConfig, context: str | None) -> SingleConfig:
    shown = str(config.fname or "kubeconfig")
    known = ", ".join(sorted(config.contexts)) or "none"
    if context is None and config.current_context is None:
        what = "it has no current context"
        raise KubeconfigError(Problem(what, shown, f"choose one with --context; there are: {known}"))
    try:
        found = config.get(context_name=context)
    except (ConfigError, KeyError) as error:
        what = f"it has no context {context or config.current_context!r}, or the context names what it has not"
        raise KubeconfigError(Problem(what, shown, f"choose one with --context; there are: {known}")) from error
    if found is None:
        raise KubeconfigError(Problem("it names no cluster", shown, "choose a context with --context"))
    return _with_plugin(found)


def _with_plugin(config: SingleConfig) -> SingleConfig:
    plugin = config.user.exec if config.user else None
    if plugin is None or config.user is None:
        return config
    version = plugin.apiVersion.removeprefix(_PLUGIN)
    told = {"apiVersion": plugin.apiVersion, "kind": "ExecCredential", "spec": {"interactive": False}}
    env = [*(plugin.env or ()), NameValue("KUBERNETES_EXEC_INFO", json.dumps(told))]
    served = _PLUGIN + ("v1beta1" if version == "v1" else version)
    user = msgspec.structs.replace(config.user, exec=msgspec.structs.replace(plugin, apiVersion=served, env=env))
    return config._replace(user=user)
