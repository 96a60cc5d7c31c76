"""A server for one page and one user: on this machine only, behind a secret address, and of few words.

What anybody else could send is refused before it is read: requests under another address, for another host name (so
that no foreign name can be pointed here), from another page, or of another length than a drawing has.
"""

import copy
import json
import secrets
import sys
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from threading import Lock
from typing import Any

import numpy as np

from gradcheck.cli.draw.answer import answer, checked
from gradcheck.cli.draw.classifier import Classifier
from gradcheck.cli.draw.picture import Array

HOST = "127.0.0.1"
SIDE = 112  # of the drawing the page sends, one byte of ink for each pixel
PATIENCE = 10  # seconds for a request to arrive

TYPES = {
    "index.html": "text/html; charset=utf-8",
    "draw.css": "text/css; charset=utf-8",
    "draw.js": "text/javascript; charset=utf-8",
    "words.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


class DrawServer(ThreadingHTTPServer):
    """Serves the page and answers its drawings.

    Parameters
    ----------
    classifier
        The network that is asked. Each request works on a copy: layers remember their last input.
    port
        0 for any that is free.

    Raises
    ------
    OSError
        If the port is taken.
    """

    daemon_threads = True

    def __init__(self, classifier: Classifier, port: int = 0) -> None:
        super().__init__((HOST, port), Handler)
        self.classifier = classifier
        self.secret = secrets.token_urlsafe(18)
        self.one_check = Lock()
        self.hosts = {f"{name}:{self.server_port}" for name in (HOST, "localhost")}

    @property
    def address(self) -> str:
        """What to type into a browser."""
        return f"http://{HOST}:{self.server_port}/{self.secret}/"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say what went wrong; that a browser has gone away is no error."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


class Refused(Exception):  # noqa: N818 - it is how a request ends
    """What is not answered."""

    def __init__(self, status: HTTPStatus, reason: str = "") -> None:
        super().__init__(f"{status.phrase}: {reason}" if reason else status.phrase)
        self.status = status


class Handler(BaseHTTPRequestHandler):
    """One request."""

    server: DrawServer
    server_version, sys_version = "gradcheck", ""
    timeout = PATIENCE

    def do_GET(self) -> None:
        """The page and its parts."""
        self._respond(self._part)

    def do_POST(self) -> None:
        """The answer to a drawing, or the check of its gradient."""
        self._respond(self._reply)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the terminal is for the user."""

    def _respond(self, content: Callable[[str], tuple[bytes, str]]) -> None:
        status = HTTPStatus.OK
        try:
            body, kind = content(self._asked_for())
        except Refused as refused:
            body, kind, status = f"{refused}\n".encode(), "text/plain; charset=utf-8", refused.status
            self.close_connection = True  # what came with it is not read
        self.send_response(status)
        for name, value in {**HEADERS, "Content-Type": kind, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _asked_for(self) -> str:
        """The name behind the secret."""
        if self.headers.get("Host") not in self.server.hosts:
            raise Refused(HTTPStatus.MISDIRECTED_REQUEST, "asked under another name")
        secret, _, name = self.path.partition("?")[0].removeprefix("/").partition("/")
        if not secrets.compare_digest(secret.encode(), self.server.secret.encode()):
            raise Refused(HTTPStatus.NOT_FOUND)
        return name

    def _part(self, name: str) -> tuple[bytes, str]:
        name = name or "index.html"
        if name not in TYPES:
            raise Refused(HTTPStatus.NOT_FOUND)
        return files(__package__).joinpath("page", name).read_bytes(), TYPES[name]

    def _reply(self, name: str) -> tuple[bytes, str]:
        if self.headers.get("Origin") not in {f"http://{host}" for host in self.server.hosts}:
            raise Refused(HTTPStatus.FORBIDDEN, "sent from another page")
        if name not in {"answer", "check"}:
            raise Refused(HTTPStatus.NOT_FOUND)
        ink, classifier = self._drawing(), copy.deepcopy(self.server.classifier)
        if name == "answer":
            reply = answer(classifier, ink)
        else:
            with self.server.one_check:  # two would each take twice as long
                reply = checked(classifier, ink)
        return json.dumps(reply).encode(), "application/json"

    def _drawing(self) -> Array:
        if self.headers.get("Content-Length") != str(SIDE * SIDE):
            raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a drawing has {SIDE * SIDE} bytes")
        body = self.rfile.read(SIDE * SIDE)
        if len(body) != SIDE * SIDE:
            raise Refused(HTTPStatus.BAD_REQUEST, f"a drawing has {SIDE * SIDE} bytes")
        ink = np.frombuffer(body, np.uint8).reshape(SIDE, SIDE)
        if not ink.any():
            raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "nothing is drawn")
        return ink
