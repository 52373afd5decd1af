"""Flat bodies as models of pydantic: for the API's description, and for tests that compare the two."""

from __future__ import annotations

import dataclasses
from functools import cache
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, create_model

from doorward.api.bodies.flat import RULES, FlatRequest, FlatResponse, Rules

Flat = type[FlatRequest] | type[FlatResponse]


@cache
def modelled(body: Any) -> type[BaseModel]:  # noqa: ANN401 - a class
    """Return the model that takes or shows the same as a flat body."""
    if not issubclass(body, FlatRequest | FlatResponse):
        found: type[BaseModel] = body
        return found
    hints = get_type_hints(body)
    strict = ConfigDict(strict=True, extra="forbid", frozen=True)
    members: dict[str, Any] = {field.name: _member(field, hints[field.name]) for field in dataclasses.fields(body)}
    config = strict if issubclass(body, FlatRequest) else None
    return create_model(body.__name__, __doc__=body.__doc__, __config__=config, **members)


def _member(field: dataclasses.Field[Any], hint: Any) -> tuple[Any, Any]:  # noqa: ANN401 - types as data
    default = ... if field.default is dataclasses.MISSING else field.default
    rules: Rules | None = field.metadata.get(RULES)
    if rules is None:
        return _shown(hint), default
    text: Any = dict[str, Any] if rules.is_object else str
    if rules.most is not None:
        text = Annotated[str, StringConstraints(min_length=1, max_length=rules.most)]
    if rules.check is not None:
        text = Annotated[text, AfterValidator(_checking(rules))]
    return (text if default is ... else text | None), Field(default, description=rules.description or None)


def _shown(hint: Any) -> Any:  # noqa: ANN401 - types as data
    inner = get_args(hint)
    if get_origin(hint) is list:
        return list[modelled(inner[0])]  # type: ignore[misc] # made at run time
    if get_origin(hint) is UnionType:
        return Union[tuple(map(_shown, inner))]  # noqa: UP007 # made at run time
    if isinstance(hint, type) and issubclass(hint, FlatResponse):
        return modelled(hint)  # type: ignore[arg-type] # a class can be hashed
    return hint


def _checking(rules: Rules) -> Any:  # noqa: ANN401 - what pydantic calls
    def check(text: str) -> str:
        if rules.check is not None:
            rules.check(text)
        return text

    return check
