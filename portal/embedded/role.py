"""What a container runs, one role for each: web, worker, beat, migrate; and how it proves health.

`portalctl.py up` starts the same servers.
"""

import os
import subprocess
import sys
import urllib.error
import urllib.request

import psycopg

from portal.embedded import ROOT, Trouble

NEEDED = ("DJANGO_SECRET_KEY", "DATABASE_URL", "CELERY_BROKER_URL")
BEAT_SILENCE = "10 minutes"  # the scheduler writes down its runs every three
MANAGE = [sys.executable, "manage.py"]
PREPARE = [sys.executable, "-m", "portal.embedded.prepare"]


def web(bind: str) -> list[str]:
    """Return gunicorn's command line."""
    return [
        *(sys.executable, "-m", "gunicorn", "portal.wsgi", "--no-control-socket"),
        *("--bind", bind, "--worker-class", "gthread", "--workers", "2", "--threads", "4"),
        *("--graceful-timeout", "8"),  # requests log themselves, by route (kernel.web)
    ]


def worker(host: str) -> list[str]:
    """Return the Celery worker's command line."""
    return _celery(
        "worker", "--concurrency", "2", "--hostname", f"worker@{host}", "--without-mingle"
    )


def beat() -> list[str]:
    """Return the Celery scheduler's command line; its schedule is in the database."""
    return _celery("beat", "--scheduler", "django_celery_beat.schedulers:DatabaseScheduler")


def _celery(*words: str) -> list[str]:
    return [sys.executable, "-m", "celery", "-A", "portal", *words, "--loglevel", "INFO"]


def web_answers(host: str, port: int) -> bool:
    """Ask the portal itself whether it is ready."""
    address = f"http://{f'[{host}]' if ':' in host else host}:{port}/health/ready"
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def worker_answers(host: str, env: dict[str, str] | None = None) -> bool:
    """Ask the worker through the broker whether it is there."""
    question = ("inspect", "ping", "--destination", f"worker@{host}", "--timeout", "3")
    asked = subprocess.run(
        [sys.executable, "-m", "celery", "-A", "portal", *question],
        cwd=ROOT,
        env=env,
        capture_output=True,
        check=False,
    )
    return asked.returncode == 0


def beat_ticks(url: str) -> bool:
    """Say whether the scheduler has lately written down what it ran."""
    query = "SELECT max(last_run_at) > now() - %s::interval FROM django_celery_beat_periodictask"
    try:
        with psycopg.connect(url, connect_timeout=3) as database:
            found = database.execute(query, [BEAT_SILENCE]).fetchone()
    except psycopg.Error:
        return False
    return bool(found and found[0])


def healthy(role: str) -> bool:
    """Check the role this container plays."""
    if role == "web":
        return web_answers("127.0.0.1", 8000)
    if role == "worker":
        return worker_answers(os.uname().nodename)
    return beat_ticks(os.environ["DATABASE_URL"])


def main() -> None:
    """Play the role named first; `healthy ROLE` exits 0 if that role is well."""
    role, *rest = sys.argv[1:] or ["web"]
    if missing := [name for name in NEEDED if not os.environ.get(name)]:
        raise Trouble(f"Set {', '.join(missing)}; .env.example says how.")
    if role == "healthy":
        sys.exit(0 if healthy(*rest) else 1)
    roles = {
        "web": web("0.0.0.0:8000"),
        "worker": worker(os.uname().nodename),
        "beat": beat(),
        "migrate": PREPARE,
        "manage": [*MANAGE, *rest],
    }
    if role not in roles:
        raise Trouble(f"There is no role {role}. There are: {', '.join(roles)}.")
    os.chdir(ROOT)
    if role == "web" and subprocess.call([*MANAGE, "check", "--database", "default"]):
        raise Trouble("The portal does not start with these settings.")
    os.execv(sys.executable, roles[role])  # noqa: S606


if __name__ == "__main__":
    try:
        main()
    except Trouble as trouble:
        sys.exit(str(trouble))
