"""The process: its files, its port, and a power cut in the middle of the work."""

import json
import socket
import stat
import subprocess
import sys
import time

import pytest

from tests.azure_sandbox import facts
from tests.azure_sandbox.conftest import Answers, Azure, properties, stack_properties
from tests.sandbox import ROOT, Sandbox


@pytest.fixture
def offer(tmp_path):
    return facts.write(tmp_path / "facts")


def test_a_power_cut_loses_nothing_that_was_told(tmp_path, offer):
    first = Sandbox.start(tmp_path / "az", offer, operation_seconds=0.5)
    first.settings(retry_after=0)
    azure = Azure(first, Answers())
    group = azure.group()
    azure.account(group, "oai-kept")
    poller = azure.stacks.deployment_stacks.begin_create_or_update_at_resource_group(
        group, "s", {"properties": stack_properties("oai-new")}
    )
    token = poller.continuation_token()
    first.fault("GET never", times=3)
    first.kill()
    second = first.restart()
    try:
        assert second.endpoint == first.endpoint  # address, certificate and secret are the same
        again = Azure(second, Answers())
        done = again.stacks.deployment_stacks.begin_create_or_update_at_resource_group(
            group, "s", {"properties": stack_properties("oai-new")}, continuation_token=token
        ).result()
        assert done.properties.provisioning_state == "succeeded"
        assert again.send("GET", again.id(group, "oai-kept")).status_code == 200
        assert again.used("OpenAI.GlobalStandard.gpt-5.1") == 50
        assert second.state()["faults"] == 1
    finally:
        second.stop()


def test_work_that_was_due_during_the_outage_is_done(tmp_path, offer):
    first = Sandbox.start(tmp_path / "az", offer, operation_seconds=0.2)
    azure = Azure(first, Answers())
    group = azure.group()
    azure.deployments.deployments.begin_create_or_update(
        group, "d", {"properties": properties("oai-out")}, polling=False
    )
    first.kill()
    time.sleep(0.5)
    second = first.restart()
    try:
        again = Azure(second, Answers())
        state = again.deployments.deployments.get(group, "d").properties
        assert state.provisioning_state == "Succeeded"
        assert state.duration == "PT0.4S" or state.duration.startswith("PT0.4")
    finally:
        second.stop()


def test_only_the_owner_reads_its_files_and_requests_are_recorded(tmp_path, offer):
    sandbox = Sandbox.start(tmp_path / "az", offer)
    try:
        azure = Azure(sandbox, Answers())
        azure.group("rg-recorded")
        for name in ("endpoint.json", "key.pem", "state.sqlite", "requests.jsonl"):
            mode = stat.S_IMODE((sandbox.home / name).stat().st_mode)
            assert mode == 0o600, name
        assert sandbox.requests() == [
            {
                "method": "PUT",
                "url": f"/subscriptions/{azure.subscription}/resourcegroups/rg-recorded"
                "?api-version=2025-04-01",
                "body": {"location": "swedencentral"},
            }
        ]
    finally:
        sandbox.stop()


def test_a_reset_forgets_everything_and_keeps_the_log(tmp_path, offer):
    sandbox = Sandbox.start(tmp_path / "az", offer)
    try:
        azure = Azure(sandbox, Answers())
        azure.group("rg-forgotten")
        sandbox.fault("GET .*", status=500, times=9)
        sandbox.reset()
        assert not azure.resources.resource_groups.check_existence("rg-forgotten")
        assert len(sandbox.requests()) == 2
    finally:
        sandbox.stop()


def test_it_listens_on_loopback_only(tmp_path, offer):
    sandbox = Sandbox.start(tmp_path / "az", offer)
    port = int(sandbox.url.rsplit(":", 1)[1])
    try:
        assert sandbox.url.startswith("https://127.0.0.1:")
        with socket.socket() as other:
            other.settimeout(1)
            with pytest.raises(OSError):
                other.connect((socket.gethostbyname(socket.gethostname()), port))
                if other.getpeername()[0].startswith("127."):
                    raise OSError("this host's name is loopback")
    finally:
        sandbox.stop()


def test_a_taken_port_is_one_clear_sentence(tmp_path, offer):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run(tmp_path, "--facts", offer, "--port", port)
    assert done.returncode == 1
    assert done.stderr.strip() == f"The port {port} cannot be used: Address already in use."


def test_missing_facts_are_one_clear_sentence(tmp_path):
    done = run(tmp_path, "--facts", tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("The facts are missing: ")
    assert "Traceback" not in done.stderr


def test_a_port_taken_meanwhile_is_replaced(tmp_path, offer):
    first = Sandbox.start(tmp_path / "az", offer)
    first.stop()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", int(first.url.rsplit(":", 1)[1])))
        taken.listen()
        second = first.restart()
        second.stop()
    assert second.url != first.url
    assert json.loads((second.home / "endpoint.json").read_text())["url"] == second.url


def run(home, *more):
    return subprocess.run(
        [sys.executable, "-m", "apps.azure_sandbox", "--state", home / "az", *map(str, more)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
