"""One API server: requests and streams, repeated while it is away.

lightkube reads the kubeconfig and authenticates; what is said here is plain JSON, because what is applied is made of
plain objects whose kinds are known only at run time.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Self

import httpx2
import yaml
from lightkube.config.client_adapter import AsyncClient, ConnectionParams
from lightkube.config.kubeconfig import KubeConfig, SingleConfig
from lightkube.exceptions import ConfigError

from beaufort.errors import Problem
from beaufort.kube.errors import KubeconfigError, UnreachableError, error_of
from beaufort.kube.reference import Object

APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"

_AWAY = {
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
}
_PAUSES = (0.2, 0.5, 1.0, 2.0)  # seconds before a request is repeated; the last one again and again
_REQUEST_SECONDS = 30.0  # a webhook may take ten of them
_WATCH_SECONDS = 240  # the server ends a watch after so long
# It sends a bookmark about every minute (`bookmarkFrequency` in apiserver/pkg/storage/cacher). A connection that is
# silent for longer, as when the server's machine is lost, is taken for dead.
_WATCH_SILENCE_SECONDS = 90.0


def _tell_nobody(line: str) -> None:
    del line


class Connection:
    """A connection to one cluster.

    Args:
        config: Where, and as whom.
        patience: For how many seconds a request is repeated while the server does not answer.
        tell: Called with a sentence when a request has to wait.

    Attributes:
        namespace: The kubeconfig's own namespace.
        server: The server's address.
    """

    def __init__(
        self, config: SingleConfig, *, patience: float = 60.0, tell: Callable[[str], None] = _tell_nobody
    ) -> None:
        try:
            self._client = AsyncClient(config, ConnectionParams(timeout=httpx2.Timeout(_REQUEST_SECONDS)))
        except (ConfigError, OSError, ssl.SSLError, ValueError, AssertionError) as error:
            raise KubeconfigError(Problem(f"it cannot be used: {error}", _origin(config))) from error
        self.namespace: str = config.namespace
        self.server: str = config.cluster.server
        self._patience = patience
        self._tell = tell

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def get(self, path: str, params: Mapping[str, str] | None = None) -> Object:
        """Return what is at ``path``.

        Raises:
            KubeError: The server refuses.
            UnreachableError: It did not answer for as long as there was patience.
        """
        return await self.request("GET", path, params=params)

    async def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Object | None = None,
        content_type: str = "application/json",
        where: str = "",
    ) -> Object:
        """Send one request, again and again while the server is away, and return the JSON of its answer.

        What is sent must mean the same when it is sent twice: gets, applies, deletes.

        Raises:
            KubeError: The server refuses.
            UnreachableError: It did not answer for as long as there was patience.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + self._patience
        tries = 0
        while True:
            away, response = await self._try(method, path, params, body, content_type)
            if response is not None:
                return _read(response, where or path)
            pause = _PAUSES[min(tries, len(_PAUSES) - 1)]
            if loop.time() + pause > until:
                remedy = "see whether the cluster is up and its address is right: kubectl cluster-info"
                raise UnreachableError(Problem(f"the API server does not answer: {away}", self.server, remedy))
            if tries == len(_PAUSES) // 2:
                self._tell(f"the API server at {self.server} does not answer ({away}), trying again")
            tries += 1
            await asyncio.sleep(pause)

    async def _try(
        self, method: str, path: str, params: Mapping[str, str] | None, body: Object | None, content_type: str
    ) -> tuple[str, httpx2.Response | None]:
        """Return the server's answer, or why there is none: it is away, or busy, or has lost its own storage."""
        headers = {"content-type": content_type} if body is not None else {}
        content = json.dumps(body).encode() if body is not None else None
        try:
            response = await self._client.request(
                method, path, params=dict(params or {}), content=content, headers=headers
            )
        except ssl.SSLError as error:  # pragma: no cover - wrapped by most versions of the client
            raise _certificate(error, self.server) from error
        except ConfigError as error:
            raise KubeconfigError(Problem(f"no credentials: {error}", self.server)) from error
        except httpx2.TransportError as error:
            if isinstance(error.__cause__, ssl.SSLCertVerificationError) or "CERTIFICATE_VERIFY" in str(error):
                raise _certificate(error, self.server) from error
            return str(error) or type(error).__name__, None
        if response.status_code in _AWAY or (response.is_server_error and b"etcdserver" in response.content):
            return f"status {response.status_code}", None
        return "", response

    @asynccontextmanager
    async def stream(self, path: str, params: Mapping[str, str]) -> AsyncIterator[AsyncIterator[Object]]:
        """Open a watch, and give its events as they come.

        Raises:
            KubeError: The server refuses.
            UnreachableError: The connection could not be made, or was lost.
        """
        asked = {**params, "watch": "true", "timeoutSeconds": str(_WATCH_SECONDS)}
        timeout = httpx2.Timeout(_REQUEST_SECONDS, read=_WATCH_SILENCE_SECONDS)
        try:
            async with self._client.stream("GET", path, params=asked, timeout=timeout) as response:
                if response.status_code != HTTPStatus.OK:
                    await response.aread()
                    _read(response, path)
                yield _lines(response)
        except httpx2.TransportError as error:
            raise UnreachableError(Problem(f"the watch was lost: {error}", self.server)) from error

    async def text(self, path: str, params: Mapping[str, str] | None = None) -> str:
        """Return what is at ``path`` as text: logs, ``/readyz``.

        Raises:
            KubeError: The server refuses.
            UnreachableError: It does not answer.
        """
        try:
            response = await self._client.get(path, params=dict(params or {}))
        except httpx2.TransportError as error:
            raise UnreachableError(Problem(f"the API server does not answer: {error}", self.server)) from error
        if response.is_error:
            _read(response, path)
        return response.text


def connect(
    kubeconfig: Path | None = None,
    context: str | None = None,
    *,
    patience: float = 60.0,
    tell: Callable[[str], None] = _tell_nobody,
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
    try:
        found = KubeConfig.from_file(kubeconfig) if kubeconfig else KubeConfig.from_env()
        config = found.get(context_name=context)
    except (ConfigError, OSError, yaml.YAMLError, KeyError, TypeError, AttributeError, ValueError) as error:
        place = str(kubeconfig or "kubeconfig")
        what = f"it cannot be read: {error}" if not isinstance(error, KeyError) else f"it has no {error}"
        raise KubeconfigError(Problem(what, place, "set KUBECONFIG to a kubeconfig, or name a context")) from error
    if config is None or config.cluster is None:
        what = "it names no cluster"
        raise KubeconfigError(Problem(what, str(kubeconfig or "kubeconfig"), "choose a context with --context"))
    return Connection(config, patience=patience, tell=tell)


def _origin(config: SingleConfig) -> str:
    return str(getattr(config, "fname", None) or "kubeconfig")


def _certificate(error: Exception, server: str) -> UnreachableError:
    remedy = "take the certificate authority of this cluster into the kubeconfig"
    return UnreachableError(Problem(f"the server's certificate is not trusted: {error}", server, remedy))


def _read(response: httpx2.Response, where: str) -> Object:
    try:
        body = response.json()
    except ValueError:
        body = {"message": response.text[:500]}
    if not isinstance(body, dict):
        body = {"message": str(body)}
    if response.is_error:
        raise error_of(response.status_code, body, where)
    return body


async def _lines(response: httpx2.Response) -> AsyncIterator[Object]:
    async for line in response.aiter_lines():
        if line:
            yield json.loads(line)
