"""HTTPS on the loopback address: read, record, answer."""

from __future__ import annotations

import json
import logging
import ssl
import sys
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from apps.azure_sandbox import admin, bodies, entra, faults, keyvault, routes
from apps.azure_sandbox.errors import ArmError
from apps.azure_sandbox.ids import guid
from apps.azure_sandbox.sandbox import Call, Reply, Sandbox

LOG = logging.getLogger(__name__)
ARM = ("/subscriptions", "/providers", "/tenants")
REMAINING = {"GET": "reads", "HEAD": "reads", "DELETE": "deletes"}


class Server(ThreadingHTTPServer):
    """Serve TLS; the handshake happens in the request's thread, so a slow client holds up none."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, az: Sandbox, tls: tuple[Path, Path]) -> None:
        self.az = az
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(*tls)
        super().__init__(("127.0.0.1", port), Handler)
        self.socket = self.context.wrap_socket(
            self.socket, server_side=True, do_handshake_on_connect=False
        )

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log a defect, but say nothing about clients that hang up."""
        if not isinstance(sys.exception(), OSError):
            LOG.exception("The sandbox lost a connection")

    def record(self, method: str, url: str, body: Any) -> None:
        """Append an ARM request to requests.jsonl, in the shape the request checker reads."""
        line = json.dumps({"method": method, "url": url, "body": body})
        path = self.az.folder / "requests.jsonl"
        with path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")


class Handler(BaseHTTPRequestHandler):
    """Answer one connection's requests."""

    protocol_version = "HTTP/1.1"
    server_version = "AzureSandbox/1.0"
    disable_nagle_algorithm = True
    wbufsize = -1
    timeout = 120
    server: Server

    def log_message(self, format: str, *arguments: Any) -> None:
        """Keep the console quiet; requests.jsonl has it all."""

    def answer(self) -> None:
        """Read a request, act, reply; a lost answer closes the connection instead."""
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        url = urlsplit(self.path)
        call = Call(
            method=self.command,
            path=unquote(url.path).rstrip("/") or "/",
            query={k.lower(): v for k, v in parse_qsl(url.query, keep_blank_values=True)},
            body=None,
            headers={k.lower(): v for k, v in self.headers.items()},
        )
        az = self.server.az
        # The answer is written out before anybody else may change the documents in it.
        with az.lock:
            reply = self.outcome(call, raw)
            data = b"" if reply.body is None else json.dumps(reply.body).encode()
            lost = call.path.startswith(ARM) and faults.loses_answer(az, call.method, call.path)
            az.store.commit()
        if lost:
            self.close_connection = True
            return
        self.reply(reply, data)

    do_GET = do_HEAD = do_PUT = do_POST = do_PATCH = do_DELETE = do_OPTIONS = answer

    def outcome(self, call: Call, raw: bytes) -> Reply:
        """Act, and turn a refusal into its answer; 501 and defects are kept for tests to see."""
        try:
            return self.act(call, raw)
        except ArmError as error:
            if error.status == 501:
                self.note(call)
            return Reply(error.status, {"error": error.error}, error.headers)
        except Exception:
            LOG.exception("The sandbox failed on %s %s", self.command, self.path)
            self.note(call)
            words = "A defect of the sandbox; its log has the traceback."
            return Reply(500, {"error": {"code": "SandboxDefect", "message": words}})

    def act(self, call: Call, raw: bytes) -> Reply:
        """Dispatch a call to Entra ID, the vault, the admin door or Resource Manager."""
        az, words = self.server.az, call.path.strip("/").split("/")
        if call.path == "/metadata/endpoints":
            return entra.endpoints(az)
        if call.path.endswith("/.well-known/openid-configuration"):
            return entra.openid_configuration(az, words[0])
        if call.path.endswith("/oauth2/v2.0/token") and call.method == "POST":
            return entra.token(az, words[0], raw)
        arm = call.path.startswith(ARM)
        try:
            call.body = bodies.read(raw)
        finally:
            if arm:
                self.server.record(call.method, self.path, call.body)
        if words[0] == "_sandbox":
            return admin.handle(az, call)
        if words[0] == "secrets":
            return keyvault.handle(az, call)
        if arm:
            return routes.answer(az, call)
        raise ArmError(501, "SandboxNotImplemented", f"The sandbox does not know {call.path}.")

    def note(self, call: Call) -> None:
        """Keep what the sandbox did not know or failed at: tests look at it."""
        entry = {"call": f"{call.method} {call.path}?api-version={call.api_version}"}
        self.server.az.store.put("refused", guid(), entry)

    def reply(self, reply: Reply, data: bytes) -> None:
        """Send an answer with the headers ARM always sends."""
        self.send_response(reply.status)
        for name, value in {**self.usual(), **reply.headers}.items():
            self.send_header(name, value)
        if reply.status != 204:
            self.send_header("Content-Type", "application/json; charset=utf-8")
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD" and reply.status != 204:
            self.wfile.write(data)
        self.wfile.flush()

    def usual(self) -> dict[str, str]:
        """Build the request ids and remaining-calls headers."""
        request = str(uuid.uuid4())
        headers = {
            "Cache-Control": "no-cache",
            "x-ms-request-id": request,
            "x-ms-correlation-request-id": self.headers.get("x-ms-correlation-request-id", request),
            "x-ms-routing-request-id": f"SANDBOX:{request}",
            "x-ms-ratelimit-remaining-subscription-"
            + REMAINING.get(self.command, "writes"): "11999",
        }
        if given := self.headers.get("x-ms-client-request-id"):
            headers["x-ms-client-request-id"] = given
        return headers
