"""Vendored files are, byte for byte, what the manifest says."""

import json
import shutil
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from apps.kernel.management.commands import vendor_assets

ROOT = Path(settings.BASE_DIR)


def test_every_vendored_file_has_its_digest():
    call_command("vendor_assets", "--check")


def test_no_vendored_file_is_without_an_entry():
    own = {"manifest.json", "LICENCES.txt", "tabler.min.css.map"}
    lying = {p for p in (ROOT / "static/vendor").rglob("*") if p.is_file() and p.name not in own}
    lying |= {p for p in (ROOT / "tests/vendor").rglob("*") if p.is_file()}
    listed = {ROOT / part["file"] for part in vendor_assets.manifest(ROOT) if not part["picked"]}
    assert lying == listed


def test_every_licence_is_told():
    told = (ROOT / "static/vendor/LICENCES.txt").read_text()
    for part in vendor_assets.manifest(ROOT):
        assert part["package"] in told
        assert part["licence"] in told


def test_a_changed_file_is_found_out(tmp_path, settings):
    part = next(p for p in vendor_assets.manifest(ROOT) if p["file"].endswith("htmx.min.js"))
    (tmp_path / "static/vendor").mkdir(parents=True)
    (tmp_path / vendor_assets.MANIFEST).write_text(json.dumps({"parts": [part]}))
    shutil.copy(ROOT / part["file"], tmp_path / part["file"])
    settings.BASE_DIR = tmp_path
    call_command("vendor_assets", "--check")
    (tmp_path / part["file"]).write_bytes(b"// somebody edited this")
    with pytest.raises(CommandError, match="differs from htmx"):
        call_command("vendor_assets", "--check")


def test_icons_are_picked_by_name():
    nodes = json.dumps({"plus": [["path", {"d": "M1"}], ["path", {"d": "M2"}]], "x": []}).encode()
    assert json.loads(vendor_assets.pick_icons(nodes, {"plus"})) == {"plus": ["M1", "M2"]}
    with pytest.raises(CommandError, match="no outline icon unicorn"):
        vendor_assets.pick_icons(nodes, {"plus", "unicorn"})
