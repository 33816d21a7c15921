"""One question to a model in the cluster, by the way that needs no other rights and no tunnel: the API server's proxy.

The API server connects to a pod of the gateway's Service itself. Where its network does not reach pods, or a policy
forbids it, there is no answer although clients inside the cluster have one: that is told apart.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import Literal

from beaufort.kube.connection import Connection, Reply
from beaufort.kube.errors import UnreachableError
from beaufort.kube.reference import Object

_SECONDS = 30.0  # a first token may take so long on a service that has just come up
# What the API server says when it cannot connect to the pod; what a gateway says has other words.
_NO_WAY = ("dial tcp", "error trying to reach service", "no endpoints available", "no service port", "tls:")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back.

    Attributes:
        kind: ``answered``: the model did. ``refused``: the gateway did not let us ask, so it is there. ``failed``:
            the gateway has no engine that answers. ``unreached``: the API server does not reach the gateway.
        what: One sentence.
        text: What the model said; empty unless it answered.
    """

    kind: Literal["answered", "refused", "failed", "unreached"]
    what: str
    text: str = ""


async def ask(connection: Connection, namespace: str, service: str, model: str) -> Answer:
    """Ask a model for one token.

    Args:
        connection: To the cluster.
        namespace: Where the gateway is.
        service: The gateway's Service, whose port is called ``http``.
        model: The name that clients ask for.
    """
    path = f"/api/v1/namespaces/{namespace}/services/{service}:http/proxy/v1/completions"
    body = {"model": model, "prompt": "Hello", "max_tokens": 1}
    try:
        reply = await connection.reply("POST", path, body=body, seconds=_SECONDS)
    except UnreachableError as error:
        return Answer("unreached", error.problems[0].what)
    return _answer(reply)


def _answer(reply: Reply) -> Answer:
    said = reply.body.decode(errors="replace").strip()
    body = _object(said)
    if reply.status == HTTPStatus.OK and body.get("choices"):
        return Answer("answered", "the model answers", str(body["choices"][0].get("text", "")))
    if body.get("kind") == "Status":  # of Kubernetes: the API server itself, not the gateway
        message = str(body.get("message", ""))
        if reply.status == HTTPStatus.FORBIDDEN:
            return Answer("unreached", f"no right to ask through the API server: {message}")
        return Answer("unreached", f"the API server does not reach the gateway: {message}")
    if any(words in said for words in _NO_WAY):
        return Answer("unreached", f"the API server does not reach the gateway: {said[:300]}")
    if reply.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS}:
        return Answer("refused", f"the gateway answers {reply.status}: it asks for a key, or holds us back")
    error = body.get("error")
    told = str(error.get("message", "")) if isinstance(error, dict) else said[:300]
    return Answer("failed", f"the gateway answers {reply.status}: {told}")


def _object(text: str) -> Object:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
