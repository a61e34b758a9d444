"""A form with every widget, some answers refused."""

from typing import Any

from apps.kernel.forms import Fieldset, FormField, Option


def field(name: str, widget: str, **kwargs: Any) -> FormField:
    return FormField(
        **{"name": name, "label": name.capitalize(), "widget": widget, "value": ""} | kwargs
    )


TYPES = (
    Option("DataZoneStandard", "Data Zone Standard", "Processed in the EU. Pay per token."),
    Option("DataZoneProvisioned", "Data Zone Provisioned", "Steady latency. From 15 PTU."),
    Option(
        "GlobalStandard", "Global Standard", why_not="Not for Confidential. Internal would pass."
    ),
)
REGIONS = (
    Option("swedencentral", "swedencentral", "400 K TPM free"),
    Option("westeurope", "westeurope", why_not="0 K TPM free, germanywestcentral has 1 000"),
)
CAPACITY = field(
    "capacity",
    "integer",
    value=250,
    unit="K TPM",
    help="In thousands of tokens per minute.",
    error="100 K TPM are free in swedencentral. Ask for 100 or less, or take an alternative.",
)
FIELDSETS = [
    Fieldset(
        "What for",
        "Decides who approves and which regions are allowed.",
        [
            [
                field("workload", "text", value="policy-qa"),
                field("ends_on", "date", required=False),
            ],
            [field("purpose", "textarea", error="Say what the workload does with the model.")],
            [field("batch", "checkbox", required=False, help="Answers may take a day.")],
        ],
    ),
    Fieldset(
        "How and where",
        "Greyed choices say why.",
        [
            [field("sku", "choices", value="DataZoneStandard", options=TYPES)],
            [field("region", "select", value="swedencentral", options=REGIONS), CAPACITY],
            [
                field("requests_per_day", "integer", value=4200),
                field("input_tokens", "integer", value=1155),
                field("output_tokens", "integer", error="Give the tokens of a usual answer."),
            ],
        ],
    ),
]
