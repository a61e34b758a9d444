"""Mail and Teams as the tests see them: Django's outbox, and a workflow behind real HTTPS."""

import json
import socketserver
import ssl
import threading
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from django.utils import timezone

from apps.azure_sandbox import tls
from apps.notices import worker
from apps.notices.models import Notice
from apps.requests.models import ResourceRequest
from apps.teams.models import Environment, Person, Workload


def notice(person=None, title="REQ-1 is approved", *, channel=None, key="", due_at=..., **more):
    """Write a notice, due now unless said otherwise (`due_at=None`: only under the bell)."""
    if due_at is ...:
        due_at = timezone.now()
    return Notice.objects.create(
        person=person,
        channel=channel,
        event_key=key or title,
        topic=more.pop("topic", "mine"),
        subject="request:1",
        title=title,
        body="Petra Novak said the last yes.",
        path="/requests/1/",
        tone="run",
        due_at=due_at,
        **{"request": about(), **more},
    )


def about():
    """The one request of the claims team that notices of tests are about."""
    workload = Workload.objects.get(slug="claims-triage")
    return ResourceRequest.objects.get_or_create(
        kind="model_deployment",
        team=workload.team,
        workload=workload,
        environment=Environment.objects.get(slug="prod"),
        requester=Person.objects.get(email__startswith="alice@"),
        status="done",
        defaults={"payload_version": 1, "submitted_at": timezone.now()},
    )[0]


def tick(**later):
    """Let a worker run at a moment that lies so far ahead."""
    return worker.tick(now=timezone.now() + timedelta(**later))


class Mailbox(socketserver.ThreadingTCPServer):
    """A mail server on a free port of this machine; `refused` are addresses it does not know."""

    allow_reuse_address = daemon_threads = True

    def __init__(self):
        self.refused, self.mails = set(), []
        super().__init__(("127.0.0.1", 0), Conversation)


class Conversation(socketserver.StreamRequestHandler):
    """One SMTP conversation (RFC 5321), as far as a sender needs it."""

    def say(self, line):
        self.wfile.write(f"{line}\r\n".encode())

    def handle(self):
        self.say("220 mailbox")
        while word := self.rfile.readline().decode().strip():
            if word.upper().startswith("RCPT") and any(one in word for one in self.server.refused):
                self.say("550 unknown")
            elif word.upper() == "DATA":
                self.say("354 go on")
                self.server.mails.append(b"".join(iter(self.rfile.readline, b".\r\n")).decode())
                self.say("250 taken")
            elif word.upper() == "QUIT":
                return self.say("221 bye")
            else:
                self.say("250 fine")
        return None


@contextmanager
def mailbox():
    """Run a mail server for as long as the block lasts."""
    with Mailbox() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join(10)


class Workflow:
    """A workflow in Teams: keeps what is posted, answers with `status`."""

    def __init__(self, server, ca):
        self.posted, self.status, self.headers = [], 202, {}
        self.url, self.ca = f"https://127.0.0.1:{server.server_port}/workflows/1?sig=secret", ca


@contextmanager
def workflow(folder):
    """Run one on a free port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.posted.append((self.path, json.loads(body)))
            self.send_response(found.status)
            for name, value in found.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    certificate, key = tls.ensure(folder)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    found = Workflow(server, str(certificate))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield found
    server.shutdown()
    server.server_close()
    thread.join(10)
