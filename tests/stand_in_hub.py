"""A stand-in of the Hugging Face hub on this machine, for its real client."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Refusal(NamedTuple):
    status: int
    code: str = ""


@dataclass
class Hub:
    """The stand-in: what it holds, how it misbehaves, and what it was asked."""

    files: dict[str, bytes] = field(default_factory=dict)
    sent: dict[str, bytes] = field(default_factory=dict)
    cuts: list[int] = field(default_factory=list)
    listing: Refusal | None = None
    resolving: Refusal | None = None
    token: str | None = None
    requests: list[tuple[str, str, str | None]] = field(default_factory=list)
    url: str = ""

    def ranges(self) -> list[str | None]:
        return [wanted for method, path, wanted in self.requests if method == "GET" and "/resolve/" in path]

    def model(self) -> bytes:
        siblings = [
            {
                "rfilename": name,
                "size": len(data),
                "lfs": {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data), "pointerSize": 130},
            }
            for name, data in self.files.items()
        ]
        return json.dumps({"id": "owner/repo", "sha": COMMIT, "siblings": siblings}).encode()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: Hub

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        pass

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def _answer(self) -> None:
        hub, path = self.hub, self.path.partition("?")[0]
        hub.requests.append((self.command, path, self.headers.get("Range")))
        listing = re.fullmatch(r"/api/models/owner/repo(/revision/([^/]+))?", path)
        file = re.fullmatch(r"/owner/repo/resolve/([^/]+)/(.+)", path)
        if hub.token and self.headers.get("Authorization") != f"Bearer {hub.token}":
            return self._refuse(Refusal(401, "GatedRepo"))
        if listing and listing[2] in {None, "main", COMMIT}:
            return self._refuse(hub.listing) if hub.listing else self._send(hub.model())
        if file and file[2] in hub.files:
            return self._refuse(hub.resolving) if hub.resolving else self._file(file[2])
        return self._refuse(Refusal(404, "RevisionNotFound" if listing else "RepoNotFound"))

    def _refuse(self, refusal: Refusal) -> None:
        self._send(b"{}", refusal.status, {"X-Error-Code": refusal.code})

    def _file(self, name: str) -> None:
        data = self.hub.sent.get(name, self.hub.files[name])
        etag = hashlib.sha256(self.hub.files[name]).hexdigest()
        headers = {"X-Repo-Commit": COMMIT, "ETag": f'"{etag}"', "Accept-Ranges": "bytes"}
        wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        start = int(wanted[1]) if wanted else 0
        if wanted:
            headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        self._send(data[start:], 206 if wanted else 200, headers)

    def _send(self, body: bytes, status: int = 200, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for key, value in (headers or {}).items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "HEAD":
            return
        if "/resolve/" in self.path and self.hub.cuts:
            body = body[: self.hub.cuts.pop(0)]
            self.close_connection = True
        self.wfile.write(body)


@contextmanager
def serving() -> Iterator[Hub]:
    """Serve a hub that is empty at first."""
    hub = Hub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": hub}))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    hub.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
