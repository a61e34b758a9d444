"""What goes into the API and what comes out of it."""

from typing import Any

from drf_spectacular.utils import (
    PolymorphicProxySerializer,
    extend_schema_field,
    inline_serializer,
)
from rest_framework import serializers
from rest_framework.request import Request

from apps.kernel.api import page_shape
from apps.kernel.errors import InvalidError
from apps.requests.kinds import KINDS

COMPARED = inline_serializer(
    "Compared",
    {
        "changes": inline_serializer(
            "ChangedField",
            {
                "name": serializers.CharField(),
                "path": serializers.CharField(help_text="The field's label."),
                "before": serializers.CharField(),
                "after": serializers.CharField(),
                "unit": serializers.CharField(),
                "sign": serializers.CharField(),
            },
            many=True,
        ),
        "now_nano": serializers.IntegerField(allow_null=True, help_text="List cost a month now."),
        "then_nano": serializers.IntegerField(allow_null=True, help_text="And after the change."),
        "in_place": serializers.BooleanField(help_text="Whether name and endpoint stay."),
    },
    allow_null=True,
)


class RequestOut(serializers.Serializer[Any]):
    """A request as the API shows it; amounts are nano-USD."""

    id = serializers.IntegerField(source="pk")
    number = serializers.CharField()
    kind = serializers.CharField()
    act = serializers.CharField(help_text="new, change, renew or decommission.")
    about = serializers.CharField(help_text="What it is about, such as resource:42; empty if new.")
    title = serializers.CharField()
    status = serializers.CharField()
    trouble = serializers.CharField()
    team = serializers.CharField(source="team.slug")
    requester = serializers.CharField(source="requester.email")
    payload = serializers.DictField()
    payload_version = serializers.IntegerField()
    estimate = serializers.DictField(help_text="Frozen at submit; empty before.")
    created_at = serializers.DateTimeField()
    changed_at = serializers.DateTimeField()
    submitted_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)


class RequestDetailOut(RequestOut):
    """One request, with what a change would change."""

    compared = serializers.SerializerMethodField()

    @extend_schema_field(COMPARED)
    def get_compared(self, row: Any) -> dict[str, Any] | None:
        """Say old → new and the list cost now and then; null unless it is a submitted change."""
        found = self.context["compared"]
        return found and {**vars(found), "changes": [vars(one) for one in found.changes]}


class MessageOut(serializers.Serializer[Any]):
    """Something said about a request."""

    kind = serializers.CharField()
    author = serializers.CharField(source="author.email")
    body = serializers.CharField()
    internal = serializers.BooleanField()
    at = serializers.DateTimeField()


class MessageIn(serializers.Serializer[Any]):
    """Something to say; while a question is open and with `answers`, it is the answer."""

    body = serializers.CharField(max_length=4000)
    internal = serializers.BooleanField(default=False)
    answers = serializers.BooleanField(default=False)


class ReasonIn(serializers.Serializer[Any]):
    """Why something is asked, declined or taken back."""

    reason = serializers.CharField(max_length=2000, default="", allow_blank=True)


PAGE = page_shape("RequestPage", RequestOut(many=True))


def _asking(slug: str) -> type[serializers.Serializer[Any]]:
    """Make the body that asks for one kind: its name and its payload."""
    name = "".join(part.capitalize() for part in slug.split("_"))
    fields = {"kind": serializers.ChoiceField([slug]), "payload": KINDS.get(slug).spec()}
    return type(f"{name}Asked", (serializers.Serializer,), fields)


ASKED = PolymorphicProxySerializer(
    component_name="Asked",
    serializers={slug: _asking(slug) for slug in KINDS},
    resource_type_field_name="kind",
)
CHANGED = inline_serializer(
    "Changed", {"payload": serializers.DictField(help_text="The fields to change.")}
)
CHOSEN = inline_serializer(
    "Chosen", {"payload": serializers.DictField(help_text="The fields chosen so far.")}
)


def body_of(request: Request) -> dict[str, Any]:
    """Return the JSON object that was sent."""
    if isinstance(request.data, dict):
        return request.data
    raise InvalidError("Send a JSON object.", {})


def payload_in(body: dict[str, Any]) -> dict[str, Any]:
    """Return the payload of a body, empty where there is none."""
    payload = body.get("payload", {})
    if not isinstance(payload, dict):
        sentence = "The payload is a JSON object of fields."
        raise InvalidError(sentence, {"payload": sentence})
    return payload


def read(shape: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    """Read a small body, or refuse it with a sentence per field."""
    found = shape(data=body_of(request))
    if found.is_valid():
        return dict(found.validated_data)
    errors = {name: " ".join(map(str, texts)) for name, texts in found.errors.items()}
    raise InvalidError(" ".join(f"{name}: {text}" for name, text in errors.items()), errors)
