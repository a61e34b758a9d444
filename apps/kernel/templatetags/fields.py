"""What the form components ask about a field: its template, its attributes, its errors."""

from collections.abc import Sequence

from django import template
from django.forms import BoundField
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.kernel.forms import Fieldset, FormField

register = template.Library()

WIDGETS = ("text", "textarea", "integer", "date", "checkbox", "select", "choices")
ROW_CLASSES = {1: "", 2: "p-two", 3: "p-three"}


@register.filter
def field_template(widget: str) -> str:
    """Name the template of a widget; an unknown one is a defect of the form's spec."""
    if widget not in WIDGETS:
        raise ValueError(f"There is no widget “{widget}”; there are: {', '.join(WIDGETS)}.")
    return f"components/fields/{widget}.html"


@register.filter
def row_class(row: Sequence[FormField]) -> str:
    """Set one, two or three fields side by side."""
    return ROW_CLASSES[len(row)]


@register.filter
def form_errors(fieldsets: Sequence[Fieldset]) -> list[FormField]:
    """List the fields that were refused, in the order of the page."""
    return [field for part in fieldsets for row in part.rows for field in row if field.error]


@register.simple_tag
def field_description(field: FormField) -> SafeString:
    """Point from an input to its hint and its error."""
    notes = [f"{field.id}-{part}" for part in ("help", "error") if getattr(field, part)]
    return format_html(' aria-describedby="{}"', " ".join(notes)) if notes else SafeString("")


@register.simple_tag
def field_attributes(field: FormField, classes: str) -> SafeString:
    """Write class, id, name and what assistive technology needs to know of an input."""
    return format_html(
        'class="{}{}" id="{}" name="{}"{}{}{}{}',
        classes,
        " is-invalid" if field.error else "",
        field.id,
        field.name,
        SafeString(" required" if field.required and not field.fixed else ""),
        SafeString(" disabled" if field.fixed else ""),
        SafeString(' aria-invalid="true"' if field.error else ""),
        field_description(field),
    )


@register.filter
def control(field: BoundField) -> SafeString:
    """Draw the input of a Django form (sign-in, password) in the portal's look."""
    classes = "form-control is-invalid" if field.errors else "form-control"
    return field.as_widget(attrs={"class": classes, "placeholder": ""})
