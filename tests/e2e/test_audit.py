"""The audit trail of a stack: it is whole, and whoever changes it in its table is found out."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.support.cloud import ROOT, Cloud


def run(cloud: Cloud, *words: str) -> tuple[int, str]:
    """Run the script, and return its exit status and what it printed."""
    command = [sys.executable, str(ROOT / "scripts" / "audit.py"), *words]
    done = subprocess.run(command, env=cloud.variables(), capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


class Table:
    """The table of the audit trail, as somebody sees it who may write to it."""

    def __init__(self, cloud: Cloud) -> None:
        self.client, self.name = cloud.client("dynamodb"), cloud.outputs["AuditTable"]

    def items(self, prefix: str) -> list[dict[str, Any]]:
        pages = self.client.get_paginator("scan").paginate(TableName=self.name, ConsistentRead=True)
        found = [item for page in pages for item in page["Items"]]
        return [item for item in found if item["pk"]["S"].startswith(prefix)]

    def put(self, item: dict[str, Any]) -> None:
        self.client.put_item(TableName=self.name, Item=item)

    def delete(self, item: dict[str, Any]) -> None:
        self.client.delete_item(TableName=self.name, Key={name: item[name] for name in ("pk", "sk")})

    def wait(self) -> None:
        """Wait until nothing waits to be appended."""
        deadline = time.monotonic() + 60
        while self.items("act#"):
            assert time.monotonic() < deadline, "acts were not appended"
            time.sleep(0.5)


@pytest.fixture(scope="module")
def table(cloud: Cloud) -> Table:
    """The table, after a sign-in, one that failed, and a sign-out."""
    found = Table(cloud)
    # Other tests restart the emulator, which forgets what its streams had still to tell.
    status, text = run(cloud, "chain")
    assert status == 0, text
    session = cloud.sign_in("acme-admin")
    wrong = {"email": "admin@acme.example", "password": "wrong"}
    assert cloud.call("POST", "/api/acme/auth/login", json=wrong).status_code == 401
    assert cloud.call("POST", "/auth/logout", session["access_token"]).status_code == 204
    found.wait()
    return found


def of_acme(table: Table) -> list[dict[str, Any]]:
    """Return the records of the tenant, in the order of the chain."""
    return sorted(table.items("tenant#acme#"), key=lambda item: int(item["chain_number"]["N"]))


def test_what_happened_is_in_the_trail_with_who_and_from_where(table: Table) -> None:
    *_, failed, left = of_acme(table)
    assert failed["event"]["S"] == "sign_in_failed"
    assert failed["outcome"]["S"] == "failure"
    assert "actor_id" not in failed
    assert left["event"]["S"] == "signed_out"
    for item in (failed, left):
        assert item["target_name"]["S"] == "acme-admin"
        assert item["source"]["S"]
        assert item["request_id"]["S"]
    assert left["actor_name"]["S"] == "acme-admin"


def test_the_trails_are_whole(cloud: Cloud, table: Table) -> None:
    table.wait()
    status, text = run(cloud, "verify")
    assert status == 0, text
    assert "acme: " in text


def test_who_alters_drops_moves_or_inserts_a_record_is_found_out(cloud: Cloud, table: Table) -> None:
    first, second, third, *_ = of_acme(table)
    number = first["chain_number"]["N"]
    for change, finding in (
        ({**first, "source": {"S": "192.0.2.99"}}, f"altered: record {number} ({first['audit_id']['S']})"),
        ({**first, "chain_number": second["chain_number"]}, f"dropped: record {number}"),
        ({**first, "chain_previous": third["chain_hash"]}, f"altered: record {number}"),
        ({**first, "sk": {"S": "record#" + "Z" * 26}, "audit_id": {"S": "Z" * 26}}, "inserted: record"),
        (None, f"dropped: record {number}"),
    ):
        if change is None:
            table.delete(first)
        else:
            table.put(change)
        try:
            status, text = run(cloud, "verify", "--tenant", "acme")
        finally:
            if change is not None:
                table.delete(change)
            table.put(first)
        assert (status, finding in text) == (1, True), text
    status, text = run(cloud, "verify", "--tenant", "acme")
    assert status == 0, text


def test_a_chain_that_was_cut_short_contradicts_the_checkpoint_that_somebody_kept(
    cloud: Cloud, table: Table, tmp_path: Path
) -> None:
    (head,) = (item for item in table.items("chain#acme") if item["sk"]["S"] == "head")
    kept = tmp_path / "acme.jws"
    kept.write_text(head["checkpoint"]["S"])
    *_, before, last = of_acme(table)
    cut = {**head, "chain_number": before["chain_number"], "chain_hash": before["chain_hash"]}
    table.delete(last)
    table.put(cut)
    try:
        status, text = run(cloud, "verify", "--tenant", "acme", "--checkpoint", str(kept))
    finally:
        table.put(head)
        table.put(last)
    assert status == 1
    assert f"contradicted: record {last['chain_number']['N']}" in text
    assert "tells of acme at" in text  # the head's own signature says so too
