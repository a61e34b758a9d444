"""What a team says when it asks for a model deployment."""

from collections.abc import Mapping
from typing import Any, ClassVar

from apps.requests.kinds import Choice, PayloadSpec, Text, WholeNumber

VERSION = 1
MAX_CAPACITY = 10_000_000


class ModelDeploymentSpec(PayloadSpec):
    """Whom it is for, which model, how and where, and how much it will be used."""

    FIELDSETS: ClassVar = (
        (
            "What for",
            "Decides which types and regions are allowed.",
            (("workload", "environment"), ("data_class",), ("purpose",)),
        ),
        ("Model", "Only what is offered and not retired.", (("model", "version"),)),
        ("How and where", "Greyed choices say why.", (("sku",), ("region", "capacity"))),
        (
            "Expected use",
            "For the estimate, and for who decides.",
            (("requests_per_day", "input_tokens", "output_tokens"),),
        ),
    )

    data_class = Choice(
        label="Data classification", help_text="The most sensitive data that will be sent."
    )
    purpose = Text(
        label="Purpose",
        max_length=2000,
        help_text="One or two sentences for those who decide.",
    )
    model = Choice(label="Model")
    version = Choice(label="Version", style={"preselect": True})
    sku = Choice(label="Deployment type", style={"widget": "choices"})
    region = Choice(label="Region")
    capacity = WholeNumber(
        label="Capacity",
        min_value=1,
        max_value=MAX_CAPACITY,
        help_text="Its own, shared with nobody; in the unit of the type.",
    )
    requests_per_day = WholeNumber(label="Requests a day", min_value=1, max_value=10**9)
    input_tokens = WholeNumber(label="Input tokens each", min_value=1, max_value=10**7)
    output_tokens = WholeNumber(label="Output tokens each", min_value=0, max_value=10**7)


def upgrade(data: Mapping[str, Any], from_version: int) -> Mapping[str, Any]:
    """Bring a stored payload to the present version; there is only one so far."""
    if from_version != VERSION:
        raise LookupError(f"No payload version {from_version}; there is: {VERSION}.")
    return data
