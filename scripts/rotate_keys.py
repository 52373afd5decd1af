#!/usr/bin/env python3
"""Show and rotate the keys of a deployed stack.

A function of the stack does the work. So the person who runs this script needs no access to a key, only the right to
invoke the function. Without an option, the script takes the steps that are due, as the schedule does every hour.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError


def main(arguments: list[str] | None = None) -> int:
    """Run the script, and return its exit status."""
    options = _parse(arguments)
    try:
        keys = invoke(_function(options.stack), _event(options))
    except (BotoCoreError, ClientError, RuntimeError) as error:
        print(f"not done: {error}")
        return 1
    _show(keys)
    return 0


def invoke(function: str, event: dict[str, str]) -> dict[str, Any]:
    """Invoke the function, and return its answer.

    Args:
        function: the function's name.
        event: the command, as `doorward.keys.commands.execute` takes it.

    Raises:
        RuntimeError: the function failed.
    """
    answer = boto3.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event).encode())
    content: dict[str, Any] = json.loads(answer["Payload"].read())
    if "FunctionError" in answer or "signing" not in content:
        raise RuntimeError(content.get("errorMessage", "the function failed; see its log"))
    return content


def _function(name: str) -> str:
    stack = boto3.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
    if "RotateKeysFunction" not in outputs:
        raise RuntimeError(f"the stack {name} is no Doorward")
    return outputs["RotateKeysFunction"]


def _event(options: argparse.Namespace) -> dict[str, str]:
    if options.end_everything:
        return {"command": "end_everything"}
    if options.revoke:
        return {"command": "revoke", "kid": options.revoke}
    return {"command": "rotate" if options.now else "advance"}


def _show(keys: dict[str, Any]) -> None:
    if not keys["signing"] and not keys["mac"]:
        print("there are no keys yet: run scripts/initialize_security.py")
    for kind, listed in (("signing key", keys["signing"]), ("refresh MAC key", keys["mac"])):
        for key in listed:
            meaning = {"pending": "may sign from", "active": "signs until about", "retiring": "verifies until"}
            algorithm = f" {key['algorithm']}" if "algorithm" in key else ""
            print(f"{kind}{algorithm} {key['kid']}: {key['state']}, {meaning[key['state']]} {key['until']}")


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stack", default="doorward", help="the name of the CloudFormation stack (doorward)")
    chosen = parser.add_mutually_exclusive_group()
    chosen.add_argument("--now", action="store_true", help="rotate now, as far as the next keys are announced")
    chosen.add_argument(
        "--revoke", metavar="KID", help="emergency: refuse everything that this key signed; the next key signs at once"
    )
    chosen.add_argument(
        "--end-everything",
        action="store_true",
        help="after a theft or a restored table: end every session, and refuse every token that is out",
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
