"""Check answers against the response schemas of Microsoft's own swagger files."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

FILES = (
    "cognitiveservices/resource-manager/Microsoft.CognitiveServices/preview/2024-04-01-preview/"
    "cognitiveservices.json",
    "resources/resource-manager/Microsoft.Resources/stable/2024-03-01/resources.json",
    "resources/resource-manager/Microsoft.Resources/stable/2024-03-01/deploymentStacks.json",
    "resources/resource-manager/Microsoft.Resources/stable/2022-12-01/subscriptions.json",
    "resources/resource-manager/Microsoft.Authorization/stable/2020-05-01/locks.json",
    "machinelearningservices/resource-manager/Microsoft.MachineLearningServices/stable/2024-04-01/"
    "machineLearningServices.json",
    "keyvault/data-plane/Microsoft.KeyVault/stable/7.5/secrets.json",
)
# Properties that the SDK's models of the api-versions we use have, and the saved specs do not yet.
NEWER = {"type", "apiVersion", "validationLevel"}
NEWER_AT = {"Deployments_Validate": {"id", "name", "type"}}
Node = tuple[Any, Path]  # a schema and the file it stands in
PLAIN: dict[str, Any] = {
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
    "array": list,
}
GENERIC = re.compile(r"\{resourceType\}|^/\{\w+\}$")
POLLS = re.compile(r"/operation(statuses|results)/", re.I)


class Specs:
    """The swagger files, and the operations in them."""

    def __init__(self, shared: Path) -> None:
        self.root = shared / "arm/specs/swagger/specification"
        self.files: dict[Path, Any] = {}
        self.operations = [found for name in FILES for found in self._read(self.root / name)]

    def check(self, method: str, url: str, status: int, body: Any) -> list[str]:
        """Say what is wrong with an answer; nothing is the good answer."""
        path = urlsplit(url).path
        if path.startswith("/secrets/") and path.endswith("/"):
            path += "latest"  # the SDK leaves the version empty for the latest one
        path = path.rstrip("/")
        if POLLS.search(path):
            return self._poll(status, body)
        fitting = [o for o in self.operations if o[0] == method and o[1].match(path)]
        if not fitting:
            return [f"{method} {path}: no operation in the specs"]
        specific = [o for o in fitting if not GENERIC.search(o[2])]
        chosen = max(specific or fitting, key=lambda o: len(re.sub(r"\{.*?\}", "", o[2])))
        _, _, _, operation, file = chosen
        response = operation["responses"].get(str(status)) or operation["responses"].get("default")
        if response is None:
            return [f"{method} {path}: status {status} is not in the spec"]
        if status >= 400 and str(status) not in operation["responses"]:
            return _error(body)
        if "schema" not in response:
            return [] if body is None else [f"{method} {path}: {status} takes no body"]
        if body is None:
            return [f"{method} {path}: {status} needs a body"]
        return list(self._walk(response["schema"], file, body, operation["operationId"]))

    def _read(self, file: Path) -> Iterator[tuple[str, re.Pattern[str], str, Any, Path]]:
        for path, item in self._load(file)["paths"].items():
            pattern = re.escape(path.rstrip("/"))
            pattern = re.sub(r"^/\\\{(scope|resourceId)\\\}", "(/.+?)", pattern)
            pattern = re.sub(r"\\\{parentResourcePath\\\}/\\\{resourceType\\\}", "(.+)", pattern)
            pattern = re.sub(r"\\\{[^/]+?\\\}", "([^/]+)", pattern)
            regex = re.compile(pattern + "$", re.I)
            for method, operation in item.items():
                if method != "parameters":
                    yield method.upper(), regex, path, operation, file

    def _load(self, file: Path) -> Any:
        if file not in self.files:
            self.files[file] = json.loads(file.read_text(encoding="utf-8-sig"))
        return self.files[file]

    def _resolve(self, node: Any, file: Path) -> tuple[Any, Path]:
        while "$ref" in node:
            name, _, pointer = node["$ref"].partition("#")
            file = (file.parent / name).resolve() if name else file
            node = self._load(file)
            for word in pointer.strip("/").split("/"):
                node = node[word]
        return node, file

    def _gather(self, node: Any, file: Path) -> tuple[dict[str, Any], set[str], Any]:
        """Fold allOf into properties, required names and additionalProperties."""
        node, file = self._resolve(node, file)
        properties: dict[str, Any] = {}
        required = set(node.get("required", []))
        more = node.get("additionalProperties")
        for base in node.get("allOf", []):
            inherited, needed, _ = self._gather(base, file)
            properties |= inherited
            required |= needed
        properties |= {k: (v, file) for k, v in node.get("properties", {}).items()}
        return properties, required, (more, file) if more else None

    def _walk(self, node: Any, file: Path, value: Any, at: str) -> Iterator[str]:
        node, file = self._resolve(node, file)
        if value is None:
            return
        kind = node.get("type")
        if kind in PLAIN:
            yield from self._plain(node, file, value, at)
            return
        properties, required, more = self._gather(node, file)
        if properties and not isinstance(value, dict):
            yield f"{at}: an object was expected, not {value!r}"
        elif isinstance(value, dict):
            yield from self._object(properties, required, more, value, at)

    def _object(
        self,
        properties: dict[str, Node],
        required: set[str],
        more: Node | None,
        value: Any,
        at: str,
    ) -> Iterator[str]:
        yield from (f"{at}.{name} is missing" for name in required - set(value))
        for name, inner in value.items():
            if name in properties:
                node, file = properties[name]
                yield from self._walk(node, file, inner, f"{at}.{name}")
            elif more and isinstance(more[0], dict):
                yield from self._walk(more[0], more[1], inner, f"{at}.{name}")
            elif properties and not more and name not in NEWER | NEWER_AT.get(at, set()):
                yield f"{at}.{name} is not in the spec"

    def _plain(self, node: Any, file: Path, value: Any, at: str) -> Iterator[str]:
        if not isinstance(value, PLAIN[node["type"]]) or (
            isinstance(value, bool) and node["type"] != "boolean"
        ):
            yield f"{at}: {node['type']} was expected, not {value!r}"
        elif node["type"] == "array":
            for i, item in enumerate(value):
                yield from self._walk(node.get("items", {}), file, item, f"{at}[{i}]")
        elif "enum" in node and value not in node["enum"]:
            yield f"{at}: {value!r} is not one of {node['enum']}"
        elif node.get("format") == "date-time" and not re.match(r"\d{4}-\d\d-\d\dT.*Z$", value):
            yield f"{at}: {value!r} is not a time"

    def _poll(self, status: int, body: Any) -> list[str]:
        if status == 200 and isinstance(body, dict) and "startTime" in body:
            return [] if body["status"] in ("Running", "Succeeded", "Failed") else ["no status"]
        return [] if status in (200, 202) or not _error(body) else _error(body)


def _error(body: Any) -> list[str]:
    error = (body or {}).get("error", {})
    good = isinstance(error, dict) and error.get("code") and error.get("message")
    return [] if good else [f"not ARM's error shape: {body}"]


def check_model(model: type, value: Any, at: str = "") -> list[str]:
    """Compare an answer with a model class of the SDK: every property must be known to it."""
    fields = {f._rest_name: f for f in model._attr_to_rest_field.values()}  # type: ignore[attr-defined]
    wrong = [f"{at}.{name} is not in {model.__name__}" for name in value if name not in fields]
    loaded = model(value)
    for attribute, field in model._attr_to_rest_field.items():  # type: ignore[attr-defined]
        inner = value.get(field._rest_name)
        parsed = getattr(loaded, attribute)
        place = f"{at}.{field._rest_name}"
        if isinstance(inner, dict) and hasattr(type(parsed), "_attr_to_rest_field"):
            wrong += check_model(type(parsed), inner, place)
        if isinstance(inner, list) and inner and hasattr(type(parsed[0]), "_attr_to_rest_field"):
            for i, item in enumerate(inner):
                wrong += check_model(type(parsed[0]), item, f"{place}[{i}]")
    return wrong
