"""Which steps a request must pass: one rule each, in words that the request keeps."""

from dataclasses import dataclass

from apps.kernel import formats
from apps.kernel.money import nano
from apps.requests.kinds import Estimate
from apps.teams.roles import Action


@dataclass(frozen=True)
class Needed:
    """A step with its rule; one that is not needed is kept too, so that people see why."""

    label: str
    action: Action
    rule: str
    needed: bool


def steps(estimate: Estimate, *, finance_above_usd: int) -> list[Needed]:
    """List the steps in their order: the platform always, finance by the expected cost."""
    return [
        Needed(
            "Platform", Action.DECIDE_PLATFORM, "P-01: the platform always decides", needed=True
        ),
        _finance(estimate, finance_above_usd),
    ]


def _finance(estimate: Estimate, above_usd: int) -> Needed:
    limit = formats.money(nano(above_usd), 0)
    expected = estimate.expected_nano
    if not estimate.complete:
        rule, needed = f"P-05: decides above {limit} a month", False
    elif expected is None:
        rule, needed = "P-06: finance decides, as no price is known", True
    elif expected > nano(above_usd):
        rule = (
            f"P-05: finance decides, as {formats.money(expected)} a month "
            f"are expected, above {limit}"
        )
        needed = True
    else:
        rule, needed = f"P-05: not needed up to {limit} a month", False
    return Needed("Finance", Action.DECIDE_FINANCE, rule, needed=needed)
