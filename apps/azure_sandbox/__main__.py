"""Start the Azure sandbox: `python -m apps.azure_sandbox --state DIR --facts DIR [--port N]`.

Writes DIR/endpoint.json when ready: url, ca, tenant_id, client_id, client_secret, subscriptions.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import sys
import threading
from pathlib import Path
from typing import Any

from apps.azure_sandbox import facts, tls
from apps.azure_sandbox.sandbox import CLIENT, SUBSCRIPTIONS, TENANT, Sandbox
from apps.azure_sandbox.server import Server


def main(argv: list[str] | None = None) -> int:
    """Serve until told to stop."""
    options = _options(argv)
    os.umask(0o077)
    folder: Path = options.state.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    endpoint = folder / "endpoint.json"
    az = Sandbox(folder, facts.load(options.facts, options.tier))
    if options.operation_seconds is not None:
        az.configure(operation_seconds=options.operation_seconds)
    certificate, key = tls.ensure(folder)
    try:
        server = Server(_port(options.port, az), az, (certificate, key))
    except OSError as error:
        sys.stderr.write(f"The port {options.port} cannot be used: {error.strerror}.\n")
        return 1
    az.configure(port=server.server_port)
    az.url = f"https://127.0.0.1:{server.server_port}"
    az.store.commit()
    _write(
        endpoint,
        {
            "url": az.url,
            "ca": str(certificate),
            "tenant_id": TENANT,
            "client_id": CLIENT,
            "client_secret": az.settings["client_secret"],
            "subscriptions": SUBSCRIPTIONS,
        },
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
    sys.stdout.write(f"Azure sandbox at {az.url}\n")
    sys.stdout.flush()
    server.serve_forever(poll_interval=0.2)
    server.server_close()
    with az.lock:
        az.store.close()
    return 0


def _options(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m apps.azure_sandbox", description=__doc__)
    parser.add_argument("--state", type=Path, required=True, help="where the state is kept")
    parser.add_argument("--facts", type=Path, required=True, help="a folder with the catalogue CSV")
    parser.add_argument("--port", type=int, default=0, help="0 keeps the last one, or a free one")
    parser.add_argument(
        "--tier",
        type=int,
        default=facts.DEFAULT_TIER,
        help="usage tier whose limits apply (default %(default)s: 1,000 K of gpt-5.1)",
    )
    parser.add_argument(
        "--operation-seconds", type=float, help="how long making one resource takes (2)"
    )
    return parser.parse_args(argv)


def _port(asked: int, az: Sandbox) -> int:
    """Choose the port: the one asked for, else the last one where it is free, else any."""
    last = int(az.settings.get("port", 0))
    if asked or not last:
        return asked
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", last))
        except OSError:
            return 0
    return last


def _write(path: Path, document: dict[str, Any]) -> None:
    """Replace a file in one step; it holds the client secret, so only its owner may read it."""
    fresh = path.with_suffix(".new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(document, file, indent=1)
    fresh.replace(path)


if __name__ == "__main__":
    sys.exit(main())
