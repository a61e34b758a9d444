"""Bring the portal up and down on this machine, and clear it away."""

import shutil
import signal
import subprocess
import sys
import time

from portal.embedded import ROOT, VAR, Trouble
from portal.embedded.children import Known, birth, end
from portal.embedded.environment import Embedded
from portal.embedded.logs import show
from portal.embedded.state import LOG, RUN, Status, hold, holder, read_status, running
from portal.embedded.supervise import last_words, listen

NOT_RUNNING = "The portal is not running. Start it with: python3 portalctl.py up"
FIRST_ADMIN = "Make the first account with: python3 portalctl.py manage first_admin --email …"


def up(*, port: int, detach: bool) -> int:
    """Start everything, print address and demo sign-ins, and follow the logs unless `detach`."""
    if (status := running()) and status.phase == "ready":
        print(f"The portal is already running at {status.url}")
        return 0
    if held := holder():
        raise Trouble(f"portalctl.py {held.purpose} is at work here: try again when it is done.")
    listen(Embedded().bind_host, port).close()
    for number in (signal.SIGTERM, signal.SIGHUP):  # a closed terminal is a Ctrl-C, too
        signal.signal(number, signal.default_int_handler)
    sign_ins = RUN / "sign-ins"  # written when the database was prepared
    try:
        status = _start_supervisor(port)
        print(f"\nThe portal is ready: {status.url}\n\n{sign_ins.read_text() or FIRST_ADMIN}")
        if detach:
            return 0
        print("\nCtrl-C stops it.\n", flush=True)
        show(sorted(LOG.glob("*.log")), lines=0, while_=lambda: bool(running()))
    except KeyboardInterrupt:
        print("\nStopping …", flush=True)
        return down()
    if (last := read_status()) and last.phase == "stopped":
        print("The portal was stopped by another command.")
        return 0
    raise Trouble(f"The supervisor was killed; start again. {last_words('supervisor')}")


def _start_supervisor(port: int) -> Status:
    """Start it on its own, show its steps, and return once the portal answers."""
    words = LOG / "supervisor.log"
    words.unlink(missing_ok=True)
    with words.open("ab") as log:
        child = subprocess.Popen(
            [sys.executable, "-m", "portal.embedded.supervise", "--port", str(port)],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        return _ready(child)
    except KeyboardInterrupt:
        child.terminate()  # it may not hold the lock yet, by which `down` would find it
        child.wait()
        raise


def _ready(child: subprocess.Popen[bytes]) -> Status:
    shown = ""
    while True:
        ended = child.poll() is not None
        status = read_status()
        if status and status.pid == child.pid:
            if status.phase == "ready":
                return status
            if status.phase == "failed" and ended:
                raise Trouble(status.trouble)
            if status.step not in ("", shown):
                print(f"- {status.step}", flush=True)
                shown = status.step
        if ended:
            words = last_words("supervisor")
            raise Trouble(f"The supervisor ended before the portal was ready. {words}")
        time.sleep(0.05)


def down() -> int:
    """Stop everything, and what a killed supervisor may have left; nothing runs afterwards."""
    if not VAR.exists():
        print(NOT_RUNNING)
        return 0
    was_running = False
    while (held := holder()) and held.purpose == "up":
        was_running = True
        end([Known(held.pid, birth(held.pid) or "", signal.SIGTERM)], grace_s=90)
    with hold("down", wait=True):
        status = read_status()
        left = list(status.parts.values()) if status else []
        if postgres := Embedded().postgres:
            left += postgres.processes()
        left = [process for process in left if process.lives()]
        end(left, grace_s=30)
    print("The portal is down." if was_running or left else NOT_RUNNING)
    return 0


def reset(*, sure: bool) -> int:
    """Ask, stop everything, and remove var/ with all data in it."""
    if not sure:
        print(f"This removes {VAR}: the database, the logs and the sandbox's Azure.")
        print("Type yes to go on: ", end="", flush=True)
        if sys.stdin.readline().strip() != "yes":
            print("Nothing was removed.")
            return 1
    down()
    embedded = Embedded()
    places = [VAR]
    if embedded.postgres:
        places += [embedded.postgres.home, embedded.postgres.sockets]
    if embedded.valkey:
        places += [embedded.valkey.socket.parent]
    for place in places:
        if place.exists():
            shutil.rmtree(place)
    print(f"Removed {VAR}.")
    return 0
