"""What DynamoDB's refusals mean: the same for every client."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from doorward.aws.dynamodb.database import ConditionFailed
from doorward.aws.dynamodb.items import decode
from doorward.aws.retries import BUSY, CONFLICT, LOST, Kind, Passing

_PASSING: Mapping[str, Kind] = {
    "TransactionConflictException": CONFLICT,
    "TransactionInProgressException": CONFLICT,
    "ProvisionedThroughputExceededException": BUSY,
    "RequestLimitExceeded": BUSY,
    "ThrottlingException": BUSY,
}
_CANCELLATIONS: Mapping[str, Kind] = {
    "TransactionConflict": CONFLICT,
    "ThrottlingError": BUSY,
    "ProvisionedThroughputExceeded": BUSY,
}


def judge(status: int, code: str, answer: Mapping[str, Any]) -> Passing | ConditionFailed | None:
    """Return what a refusal means to the caller; None if the request should never have been sent.

    Args:
        status: the status code.
        code: the name of the refusal.
        answer: what DynamoDB said.

    Source: DynamoDB Developer Guide, "Error handling with DynamoDB".
    """
    if code == "ConditionalCheckFailedException":
        return ConditionFailed(item=decode(answer.get("Item")))
    if code == "TransactionCanceledException":
        reasons = [reason.get("Code") for reason in answer.get("CancellationReasons", [])]
        failed = [index for index, reason in enumerate(reasons) if reason == "ConditionalCheckFailed"]
        if failed:
            return ConditionFailed(failed)
        for reason in reasons:
            if reason in _CANCELLATIONS:
                return Passing(_CANCELLATIONS[reason], reason)
    if code in _PASSING:
        return Passing(_PASSING[code], code)
    return Passing(LOST, code) if status >= HTTPStatus.INTERNAL_SERVER_ERROR else None
