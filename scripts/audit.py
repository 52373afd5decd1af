#!/usr/bin/env python3
"""Verify the audit trails of a stack, or append what was left out of them.

    verify  reads the trails, and names every record that was dropped, altered, moved or slipped in. Checkpoints that
            somebody kept (GET /api/{tenantId}/audit/checkpoint) are compared with the chains too.
    chain   appends what happened and is in no chain yet, because the stream's events were given up.

The script reads the whole table of the audit trail. Its exit status is 1 if something is wrong, or could not be done.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "layers" / "shared"))

import boto3
import jwt
from botocore.exceptions import BotoCoreError, ClientError

from doorward.aws.dynamodb.audit_trail import DynamoAudit, all_links, tenants_with_trails
from doorward.aws.dynamodb.client import BotoDatabase, connect
from doorward.aws.dynamodb.keys import DynamoKeySets
from doorward.bootstrap.clock import clock
from doorward.errors import DoorwardError, InvalidToken
from doorward.keys.keyring import parsed
from doorward.keys.signing import FormerKey, VerificationKey
from doorward.model import TenantId
from doorward.model.audit import Anchor, ChainHead
from doorward.tokens.checkpoints import verify_checkpoint
from doorward.trail.verify import Finding, Trail, verify

_BATCH = 100
_LATE_SECONDS = 3600


def main(arguments: list[str] | None = None) -> int:
    """Run the script, and return its exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["verify", "chain"])
    parser.add_argument("--stack", default="doorward", help="the name of the CloudFormation stack (doorward)")
    parser.add_argument("--tenant", action="append", help="only this tenant; `-` for what belongs to none")
    parser.add_argument("--checkpoint", action="append", default=[], help="a file with a checkpoint that was kept")
    options = parser.parse_args(arguments)
    try:
        stack = boto3.client("cloudformation").describe_stacks(StackName=options.stack)["Stacks"][0]
        outputs = {item["OutputKey"]: item["OutputValue"] for item in stack.get("Outputs", [])}
        if "AuditTable" not in outputs:
            print(f"not done: the stack {options.stack} is no Doorward of this version")
            return 1
        if options.command == "chain":
            return _chain(outputs)
        kept = [Path(name).read_text(encoding="utf-8").strip() for name in options.checkpoint]
        return Verification(outputs).run(options.tenant, kept)
    except (BotoCoreError, ClientError, OSError) as error:
        print(f"not done: {error}")
        return 1
    except DoorwardError as error:
        print(f"not done: {error.detail} ({error.reason})")
        return 1


def _chain(outputs: Mapping[str, str]) -> int:
    """Let the function append what waits: nobody needs a key to sign the checkpoints."""
    waiting = [record.id for record in DynamoAudit(BotoDatabase(connect()), outputs["AuditTable"]).all_waiting()]
    for start in range(0, len(waiting), _BATCH):
        keys = ({"pk": {"S": f"act#{act_id}"}} for act_id in waiting[start : start + _BATCH])
        records = [{"eventName": "INSERT", "dynamodb": {"Keys": key}} for key in keys]
        answer = boto3.client("lambda").invoke(
            FunctionName=outputs["ChainAuditFunction"], Payload=json.dumps({"Records": records}).encode()
        )
        if answer.get("FunctionError"):
            print("not done: the function failed; its log says why")
            return 1
    print(f"{len(waiting)} acts were waiting")
    return 0


class Keys:
    """All keys that ever signed here.

    A tenant in which nothing happens keeps the checkpoint of a key that is long gone.
    """

    def __init__(self, key_sets: DynamoKeySets) -> None:
        """Read the keys."""
        published = (FormerKey(key, revoked=False) for key in key_sets.get().keys)
        # A key may be in both, after a table was restored: that it was revoked counts.
        self._all = {each.key.kid: each for each in (*published, *key_sets.former())}

    def get(self, kid: str) -> VerificationKey:
        """Return the key with this `kid`.

        Raises:
            InvalidToken: there never was such a key.
        """
        if kid not in self._all:
            raise InvalidToken(reason="unknown_kid")
        return parsed(self._all[kid].key)

    def is_revoked(self, text: str) -> bool:
        """Return whether a checkpoint that is verified was signed by a key that was revoked."""
        return self._all[jwt.get_unverified_header(text)["kid"]].revoked


class Verification:
    """Verifies the trails of one stack."""

    def __init__(self, outputs: Mapping[str, str]) -> None:
        """Take the stack's outputs."""
        database = BotoDatabase(connect())
        self._database, self._table = database, outputs["AuditTable"]
        self._store = DynamoAudit(database, self._table)
        self._signs = outputs["Algorithm"] != "HS256"  # a shared secret is not this script's to read
        self._keys = Keys(DynamoKeySets(database, outputs["SigningKeysTable"]))

    def run(self, only: list[str] | None, kept: list[str]) -> int:
        """Verify these trails, or all, and return the exit status."""
        tenants = [TenantId(name) for name in only] if only else list(tenants_with_trails(self._database, self._table))
        witnessed = [verify_checkpoint(text, self._keys.get) for text in kept]
        worst = 0
        for tenant_id in tenants:
            known = {each.number: each.hash for each in witnessed if each.tenant_id == tenant_id}
            findings, records, unverified = self._verify(tenant_id, known)
            for line in findings:
                print(f"{tenant_id}: {line}")
            print(f"{tenant_id}: {records} records, {len(findings)} findings, {unverified} checkpoints not verified")
            worst = max(worst, bool(findings))
        return max(worst, self._late())

    def _verify(self, tenant_id: TenantId, witnessed: dict[int, str]) -> tuple[list[str], int, int]:
        head, anchors = self._store.get_head(tenant_id), self._store.anchors(tenant_id)
        links = list(all_links(self._store, tenant_id, clock()))
        lines: list[str] = []
        places: list[ChainHead | Anchor] = [*([head] if head.number else []), *anchors]
        unverified = sum(not self._signed(tenant_id, place, lines) for place in places)
        found = verify(Trail(head, links, anchors, witnessed), int(time.time()))
        return [*map(_line, found), *lines], len(links), unverified

    def _signed(self, tenant_id: TenantId, place: ChainHead | Anchor, lines: list[str]) -> bool:
        """Return whether a checkpoint is verified; what is wrong with it becomes a line."""
        if not self._signs:
            return False
        try:
            said = verify_checkpoint(place.checkpoint, self._keys.get)
        except InvalidToken as error:
            lines.append(f"the checkpoint at {place.number} is not signed by this deployment ({error.reason})")
            return False
        if (said.tenant_id, said.number, said.hash) != (tenant_id, place.number, place.hash):
            lines.append(f"the checkpoint at {place.number} tells of {said.tenant_id} at {said.number}")
        # Whoever had the key may have signed it. There is nothing to be found, and nothing to rely on.
        return not self._keys.is_revoked(place.checkpoint)

    def _late(self) -> int:
        late = [record for record in self._store.all_waiting() if clock() - record.at_ms > _LATE_SECONDS * 1000]
        if late:
            print(f"{len(late)} acts wait for more than an hour: scripts/audit.py chain appends them")
        return int(bool(late))


def _line(finding: Finding) -> str:
    place = f"{finding.number}" if finding.number == finding.last else f"{finding.number} to {finding.last}"
    return f"{finding.damage}: record {place}" + (f" ({finding.record_id})" if finding.record_id else "")


if __name__ == "__main__":
    sys.exit(main())
