"""Template tags and filters that every page uses: icons, bars, numbers, money, times.

A filter writes "–" for what is not known (None or an absent variable) and puts the exact value
behind every shortened one, as the title of the element.
"""

import json
from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import cache, wraps
from pathlib import Path
from typing import Any

from django import template
from django.template import TemplateSyntaxError
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from apps.kernel import formats

register = template.Library()

TONE_ICONS = {
    "off": "circle-dashed",
    "run": "progress",
    "warn": "alert-triangle",
    "bad": "circle-x",
    "good": "circle-check",
}
NOTICE_ICONS = {**TONE_ICONS, "off": "info-circle", "run": "clock", "bad": "alert-circle"}
MESSAGE_TONES = {"success": "good", "warning": "warn", "error": "bad"}
STEP_ICONS = {
    "done": "circle-check",
    "now": "circle-dot",
    "next": "circle-dashed",
    "bad": "circle-x",
}
SIGNS = {  # of a diff: class, mark, word
    "+": ("add", "+", "added"),
    "-": ("del", "−", "removed"),
    "~": ("mod", "~", "changed"),
    "": ("", "", ""),
}


@cache
def icon_paths() -> dict[str, list[str]]:
    """Read the outline icons that the portal uses, as path data by Tabler's name."""
    paths: dict[str, list[str]] = json.loads(Path(__file__).with_name("icons.json").read_text())
    return paths


@register.simple_tag
def icon(name: str, size: str = "", tone: str = "") -> SafeString:
    """Draw an icon, hidden from screen readers; size is "", "sm" or "lg", tone a status tone."""
    if name not in icon_paths():
        raise TemplateSyntaxError(
            f"There is no icon “{name}”. Take one of apps/kernel/templatetags/icons.json, "
            f"or add it: manage vendor_assets --icon {name}"
        )
    extra = "".join(f" {c}" for c in (size and f"p-icon-{size}", tone and f"p-{tone}") if c)
    paths = format_html_join("", '<path d="{}"/>', ((d,) for d in icon_paths()[name]))
    return format_html(
        '<svg class="p-icon{}" viewBox="0 0 24 24" aria-hidden="true">{}</svg>', extra, paths
    )


@register.filter
def tone_icon(tone: str) -> str:
    """Name the icon of a status tone."""
    return TONE_ICONS[tone]


@register.filter
def step_icon(state: str) -> str:
    """Name the icon of a timeline entry: done, now, next or bad."""
    return STEP_ICONS[state]


@register.filter
def sign_class(sign: str) -> str:
    """Name the row class of a diff sign; an unchanged row ("") has none."""
    return SIGNS[sign][0]


@register.filter
def sign_mark(sign: str) -> str:
    """Write a diff sign, with a true minus."""
    return SIGNS[sign][1]


@register.filter
def sign_word(sign: str) -> str:
    """Say a diff sign in words."""
    return SIGNS[sign][2]


@register.filter
def message_tone(level_tag: str) -> str:
    """Translate the level of a Django message into a status tone."""
    return MESSAGE_TONES.get(level_tag, "off")


@register.filter
def notice_icon(tone: str) -> str:
    """Name the icon of a notice."""
    return NOTICE_ICONS[tone]


@register.filter
def as_json(value: Any) -> str:
    """Write `value` for an attribute that holds JSON (`hx-vals`)."""
    return json.dumps(value)


@register.filter
def initials(name: str) -> str:
    """Shorten a person's name for the avatar: `Alice Berger` to `AB`."""
    words = str(name).replace(".", " ").split() or ["?"]
    return "".join(w[0] for w in (words[0], *words[1:][-1:])).upper()


@register.inclusion_tag("components/status.html")
def status(state: Any, *, plain: bool = False) -> dict[str, Any]:
    """Draw a state's badge; the state has `.label` and `.tone`, and may have `.icon`."""
    name = getattr(state, "icon", "") or TONE_ICONS[state.tone]
    return {"label": state.label, "tone": state.tone, "icon": name, "plain": plain}


def _share(part: float, whole: float) -> float:
    """Return `part` as percent of `whole`, between 0 and 100."""
    return min(100.0, max(0.0, 100 * part / whole))


@register.inclusion_tag("components/bullet.html")
def bullet(
    used: float | None, held: float | None, limit: float | None, label: str
) -> dict[str, Any]:
    """Draw what is used and held of a limit; without a limit it says "no quota"."""
    if not limit:
        return {"limit": None}
    solid = _share(used or 0, limit)
    hatched = min(100 - solid, _share(held or 0, limit))
    return {
        "limit": limit,
        "label": label,
        "solid": f"{solid:.1f}%",
        "hatched": f"{hatched:.1f}%" if hatched else "",
        "over": (used or 0) + (held or 0) > limit,
    }


@register.inclusion_tag("components/barcell.html")
def barcell(value: float | None, limit: float | None, text: str, tone: str = "") -> dict[str, Any]:
    """Draw a share as a bar with its number at the right; tone is "", "warn", "bad" or "mute"."""
    known = value is not None and bool(limit)
    width = f"{_share(value or 0, limit or 1):.1f}%" if known else ""
    return {"width": width, "text": text, "tone": tone or "fill"}


def known(write: Callable[..., str]) -> Callable[..., str]:
    """Let a filter write "–" for None and for what the template engine did not find."""

    @wraps(write)
    def filtered(value: Any, *args: Any) -> str:
        return formats.UNKNOWN if value is None or value == "" else write(value, *args)

    return filtered


def _exact(text: str, exact: str) -> str:
    """Put the exact value behind a shortened one."""
    return format_html('<span class="p-nowrap" title="{}">{}</span>', exact, text)


def _time(text: str, value: date, exact: str) -> str:
    """Mark up a time for machines and, on hover, to the second."""
    return format_html('<time datetime="{}" title="{}">{}</time>', value.isoformat(), exact, text)


@register.filter
@known
def money(nano: int) -> str:
    """Write an amount of nano units with currency and cents, the exact one on hover."""
    return _exact(formats.money(nano), formats.money_exact(nano))


@register.filter
@known
def money_amount(nano: int) -> str:
    """Write an amount without its currency, for columns and KPIs that name it themselves."""
    return _exact(formats.amount(nano), formats.money_exact(nano))


@register.filter
@known
def money_whole(nano: int) -> str:
    """Write an amount without cents, for forecasts and headlines."""
    return _exact(formats.money(nano, 0), formats.money_exact(nano))


@register.filter
@known
def money_exact(nano: int) -> str:
    """Write an amount to the last nano unit."""
    return formats.money_exact(nano)


@register.filter
@known
def unit_price(nano: int) -> str:
    """Write a price with all its digits and no currency."""
    return formats.unit_price(nano)


@register.filter
@known
def count(value: int) -> str:
    """Write a whole number with parted thousands."""
    return formats.number(value)


@register.filter
@known
def short_count(value: int) -> str:
    """Shorten a large count, the whole one on hover."""
    return _exact(formats.short_count(value), formats.number(value))


@register.filter
@known
def quantity(value: float, unit: str) -> str:
    """Write an amount with the unit given: `15 PTU`."""
    return formats.quantity(value, unit)


@register.filter
@known
def k_tpm(thousands: int) -> str:
    """Write thousands of tokens per minute: `500 K TPM`."""
    return formats.quantity(thousands, "K TPM")


@register.filter
@known
def percent(share: float) -> str:
    """Write a share of one as percent."""
    return formats.percent(share)


@register.filter
@known
def plural(number: int, nouns: str) -> str:
    """Write a count with its noun, given as `request` or `reply,replies`."""
    return formats.plural(number, *nouns.split(","))


@register.filter
@known
def duration(value: timedelta | float) -> str:
    """Write a span of time, or its seconds."""
    return formats.duration(value)


@register.filter
@known
def seconds(ms: float) -> str:
    """Write a latency of ms: `2.9 s`, the whole of it on hover."""
    return _exact(formats.seconds(ms), formats.quantity(ms, "ms"))


@register.filter
@known
def seconds_amount(ms: float) -> str:
    """Write a latency of ms in seconds, for columns and KPIs that name the unit themselves."""
    return _exact(formats.seconds_amount(ms), formats.quantity(ms, "ms"))


@register.filter
@known
def when(value: datetime) -> str:
    """Write a time stamp as near as it is, in UTC."""
    return _time(formats.moment(value), value, formats.moment_exact(value))


@register.filter
@known
def as_of(value: datetime) -> str:
    """Say when a number was true, in UTC."""
    return _time(formats.as_of(value), value, formats.moment_exact(value))


@register.filter
@known
def day(value: date) -> str:
    """Write a UTC day."""
    return _time(
        formats.day(value), value, f"{value.day} {formats.MONTHS[value.month - 1]} {value.year}"
    )
