"""Run axe-core in a page: nothing serious or critical may be found."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Page

AXE = Path(__file__).parents[1] / "vendor/axe.min.js"
FAILING = {"serious", "critical"}


def findings(page: Page) -> list[dict[str, Any]]:
    """Return the serious and critical findings of the page as it stands now.

    The script goes in through the debugger, so the page's content policy stays as strict as it is.
    """
    page.evaluate(AXE.read_text())
    result = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [found for found in result["violations"] if found["impact"] in FAILING]


def assert_accessible(page: Page) -> None:
    """Fail with rule, element and reason of every serious or critical finding."""
    lines = [
        f"{found['impact']} {found['id']}: {found['help']}\n    {node['html'][:200]}\n"
        f"    {node['failureSummary'].replace(chr(10), ' ')}"
        for found in findings(page)
        for node in found["nodes"]
    ]
    assert not lines, f"{page.url} is not accessible:\n" + "\n".join(lines)
