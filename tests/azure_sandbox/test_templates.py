"""The template language, by itself: expressions, parameters, order, and what is refused."""

from types import SimpleNamespace

import pytest

from apps.azure_sandbox.errors import ArmError
from apps.azure_sandbox.expressions import evaluate
from apps.azure_sandbox.functions import PLAIN
from apps.azure_sandbox.store import Store
from apps.azure_sandbox.templates import expand, outputs

SCOPE = "/subscriptions/00000000-0000-4000-8000-000000000101/resourceGroups/rg"
WORKSPACE = {
    "type": "Microsoft.OperationalInsights/workspaces",
    "apiVersion": "2023-09-01",
    "location": "swedencentral",
}


@pytest.fixture
def az(tmp_path):
    store = Store(tmp_path / "state.sqlite")
    store.put("groups", SCOPE, {"id": SCOPE, "name": "rg", "location": "swedencentral"})
    yield SimpleNamespace(store=store)
    store.close()


def plan(az, resources, parameters=None, given=None, **more):
    template = {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "parameters": parameters or {},
        "resources": resources,
        **more,
    }
    values = {k: {"value": v} for k, v in (given or {}).items()}
    return expand(az, SCOPE, "d", {"template": template, "parameters": values})


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("[concat('a', 1, 'b')]", "a1b"),
        ("[format('{0}-{1}', 'x', toLower('ABC'))]", "x-abc"),
        ("[if(equals(1, 2), json('not json'), 'no')]", "no"),
        ("[createObject('a', createArray(1, 2)).a[1]]", 2),
        ("[take(replace('a-b-c', '-', ''), 2)]", "ab"),
        ("['it''s']", "it's"),
        ("[[not an expression]", "[not an expression]"),
        ("plain", "plain"),
        ("[length(split('a,b', ','))]", 2),
        ("[and(true(), not(false()), greater(2, 1))]", True),
        ("[coalesce(null(), 'second')]", "second"),
        ("[union(createObject('a', 1), createObject('b', 2))]", {"a": 1, "b": 2}),
        ("[string(createArray(1, true()))]", "[1,true]"),
        ("[last(createArray('x', 'y'))]", "y"),
        ("[add(mul(2, 3), mod(7, 4))]", 9),
    ],
)
def test_expressions(expression, value):
    assert evaluate(expression, PLAIN) == value


def test_unique_strings_are_the_same_for_the_same_words():
    one, two = (evaluate(f"[uniqueString('{w}')]", PLAIN) for w in ("a", "b"))
    assert one == evaluate("[uniqueString('a')]", PLAIN) != two
    assert len(one) == 13


@pytest.mark.parametrize(
    ("expression", "code"),
    [
        ("[concat('a']", "InvalidTemplate"),
        ("[substring(1)]", "InvalidTemplate"),
        ("[createObject('a', 1).b]", "InvalidTemplate"),
        ("[dateTimeAdd('x', 'P1D')]", "SandboxNotImplemented"),
    ],
)
def test_expressions_that_cannot_be_evaluated(expression, code):
    with pytest.raises(ArmError) as refused:
        evaluate(expression, PLAIN)
    assert refused.value.error["code"] == code


def test_resources_come_in_the_order_of_their_needs(az):
    last = {**WORKSPACE, "name": "last", "dependsOn": ["middle"]}
    middle = {**WORKSPACE, "name": "middle", "properties": {"x": "[reference('first').y]"}}
    found = plan(az, [last, middle, {**WORKSPACE, "name": "first"}]).resources
    assert [r.id.rsplit("/", 1)[1] for r in found] == ["first", "middle", "last"]
    assert found[1].body["properties"]["x"] == "[reference('first').y]"  # not known yet


def test_symbolic_names_and_nested_children(az):
    child = {"type": "tables", "apiVersion": "2023-09-01", "name": "[concat('t', '1')]"}
    named = {
        "logs": {**WORKSPACE, "name": "w", "resources": [child]},
        "more": {**WORKSPACE, "name": "m", "dependsOn": ["logs"], "condition": "[equals(1, 1)]"},
        "none": {**WORKSPACE, "name": "n", "condition": False},
    }
    ids = [r.id.split("/providers/")[1] for r in plan(az, named).resources]
    base = "Microsoft.OperationalInsights/workspaces"
    assert ids == [f"{base}/w", f"{base}/w/tables/t1", f"{base}/m"]


def test_outputs_and_variables(az):
    made = plan(
        az,
        [],
        {"who": {"type": "string"}},
        {"who": "claims"},
        variables={"greeting": "[concat('hello ', parameters('who'))]"},
        outputs={
            "words": {"type": "string", "value": "[variables('greeting')]"},
            "place": {"type": "string", "value": "[resourceGroup().location]"},
            "id": {"type": "string", "value": "[resourceId('Microsoft.X/y/z', 'a', 'b')]"},
            "secret": {"type": "securestring", "value": "hidden"},
        },
    )
    found = outputs(az, made)
    assert found["words"] == {"type": "String", "value": "hello claims"}
    assert found["place"]["value"] == "swedencentral"
    assert found["id"]["value"] == f"{SCOPE}/providers/Microsoft.X/y/a/z/b"
    assert "value" not in found["secret"]


@pytest.mark.parametrize(
    ("declared", "given", "words"),
    [
        ({"a": {"type": "string"}}, {}, "'a' is not provided"),
        ({}, {"b": 1}, "not present in the original template"),
        ({"a": {"type": "int"}}, {"a": "1"}, "Expected a value of type 'Int'"),
        ({"a": {"type": "int"}}, {"a": True}, "Expected a value of type 'Int'"),
        ({"a": {"type": "string", "allowedValues": ["x"]}}, {"a": "y"}, "'y' is not part of"),
        ({"a": {"type": "int", "maxValue": 5}}, {"a": 6}, "less than or equal to '5'"),
        ({"a": {"type": "string", "minLength": 3}}, {"a": "ab"}, "greater than or equal to '3'"),
    ],
)
def test_parameters_are_checked(az, declared, given, words):
    with pytest.raises(ArmError, match="InvalidTemplate") as refused:
        plan(az, [], declared, given)
    assert words in refused.value.error["message"]


@pytest.mark.parametrize(
    ("resources", "words"),
    [
        ([{**WORKSPACE}], "lacks the required 'name'"),
        ([{**WORKSPACE, "name": "a/b"}], "incorrect segment lengths"),
        ([{**WORKSPACE, "name": "a", "dependsOn": ["b"]}], "'b' is not defined in the template"),
        ([{**WORKSPACE, "name": "a"}, {**WORKSPACE, "name": "A"}], "defined multiple times"),
        (
            [
                {**WORKSPACE, "name": "a", "dependsOn": ["b"]},
                {**WORKSPACE, "name": "b", "dependsOn": ["a"]},
            ],
            "Circular dependency",
        ),
    ],
)
def test_templates_that_cannot_be(az, resources, words):
    with pytest.raises(ArmError, match="InvalidTemplate") as refused:
        plan(az, resources)
    assert words in refused.value.error["message"]


@pytest.mark.parametrize(
    "resource",
    [
        {**WORKSPACE, "name": "a", "copy": {"name": "c", "count": 2}},
        {"type": "Microsoft.Resources/deployments", "apiVersion": "2025-04-01", "name": "nested"},
    ],
)
def test_what_is_not_known_is_501(az, resource):
    with pytest.raises(ArmError) as refused:
        plan(az, [resource])
    assert (refused.value.status, refused.value.error["code"]) == (501, "SandboxNotImplemented")
