"""Every slot that a template names has a panel, and every panel has a slot and a template."""

import re
from pathlib import Path

from django.template.loader import get_template

from apps.kernel import panels

ROOT = Path(__file__).resolve().parent.parent
IN_TEMPLATE = re.compile(r"{%\s*slot\s+\"([a-z_.]+)\"")
IN_VIEW = re.compile(r"panels\.collect\(\s*\"([a-z_.]+)\"")


def named() -> set[str]:
    templates = [*ROOT.glob("templates/**/*.html"), *ROOT.glob("apps/kinds/**/*.html")]
    views = [*ROOT.glob("apps/**/views.py"), ROOT / "portal/views.py"]
    found = {slot for file in templates for slot in IN_TEMPLATE.findall(file.read_text())}
    return found | {slot for file in views for slot in IN_VIEW.findall(file.read_text())}


def test_every_slot_has_a_panel_and_every_panel_a_slot():
    assert named() == set(panels.SLOTS)


def test_every_panel_has_a_template():
    for registered in panels.SLOTS.values():
        for panel in registered:
            assert get_template(panel.template)
