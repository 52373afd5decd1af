"""Execute a change set that sam made and lost sight of: `python -m local.changeset STACK NAME`.

On a busy machine the emulator reads the template for longer than sam waits. sam then asks again, hears that the change
set exists already, and gives up.
"""

from __future__ import annotations

import sys
import time

import boto3

_MOST_SECONDS = 300


def execute(stack: str, name: str) -> str:
    """Execute a change set once it is there, and return how the stack ended."""
    client, until = boto3.client("cloudformation"), time.monotonic() + _MOST_SECONDS
    while client.describe_change_set(StackName=stack, ChangeSetName=name)["Status"] != "CREATE_COMPLETE":
        if time.monotonic() > until:
            return "the change set is not complete"
        time.sleep(1)
    client.execute_change_set(StackName=stack, ChangeSetName=name)
    while (status := client.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"]).endswith("IN_PROGRESS"):
        if time.monotonic() > until:
            break
        time.sleep(1)
    return str(status)


if __name__ == "__main__":
    found = execute(*sys.argv[1:3])
    sys.exit(None if found in {"CREATE_COMPLETE", "UPDATE_COMPLETE"} else found)
