"""The Azure sandbox as a neighbour process, and the settings that make it the portal's Azure."""

import json
import ssl
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from portal.embedded import ROOT
from portal.embedded.children import Part
from portal.embedded.places import own_dir


class Sandbox:
    """The stand-in for Azure with its state under `home`; it keeps its port over restarts."""

    def __init__(self, home: Path) -> None:
        self.home = home.resolve()
        self.secret = self.home / "client-secret"

    def part(self) -> Part:
        """Describe the process; it writes endpoint.json when it listens."""
        return Part(
            name="azure",
            argv=[
                *(sys.executable, "-m", "apps.azure_sandbox", "--port", "0"),
                *("--state", str(self.home), "--facts", str(ROOT / "apps/catalog/data")),
            ],
            before=self.make_startable,
        )

    def make_startable(self) -> None:
        """Create the folder, and forget the address of the last run until it is confirmed."""
        own_dir(self.home)
        (self.home / "endpoint.json").unlink(missing_ok=True)

    def _endpoint(self) -> dict[str, Any] | None:
        try:
            return dict(json.loads((self.home / "endpoint.json").read_text()))
        except (OSError, ValueError):
            return None

    def environment(self) -> dict[str, str]:
        """Return the AZURE_… settings, empty until the sandbox has run once."""
        if not (endpoint := self._endpoint()):
            return {}
        self.secret.touch(mode=0o600)
        self.secret.write_text(endpoint["client_secret"])
        return {
            "AZURE_RESOURCE_MANAGER": endpoint["url"],
            "AZURE_AUTHORITY_HOST": endpoint["url"],
            "AZURE_CA_BUNDLE": endpoint["ca"],
            "AZURE_TENANT_ID": endpoint["tenant_id"],
            "AZURE_CLIENT_ID": endpoint["client_id"],
            "AZURE_CLIENT_SECRET": f"file:{self.secret}",
            "AZURE_SUBSCRIPTION_ID": endpoint["subscriptions"]["prod"],
            "AZURE_NONPROD_SUBSCRIPTION_ID": endpoint["subscriptions"]["nonprod"],
        }

    def ready(self) -> bool:
        """Say whether it answers over TLS."""
        if not (endpoint := self._endpoint()):
            return False
        try:
            trust = ssl.create_default_context(cafile=endpoint["ca"])
            address = f"{endpoint['url']}/metadata/endpoints?api-version=2022-09-01"
            with urllib.request.urlopen(address, timeout=3, context=trust) as answer:  # noqa: S310  # our own https address
                return bool(answer.status == 200)
        except (OSError, urllib.error.URLError):
            return False
