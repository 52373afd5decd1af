"""Makes moto as quick as its work is small: half of a profile of the function tests was copies and guesses of moto's.

What moto answers is the same. The contract tests hold it to that: they run on DynamoDB Local too.
"""

from __future__ import annotations

import copy
import functools
import sys
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, ParamSpec, TypeVar

from botocore.client import BaseClient
from moto.core import models as core
from moto.core import responses
from moto.core.botocore_stubber import BotocoreStubber
from moto.core.serialize import SERIALIZERS, AttributePickerContext, JSONSerializer, XFormedAttributePicker
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType, Item, LimitedSizeDict
from moto.dynamodb.models.table import Table
from moto.dynamodb.parsing.ast_nodes import DepthFirstTraverser  # type: ignore[attr-defined]

_P = ParamSpec("_P")
_R = TypeVar("_R")
_backups: ContextVar[dict[int, Table] | None] = ContextVar("backups", default=None)
_kinds: dict[type, tuple[type, ...]] = {}
_plain_kinds_of_nodes = DepthFirstTraverser.nodes_to_be_processed
_plain_transact = DynamoDBBackend.transact_write_items


class _Picker(XFormedAttributePicker):
    """Takes the value of a DynamoDB attribute by its type's name; moto looks for each type under six other names."""

    def __call__(self, context: AttributePickerContext) -> Any:
        parent = getattr(context.shape, "parent", None)
        if parent is not None and parent.name == "AttributeValue" and type(context.obj) is dict:
            return context.obj.get(context.key)
        return super().__call__(context)


class _Quick(JSONSerializer):
    """Writes a DynamoDB attribute with its one value; moto looks for a value of each of the ten types."""

    def _serialize_type_structure(self, serialized: Any, value: Any, shape: Any, key: str) -> None:
        kind = next(iter(value)) if shape.name == "AttributeValue" and type(value) is dict and len(value) == 1 else ""
        if key and kind in {"S", "N"} and type(value[kind]) is str:
            serialized[self.get_serialized_name(shape, key)] = {kind: value[kind]}
        else:
            super()._serialize_type_structure(serialized, value, shape, key)


def _kinds_of_nodes(self: DepthFirstTraverser) -> tuple[type, ...]:
    """Return the kinds of nodes of an expression that this changes; moto lists them anew at each node."""
    if type(self) not in _kinds:
        _kinds[type(self)] = _plain_kinds_of_nodes(self)
    return _kinds[type(self)]


def _transact(self: DynamoDBBackend, transact_items: list[dict[str, Any]]) -> None:
    """Back each table up once for a transaction; moto does so for each of the transaction's items."""
    token = _backups.set({})
    try:
        _plain_transact(self, transact_items)
    finally:
        _backups.reset(token)


def _copy_table(self: Table, memo: dict[int, Any]) -> Table:
    """Copy the items of a table; the tests never change what a table is."""
    backups = _backups.get()
    if backups is not None and id(self) in backups:
        return backups[id(self)]
    assert self.stream_shard is None, "a shard is not copied"
    copied = copy.copy(self)
    copied.items = copy.deepcopy(self.items, memo)
    if backups is not None:
        backups[id(self)] = copied
    return copied


def _copy_item(self: Item, memo: dict[int, Any]) -> Any:
    """Copy an item; moto changes a set, a list or a map in its place, and no other value."""
    copied: Any = Item.__new__(Item)
    copied.hash_key, copied.range_key = self.hash_key, self.range_key
    copied.attrs = LimitedSizeDict()
    dict.update(copied.attrs, {name: _copied(value, memo) for name, value in self.attrs.items()})
    return copied


def _copied(value: DynamoType, memo: dict[int, Any]) -> DynamoType:
    return copy.deepcopy(value, memo) if isinstance(value.value, list | dict) else value


def untraced(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Let coverage pause while boto3 and moto work: nothing that is measured runs inside them."""

    @functools.wraps(function)
    def quick(*args: _P.args, **rest: _P.kwargs) -> _R:
        tracer = sys.gettrace()
        sys.settrace(None)
        try:
            return function(*args, **rest)
        finally:
            sys.settrace(tracer)

    return quick


def install() -> None:
    """Put it all in its place."""
    responses.XFormedAttributePicker = _Picker  # type: ignore[attr-defined]
    responses.method_names_from_class = functools.cache(responses.method_names_from_class)  # type: ignore[attr-defined]
    SERIALIZERS["json"] = _Quick
    DepthFirstTraverser.nodes_to_be_processed = _kinds_of_nodes
    DynamoDBBackend.transact_write_items = _transact  # type: ignore[method-assign]
    Table.__deepcopy__ = _copy_table  # type: ignore[attr-defined]
    Item.__deepcopy__ = _copy_item  # type: ignore[method-assign]
    # moto lists its addresses for `requests` too, which nothing here uses.
    core.RESPONSES_METHODS = []
    BaseClient._make_api_call = untraced(BaseClient._make_api_call)  # type: ignore[attr-defined]
    BotocoreStubber.process_request = untraced(BotocoreStubber.process_request)  # type: ignore[method-assign]
