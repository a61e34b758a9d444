"""Turn a serializer into the fields that `components/form.html` draws."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rest_framework import serializers


@dataclass(frozen=True)
class Option:
    """One choice; `why_not` says why it cannot be chosen now and what would pass."""

    value: str
    label: str
    hint: str = ""
    why_not: str = ""


@dataclass(frozen=True)
class FormField:
    """What a template needs to draw one field; a fixed one is shown and cannot be changed."""

    name: str
    label: str
    widget: str
    value: Any
    help: str = ""
    unit: str = ""
    required: bool = True
    error: str = ""
    options: Sequence[Option] = ()
    fixed: bool = False

    @property
    def id(self) -> str:
        """The element id, also used by aria-describedby."""
        return f"f-{self.name.replace('_', '-')}"


@dataclass(frozen=True)
class Fieldset:
    """A titled group of fields; a row is a list of fields side by side."""

    title: str
    help: str
    rows: Sequence[Sequence[FormField]] = field(default_factory=tuple)


WIDGETS: dict[type[serializers.Field[Any, Any, Any, Any]], str] = {
    serializers.ChoiceField: "select",
    serializers.IntegerField: "integer",
    serializers.CharField: "text",
    serializers.SlugField: "text",
    serializers.DateField: "date",
    serializers.BooleanField: "checkbox",
}


def widget_of(item: serializers.Field[Any, Any, Any, Any]) -> str:
    """Name the widget of a serializer field; an unknown field type is an error at start."""
    if chosen := item.style.get("widget"):
        return str(chosen)
    try:
        return WIDGETS[type(item)]
    except KeyError:
        raise TypeError(
            f"No widget for {type(item).__name__} ({item.field_name}); there are: "
            + ", ".join(sorted(t.__name__ for t in WIDGETS))
        ) from None


def draw(
    spec: type[serializers.Serializer[Any]],
    *,
    values: Mapping[str, Any],
    options: Mapping[str, Sequence[Option]],
    errors: Mapping[str, str],
    units: Mapping[str, str] | None = None,
    fixed: Mapping[str, str] | None = None,
) -> list[Fieldset]:
    """Lay out `spec` as its FIELDSETS say: (title, help, ((name, name), (name,))).

    `units` are those that depend on what was chosen; the others stand in the field's style.
    `fixed` says of fields why they cannot be changed.
    """
    fields = spec().fields

    def one(name: str) -> FormField:
        item = fields[name]
        return FormField(
            name=name,
            label=str(item.label or name.replace("_", " ").capitalize()),
            widget=widget_of(item),
            value=values.get(name, ""),
            help=(fixed or {}).get(name, str(item.help_text or "")),
            unit=(units or {}).get(name, str(item.style.get("unit", ""))),
            required=item.required,
            error=errors.get(name, ""),
            options=options.get(name, ()),
            fixed=name in (fixed or {}),
        )

    layout: Sequence[tuple[str, str, Sequence[Sequence[str]]]] = spec.FIELDSETS  # type: ignore[attr-defined]
    return [
        Fieldset(title, text, [[one(name) for name in row] for row in rows])
        for title, text, rows in layout
    ]
