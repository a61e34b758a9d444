"""The templates as Azure and Microsoft's own schemas see them, and the names in them."""

import re

import pytest

from apps.kinds.model_deployment.provision import ACCOUNT, TEMPLATE, ModelDeploymentProvisioner
from tests.sandbox import check_requests

# Microsoft.CognitiveServices/accounts/deployments 2025-06-01: the pattern and length of names.
AZURES_PATTERN = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]+")


@pytest.mark.parametrize(
    ("workload", "environment", "model", "name"),
    [
        ("claims-triage", "prod", "gpt-5.1", "claims-triage-prod-gpt-5.1"),
        ("_odd_", "dev", "o1", "odd_-dev-o1"),
        (
            "x" * 40,
            "production12",
            "gpt-5.1-codex-mini",
            "x" * 20 + "-production12-gpt-5.1-codex-mini",
        ),
        ("Grüße", "test", "gpt-4o", "Gr-e-test-gpt-4o"),
    ],
)
def test_names_are_ones_that_azure_takes(workload, environment, model, name):
    made = ModelDeploymentProvisioner().name(
        {"model": model}, workload=workload, environment=environment
    )
    assert made == name
    assert AZURES_PATTERN.fullmatch(made)
    assert len(f"{made}-1234567890") <= 64


def test_every_parameter_is_explained_and_used():
    for template in (TEMPLATE, ACCOUNT):
        text = str(template["resources"]) + str(template["outputs"])
        for name, parameter in template["parameters"].items():
            assert parameter["metadata"]["description"]
            assert f"parameters('{name}')" in text


@pytest.mark.slow
@pytest.mark.shared
@pytest.mark.django_db(transaction=True)
def test_what_is_sent_passes_microsofts_schemas(office, shared, tmp_path):
    request = office.submitted()
    office.until(office.what_if(request))
    office.approve(request)
    assert office.until(office.build(request)).status == "done"
    report = check_requests(shared, office.azure.requests_file, tmp_path / "report.json")
    assert report["entries"]
    assert (report["errors"], report["not_checked"]) == (0, 0), report
    assert office.azure.state()["not_implemented"] == []
