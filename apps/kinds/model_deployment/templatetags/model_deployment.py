"""`{{ payload.sku|type_label }}` gives "Global Standard" for GlobalStandard."""

from django import template

from apps.catalog import selectors as catalog

register = template.Library()


@register.filter
def type_label(sku: str) -> str:
    """Return the deployment type's label, or the SKU itself where the catalogue lacks it."""
    known = catalog.deployment_types().get(sku)
    return known.label if known else sku
