"""One API server: requests and streams, repeated while it is away.

lightkube authenticates; what is said here is plain JSON, because what is applied is made of
plain objects whose kinds are known only at run time.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Self

import httpx2
from lightkube.config.client_adapter import AsyncClient, ConnectionParams
from lightkube.config.kubeconfig import SingleConfig
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


def tell_nobody(line: str) -> None:
    """Tell nobody."""
    del line


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as it came.

    Attributes:
        status: The HTTP status.
        headers: By their names in small letters.
        body: The bytes.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes


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
        self, config: SingleConfig, *, patience: float = 60.0, tell: Callable[[str], None] = tell_nobody
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
            return _words(error), None
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
            raise UnreachableError(Problem(f"the watch was lost: {_words(error)}", self.server)) from error

    async def reply(
        self, method: str, path: str, *, body: Object | None = None, seconds: float = _REQUEST_SECONDS
    ) -> Reply:
        """Send one request once, and return the answer whatever it is: what a service behind the API server says.

        Args:
            method: ``GET``, ``POST``.
            path: The path.
            body: Sent as JSON.
            seconds: How long the answer may take.

        Raises:
            UnreachableError: There is no answer.
        """
        headers = {"content-type": "application/json"} if body is not None else {}
        content = json.dumps(body).encode() if body is not None else None
        try:
            response = await self._client.request(
                method, path, content=content, headers=headers, timeout=httpx2.Timeout(seconds)
            )
        except httpx2.TransportError as error:
            raise UnreachableError(Problem(f"no answer: {_words(error)}", self.server)) from error
        names = {name.lower(): value for name, value in response.headers.items()}
        return Reply(response.status_code, names, response.content)

    @asynccontextmanager
    async def lines(self, path: str, params: Mapping[str, str]) -> AsyncIterator[AsyncIterator[str]]:
        """Open a text that grows, such as a log, and give its lines as they come.

        Raises:
            KubeError: The server refuses.
            UnreachableError: The connection could not be made, or was lost.
        """
        timeout = httpx2.Timeout(_REQUEST_SECONDS, read=None)  # a log may be silent for as long as it likes
        try:
            async with self._client.stream("GET", path, params=dict(params), timeout=timeout) as response:
                if response.is_error:
                    await response.aread()
                    _read(response, path)
                yield response.aiter_lines()
        except httpx2.TransportError as error:
            raise UnreachableError(Problem(f"the log was lost: {_words(error)}", self.server)) from error

    async def text(self, path: str, params: Mapping[str, str] | None = None) -> str:
        """Return what is at ``path`` as text: logs, ``/readyz``.

        Raises:
            KubeError: The server refuses.
            UnreachableError: It does not answer.
        """
        try:
            response = await self._client.get(path, params=dict(params or {}))
        except httpx2.TransportError as error:
            raise UnreachableError(Problem(f"the API server does not answer: {_words(error)}", self.server)) from error
        if response.is_error:
            _read(response, path)
        return response.text


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__


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
