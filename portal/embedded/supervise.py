"""The supervisor: one process that starts every part, restarts what dies, and ends them all."""

import argparse
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from types import FrameType

from portal.embedded import Trouble
from portal.embedded.children import Known, Part, birth, end, kill_group, start
from portal.embedded.environment import Embedded
from portal.embedded.role import beat, web_answers, worker
from portal.embedded.state import LOG, Status, hold, read_status

TICK_S, CALM_TICK_S = 0.05, 0.25
READY_WITHIN_S = 120
LONGEST_PAUSE_S = 15.0
CALM_AFTER_S = 60
LOG_LIMIT = 10_000_000  # bytes, then NAME.log becomes NAME.log.1
PATIENCE_S = {"postgres": 30.0, "worker": 20.0}  # longer than a task; others 10


class Stop(Exception):
    """Somebody asked the supervisor to end."""


class Supervisor:
    """Start the portal in order, keep it up, and take it down in the opposite order."""

    def __init__(self, *, port: int, embedded: Embedded, listener: socket.socket) -> None:
        self.port, self.embedded, self.listener = port, embedded, listener
        self.env = embedded.environment(port=port)
        self.parts: dict[str, Part] = {}
        self.children: dict[str, subprocess.Popen[bytes]] = {}
        self.due: dict[str, tuple[float, float]] = {}  # name: (not before, pause)
        self.asked_to_stop = False
        old = read_status()
        self.status = Status(
            pid=os.getpid(),
            phase="starting",
            url=self.env["PORTAL_BASE_URL"],
            host=embedded.bind_host,
            port=port,
            parts=old.parts if old else {},
        )
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self.note_stop)

    def note_stop(self, _number: int, _frame: FrameType | None) -> None:
        """Remember that somebody asked us to end; `tick` acts on it."""
        self.asked_to_stop = True

    def run(self) -> None:
        """Bring everything up, then watch until told to stop."""
        try:
            self.say("clearing up after the last run")
            end(self.status.parts.values(), grace_s=15)  # a killed supervisor's, if still there
            self.status.parts = {}
            self.bring_up()
            while True:
                self.tick()
        except Stop:
            self.status.phase = "stopping"
        except Trouble as trouble:
            self.status.phase, self.status.trouble = "failed", str(trouble)
        finally:
            if self.status.phase in ("starting", "ready"):  # a defect; its trace is in the log
                self.status.phase = "failed"
                self.status.trouble = f"The supervisor failed. {last_words('supervisor')}"
            self.status.write()
            self.take_down()

    def bring_up(self) -> None:
        """Start the embedded parts, prepare the database, then web, and last worker and beat."""
        embedded = [
            found
            for found in (self.embedded.postgres, self.embedded.valkey, self.embedded.sandbox)
            if found
        ]
        for neighbour in embedded:
            self.say(f"starting {neighbour.part().name}")
            self.launch(neighbour.part())
        for neighbour in embedded:
            self.wait_for(neighbour.part().name, neighbour.ready)
        self.env = self.embedded.environment(port=self.port)
        self.say("preparing the database and starting the web server")
        self.launch(self.web())
        self.wait_for("web", lambda: web_answers(self.status.host, self.port))
        for name, argv in (("worker", worker("portal")), ("beat", beat())):
            self.launch(Part(name=name, argv=argv))
        self.status.phase, self.status.step = "ready", ""
        self.status.write()

    def web(self) -> Part:
        """Describe the web server on a socket that outlives it: during a restart browsers wait."""
        file = self.listener.fileno()
        argv = [sys.executable, "-m", "portal.embedded.serve", f"fd://{file}"]
        return Part(name="web", argv=argv, fds=(file,))

    def say(self, step: str) -> None:
        """Tell `up` what is being done."""
        self.status.step = step
        self.status.write()

    def launch(self, part: Part) -> None:
        """Start `part` and remember it."""
        child = start(part, env=self.env, log=LOG / f"{part.name}.log")
        self.parts[part.name], self.children[part.name] = part, child
        known = Known(child.pid, birth(child.pid) or "", part.stop_signal, time.time())
        self.status.parts[part.name] = known
        self.status.write()

    def wait_for(self, name: str, ready: Callable[[], bool]) -> None:
        """Wait until `ready`, restarting what dies meanwhile; give up with its last words.

        The web server dies when the database cannot be prepared, and would again.
        """
        until = time.monotonic() + READY_WITHIN_S
        patience = 0 if name == "web" else 3
        while not ready():
            if time.monotonic() > until or self.status.restarts.get(name, 0) > patience:
                raise Trouble(f"{name} did not get ready. {last_words(name)}")
            self.tick()

    def tick(self) -> None:
        """Restart what died, each time after a longer pause; keep the logs short.

        Raises Stop once somebody has asked for it.
        """
        if self.asked_to_stop:
            raise Stop
        now = time.monotonic()
        for name, child in list(self.children.items()):
            if child.poll() is not None:
                kill_group(child.pid)
                del self.children[name]
                started, pause = self.due.get(name, (0.0, 0.0))
                calm = now - started > CALM_AFTER_S
                pause = 0.0 if calm else min(2 * pause + 0.2, LONGEST_PAUSE_S)
                self.due[name] = (now + pause, pause)
                self.status.restarts[name] = self.status.restarts.get(name, 0) + 1
        for name in self.parts.keys() - self.children.keys():
            if self.due[name][0] <= now:
                self.launch(self.parts[name])
        for log in LOG.glob("*.log"):
            if log.stat().st_size > LOG_LIMIT:  # the parts append, so the file may shrink
                shutil.copyfile(log, log.with_suffix(".log.1"))
                os.truncate(log, 0)
        time.sleep(TICK_S if self.status.phase == "starting" else CALM_TICK_S)

    def take_down(self) -> None:
        """End web, worker and beat, then what they need; Postgres last."""
        services = {"postgres", "valkey", "azure"}
        for names in (self.children.keys() - services, {"azure", "valkey"}, {"postgres"}):
            known = [self.status.parts[n] for n in names if n in self.children]
            end(known, grace_s=max((PATIENCE_S.get(n, 10.0) for n in names), default=0))
        for child in self.children.values():
            child.wait()
        self.status.parts = {}
        if self.status.phase == "stopping":
            self.status.phase = "stopped"
        self.status.write()


def last_words(name: str) -> str:
    """Quote the end of a part's log."""
    log = LOG / f"{name}.log"
    lines = log.read_text(errors="replace").splitlines()[-15:] if log.exists() else []
    return "\n".join([f"The last lines of {log}:", *(f"  {line}" for line in lines)])


def listen(host: str, port: int) -> socket.socket:
    """Open the portal's address, or say who could not."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(2048)
    except OSError as error:
        listener.close()
        raise Trouble(
            f"Port {port} on {host} cannot be used ({error.strerror}): "
            "choose a free one with --port, for example --port 8001."
        ) from None
    return listener


def main() -> None:
    """Run the supervisor in this process until it is told to stop."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    port = parser.parse_args().port
    try:
        with hold("up"):
            embedded = Embedded()
            listener = listen(embedded.bind_host, port)
            Supervisor(port=port, embedded=embedded, listener=listener).run()
    except Trouble as trouble:  # told by `up`, which quotes this log
        sys.exit(str(trouble))


if __name__ == "__main__":
    main()
