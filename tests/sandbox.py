"""The Azure sandbox as a process, for all tests of the project."""

import json
import os
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).resolve().parent.parent
FACTS = ROOT / "apps/catalog/data"


class Sandbox:
    """One running sandbox; `start` again on the same folder brings its state back.

    azure = Sandbox.start(tmp_path)
    azure.fault("PUT .*/deployments/", code="RequestConflict")
    azure.drift(resource_id, "properties.versionUpgradeOption", "NoAutoUpgrade")
    azure.set_limit("prod", "swedencentral", "OpenAI.GlobalStandard.gpt-5.1", limit=100)
    azure.stop()
    """

    def __init__(self, process: subprocess.Popen[bytes], home: Path, facts: Path) -> None:
        self.process, self.home, self.facts = process, home, facts
        self.endpoint: dict[str, Any] = json.loads((home / "endpoint.json").read_text())
        self.url: str = self.endpoint["url"]
        self.ca: str = self.endpoint["ca"]
        self.requests_file = home / "requests.jsonl"
        self._trust = ssl.create_default_context(cafile=self.ca)

    @classmethod
    def start(
        cls, home: Path, facts: Path = FACTS, *, operation_seconds: float = 0.2, port: int = 0
    ) -> Self:
        """Start a sandbox and wait until it listens."""
        endpoint = home / "endpoint.json"
        endpoint.unlink(missing_ok=True)
        home.mkdir(parents=True, exist_ok=True)
        command = ["--state", home, "--facts", facts, "--port", port]
        command += ["--operation-seconds", operation_seconds]
        with (home / "log.txt").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "apps.azure_sandbox", *map(str, command)],
                cwd=ROOT,
                stdout=log,
                stderr=log,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
            )
        end = time.monotonic() + 30
        while not endpoint.exists():
            if process.poll() is not None or time.monotonic() > end:
                process.kill()
                process.wait()
                raise RuntimeError(f"No sandbox: {(home / 'log.txt').read_text()[-2000:]}")
            time.sleep(0.02)
        return cls(process, home, facts)

    def stop(self) -> None:
        """End the process as a supervisor does."""
        self.process.terminate()
        self.process.wait(10)

    def kill(self) -> None:
        """End the process as a power cut does."""
        self.process.kill()
        self.process.wait(10)

    def restart(self) -> Self:
        """Start again on the same state, at the same address where it is free."""
        if self.process.poll() is None:
            self.stop()
        return type(self).start(self.home, self.facts)

    def fault(self, match: str, **more: Any) -> dict[str, Any]:
        """Order a fault for requests "METHOD path" that match.

        code (InternalServerError), status, message, details, headers, times (1), when:
        "request" answers instead of acting, "operation" lets the accepted work fail ("PUT" or
        "DELETE" and the resource id are matched), "lost" acts and closes the connection.
        The SDK repeats 429, 5xx and lost calls by itself: order as many `times` as it tries.
        """
        return self.admin("POST", "faults", {"match": match, **more})

    def clear(self) -> None:
        """Forget faults, set limits, foreign use and capacities; resources stay."""
        self.admin("POST", "clear", {})

    def reset(self) -> None:
        """Forget everything: an Azure in which nothing was ever made; the log of calls stays."""
        self.admin("POST", "reset", {})
        self.settings(operation_seconds=0.2, retry_after=1)

    def drift(self, resource_id: str, path: str, value: Any) -> dict[str, Any]:
        """Change a property as somebody would by hand, `sku.capacity` for one; None removes it."""
        return self.admin("POST", "drift", {"id": resource_id, "path": path, "value": value})

    def set_limit(
        self,
        subscription: str,
        region: str,
        meter: str,
        *,
        limit: int | None = None,
        used: int | None = None,
    ) -> dict[str, Any]:
        """Set a meter's limit, and what others use of it; `subscription` may be prod or nonprod."""
        told = {"subscription": subscription, "region": region, "meter": meter}
        numbers = {"limit": limit, "used": used}
        return self.admin(
            "POST", "quota", told | {k: v for k, v in numbers.items() if v is not None}
        )

    def set_capacity(self, region: str, sku: str, model: str, capacity: int) -> dict[str, Any]:
        """Set what modelCapacities answers."""
        told = {"region": region, "sku": sku, "model": model, "capacity": capacity}
        return self.admin("POST", "capacity", told)

    def settings(self, **changes: float) -> dict[str, Any]:
        """Set operation_seconds and retry_after (1; at 0 the client's polling_interval counts)."""
        return self.admin("POST", "settings", changes)

    def state(self) -> dict[str, Any]:
        """Count what is there; `not_implemented` lists the calls that ended in 501."""
        return self.admin("GET", "state")

    def requests(self) -> list[dict[str, Any]]:
        """List the ARM requests so far: method, url, body."""
        if not self.requests_file.exists():
            return []
        return [json.loads(line) for line in self.requests_file.read_text().splitlines()]

    def admin(self, method: str, door: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Call the sandbox's own door."""
        request = urllib.request.Request(  # noqa: S310 - our own https address
            f"{self.url}/_sandbox/{door}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, context=self._trust, timeout=10) as answer:  # noqa: S310
                found: dict[str, Any] = json.load(answer)
                return found
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{method} {door}: {error.read().decode()}") from error


def check_requests(shared: Path, log: Path, out: Path) -> dict[str, Any]:
    """Check recorded requests against Microsoft's specs with the shared checker.

    Gives `errors` (how many requests have some), `not_checked` (bodies without a saved schema) and
    `entries`, the checker's own report.
    """
    subprocess.run(
        [sys.executable, shared / "arm/check_arm_requests.py", log, "-q", "--json", out],
        capture_output=True,
        check=False,
    )
    entries = json.loads(out.read_text())
    return {
        "errors": sum(bool(e["errors"]) for e in entries),
        "not_checked": sum("body not checked" in str(e["warnings"]) for e in entries),
        "entries": entries,
    }
