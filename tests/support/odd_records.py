"""Records of streams that nobody wrote, and what Lambda does with a batch that has them."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from hypothesis import strategies as st

from tests.support.odd import ODD_TEXTS, values
from tests.support.odd_events import altered
from tests.support.template import folder_of, resources

Record = dict[str, Any]

_WRITABLE = tuple(text for text in ODD_TEXTS if text.isprintable() or text in {"\0", "\r\n", "a\0b"})
_KEYS = (
    "deployment#00",
    "deployment#",
    "tenant#",
    "tenant#acme#00",
    "tenant#acme#user#",
    "tenant##user#x",
    "proof#",
    "proof#x",
)
_NUMBERS = ("1", "0", "-1", "4102444800", "1.5", "1e3", "NaN", "", "9" * 38, "9" * 5000)


@st.composite
def _attributes(draw: st.DrawFn) -> Any:
    """Return an attribute, as a stream tells it."""
    texts = st.sampled_from((*_KEYS, *_WRITABLE))
    kinds = {"S": texts, "N": st.sampled_from(_NUMBERS), "BOOL": st.booleans(), "NULL": st.just(True), "L": st.just([])}
    kind = draw(st.sampled_from(("S", "S", "N", "BOOL", "NULL", "L", "SS", "B", "X")))
    return draw(values) if kind == "X" else {kind: draw(kinds.get(kind, st.just(["x"])))}


@st.composite
def odd_records(draw: st.DrawFn, good: Record) -> Record:
    """Return a record that is somewhat like a good one: with other attributes, or without what each record has."""
    made = copy.deepcopy(good)
    images = [images for name in ("Keys", "NewImage", "OldImage") if (images := made["dynamodb"].get(name)) is not None]
    named = (
        "pk",
        "sk",
        "min_epoch",
        "sid:x",
        "jti:x",
        "kid:x",
        "spared_session_id",
        "spared_min_epoch",
        "expires_at",
        *_WRITABLE[:3],
    )
    for image in images:
        image.update(draw(st.dictionaries(st.sampled_from(named), _attributes(), max_size=3)))
    made["eventName"] = draw(st.sampled_from(("INSERT", "INSERT", "MODIFY", "REMOVE", "", "X", None)))
    return draw(altered(made)) if draw(st.booleans()) else made


@st.composite
def batches(draw: st.DrawFn, good: Record) -> list[Record | None]:
    """Return a batch of odd records, with None where the good one belongs."""
    odd: list[Record | None] = list(draw(st.lists(odd_records(good), min_size=1, max_size=4)))
    odd.insert(draw(st.integers(0, len(odd))), None)
    return odd


class Blocked(AssertionError):
    """A stream goes no further: a batch is tried again without end, or is given up whole."""


def mappings() -> Mapping[str, Mapping[str, Any]]:
    """Return what template.yaml says of the stream of each function that has one, by the function's folder."""
    events = (
        (name, item["Properties"].get("Events", {})) for name, item in resources("AWS::Serverless::Function").items()
    )
    each = chain.from_iterable(((folder_of(name), one) for one in found.values()) for name, found in events)
    return {name: one["Properties"] for name, one in each if one["Type"] == "DynamoDB"}


def deliver(handler: Callable[[Any], Any], records: Sequence[Record], mapping: Mapping[str, Any]) -> Iterator[Record]:
    """Give a function a batch as Lambda does, and yield the records that are given up after all tries.

    Source: AWS Lambda Developer Guide, "Configuring partial batch response with DynamoDB and Lambda".

    Raises:
        Blocked: the good records wait for the bad one, without end.
    """
    first = _first_failed(handler, records, mapping)
    if first is None:
        return
    rest = records[first:]
    if not {"MaximumRetryAttempts", "MaximumRecordAgeInSeconds"} & set(mapping):
        raise Blocked("it is tried again for as long as the stream has it")
    if len(rest) == 1:
        yield rest[0]
        return
    if not mapping.get("BisectBatchOnFunctionError"):
        raise Blocked("the batch is given up whole")
    middle = len(rest) // 2
    yield from deliver(handler, rest[:middle], mapping)
    yield from deliver(handler, rest[middle:], mapping)


def _first_failed(handler: Callable[[Any], Any], records: Sequence[Record], mapping: Mapping[str, Any]) -> int | None:
    """Return the first record that failed; None if none did. A name that is no record's means the whole batch."""
    try:
        answer = handler({"Records": list(records)})
    except Exception:  # noqa: BLE001 - whatever it is, Lambda does the same
        return 0
    if "ReportBatchItemFailures" not in mapping.get("FunctionResponseTypes", []):
        return None
    failed = {one["itemIdentifier"] for one in answer["batchItemFailures"]}
    numbers = [_number(record) for record in records]
    if not failed:
        return None
    return min(map(numbers.index, failed)) if failed <= set(numbers) - {""} else 0


def _number(record: Record) -> str:
    told = record.get("dynamodb")
    return str(told.get("SequenceNumber") or "") if isinstance(told, dict) else ""
