"""The documents say only what is true: links lead somewhere, commands exist."""

import re
from pathlib import Path

import pytest
from django.core.management import get_commands

import portalctl

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"\]\((?!https?:)([^)#]+)")
CONTROL = re.compile(r"portalctl\.py ([a-z]+)(?: ([a-z_]+))?")
WORDS = set(re.findall(r"[a-z]+", portalctl.__doc__.partition("\n\n")[2]))


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_lead_somewhere(page):
    broken = [link for link in LINK.findall(page.read_text()) if not (page.parent / link).exists()]
    assert broken == []


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_commands_exist(page):
    for word, command in CONTROL.findall(page.read_text()):
        assert word in WORDS, word
        if word == "manage" and command:
            assert command in get_commands(), command
