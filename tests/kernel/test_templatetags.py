"""Tags and filters: what is unknown is a dash, what is shortened keeps its exact value."""

import json
import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from django.conf import settings
from django.template import TemplateSyntaxError, engines

from apps.kernel import forms
from apps.kernel.templatetags import fields, portal

ROOT = Path(settings.BASE_DIR)
FILTERS = (
    "money",
    "money_amount",
    "money_whole",
    "money_exact",
    "unit_price",
    "count",
    "short_count",
    "k_tpm",
    "quantity:'PTU'",
    "percent",
    "plural:'request'",
    "duration",
    "when",
    "as_of",
    "day",
)


def render(source, **context):
    return engines["django"].from_string(source).render(context).replace("\u00a0", " ")


@pytest.mark.parametrize("name", FILTERS)
@pytest.mark.parametrize("source", ["value", "absent"])
def test_unknown_is_a_dash(source, name):
    assert render(f"{{{{ {source}|{name} }}}}", value=None) == "–"


@pytest.mark.parametrize("name", FILTERS)
def test_a_wrong_type_is_a_defect_and_not_an_empty_cell(name):
    with pytest.raises((TypeError, ValueError, AttributeError, ArithmeticError)):
        render(f"{{{{ value|{name} }}}}", value=object())


@pytest.mark.parametrize(
    ("source", "value", "text"),
    [
        (
            "money",
            68_838_987_500,
            '<span class="p-nowrap" title="68.838987500 USD">68.84 USD</span>',
        ),
        (
            "money_amount",
            68_838_987_500,
            '<span class="p-nowrap" title="68.838987500 USD">68.84</span>',
        ),
        (
            "money_whole",
            68_838_987_500,
            '<span class="p-nowrap" title="68.838987500 USD">69 USD</span>',
        ),
        ("short_count", 512_400_000, '<span class="p-nowrap" title="512 400 000">512.4 M</span>'),
        ("count", 0, "0"),
        ("k_tpm", 500, "500 K TPM"),
        ("quantity:'PTU'", 15, "15 PTU"),
        ("plural:'reply,replies'", 2, "2 replies"),
        ("percent", 0.64, "64 %"),
        ("duration", 240, "4 minutes"),
        (
            "day",
            date(2025, 11, 16),
            '<time datetime="2025-11-16" title="16 Nov 2025">16 Nov 2025</time>',
        ),
        (
            "when",
            datetime(2025, 11, 16, 18, 43, 7, tzinfo=UTC),
            '<time datetime="2025-11-16T18:43:07+00:00" title="16 Nov 2025 18:43:07 UTC">'
            "16 Nov 2025 18:43</time>",
        ),
        ("initials", "Alice Berger", "AB"),
        ("initials", "petra", "P"),
        ("initials", "", "?"),
        ("initials", ".", "?"),
    ],
)
def test_filters(source, value, text):
    assert render(f"{{{{ value|{source} }}}}", value=value) == text


def test_an_icon_is_hidden_beside_its_word():
    svg = render('{% icon "lock" "sm" "warn" %}')
    assert svg.startswith(
        '<svg class="p-icon p-icon-sm p-warn" viewBox="0 0 24 24" aria-hidden="true">'
    )


def test_an_unknown_icon_says_how_to_get_it():
    with pytest.raises(TemplateSyntaxError, match="vendor_assets --icon unicorn"):
        render('{% icon "unicorn" %}')


def test_every_icon_that_the_project_names_exists():
    named = set(portal.TONE_ICONS.values()) | set(portal.STEP_ICONS.values())
    named |= set(portal.NOTICE_ICONS.values())
    templates = [*ROOT.glob("templates/**/*.html"), *ROOT.glob("apps/**/templates/**/*.html")]
    for source in [*templates, *ROOT.glob("apps/**/*.py"), *ROOT.glob("portal/*.py")]:
        text = source.read_text()
        named |= set(re.findall(r"{% icon [\"']([a-z0-9-]+)[\"']", text))
        named |= set(re.findall(r"\bicon[\"']?(?:=|: ?)[\"']([a-z0-9-]+)[\"']", text))
    assert named - portal.icon_paths().keys() == set()


def test_icons_are_kept_as_the_vendoring_command_writes_them():
    text = (ROOT / "apps/kernel/templatetags/icons.json").read_text()
    assert list(json.loads(text)) == sorted(json.loads(text))


@pytest.mark.parametrize(
    ("used", "held", "limit", "solid", "hatched", "over"),
    [
        (2690, 300, 4000, "67.2%", "7.5%", False),
        (4000, 500, 4000, "100.0%", "", True),
        (3900, 500, 4000, "97.5%", "2.5%", True),
        (None, None, 4000, "0.0%", "", False),
    ],
)
def test_a_bullet_never_draws_beyond_its_limit(used, held, limit, solid, hatched, over):
    drawn = portal.bullet(used, held, limit, "x")
    assert (drawn["solid"], drawn["hatched"], drawn["over"]) == (solid, hatched, over)


@pytest.mark.parametrize("limit", [0, None])
def test_a_bullet_without_a_limit_says_so(limit):
    assert "no quota" in render('{% bullet 1 2 limit "x" %}', limit=limit)


def test_a_field_points_to_its_hint_and_its_error():
    asked = forms.FormField(
        "per_day", "Per day", "integer", 5, help="Usual day.", error="Too many."
    )
    attributes = fields.field_attributes(asked, "form-control")
    assert attributes == (
        'class="form-control is-invalid" id="f-per-day" name="per_day" required '
        'aria-invalid="true" aria-describedby="f-per-day-help f-per-day-error"'
    )


def test_a_plain_field_has_no_attributes_to_spare():
    asked = forms.FormField("model", "Model", "text", "", required=False)
    assert (
        fields.field_attributes(asked, "form-control")
        == 'class="form-control" id="f-model" name="model"'
    )


def test_an_unknown_widget_is_refused_by_name():
    with pytest.raises(ValueError, match="no widget “slider”; there are: text"):
        fields.field_template("slider")


def test_every_widget_that_a_serializer_field_maps_to_is_drawn():
    assert set(forms.WIDGETS.values()) <= set(fields.WIDGETS)
    for widget in fields.WIDGETS:
        assert (ROOT / "templates" / fields.field_template(widget)).exists()
