"""No template breaks the strict content policy: nothing inline, nothing from elsewhere."""

import re
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
TEMPLATES = sorted([*ROOT.glob("templates/**/*.html"), *ROOT.glob("apps/**/templates/**/*.html")])
FORBIDDEN = {
    "a style attribute": r"<[^>]*\sstyle\s*=",
    "a style element": r"<style\b",
    "an inline script": r"<script(?![^>]*\bsrc=)(?![^>]*type=[\"']application/json[\"'])",
    "an inline handler": r"<[^>]*\son[a-z]+\s*=\s*[\"']",
    "an htmx handler": r"\bhx-on\b",
    "evaluated values": r"hx-(?:vals|headers)=[\"']\s*(?:js|javascript):",
    "an event filter": r"hx-trigger=[\"'][^\"']*\[",
    "a javascript address": r"javascript:",
    "something from elsewhere": r"<(?:script|link|img|iframe)[^>]*(?:src|href)=[\"'](?:https?:)?//",
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_template_holds(what):
    found = [
        f"{template.relative_to(ROOT)}: {match[0][:80]}"
        for template in TEMPLATES
        for match in re.finditer(FORBIDDEN[what], template.read_text(), re.IGNORECASE | re.DOTALL)
    ]
    assert found == [], f"{what}: the content policy refuses it"


@pytest.mark.parametrize(
    ("what", "planted"),
    [
        ("a style attribute", '<p style="width: 3px">'),
        ("a style element", "<style>p {}</style>"),
        ("an inline script", "<script>go()</script>"),
        ("an inline handler", '<a onclick="go()">'),
        ("an htmx handler", '<a hx-on:click="go()">'),
        ("evaluated values", '<a hx-vals="js:{a: b()}">'),
        ("an event filter", '<a hx-trigger="click[ctrlKey]">'),
        ("a javascript address", '<a href="javascript:go()">'),
        ("something from elsewhere", '<script src="https://cdn.example/x.js">'),
    ],
)
def test_a_planted_one_is_found(what, planted):
    assert re.search(FORBIDDEN[what], planted, re.IGNORECASE | re.DOTALL)


@pytest.mark.parametrize("name", ["portal.js", "figures.js"])
def test_our_own_script_needs_no_eval(name):
    script = (ROOT / "static" / name).read_text()
    assert not re.search(r"\beval\(|new Function|\.innerHTML|insertAdjacentHTML|\.style\b", script)
