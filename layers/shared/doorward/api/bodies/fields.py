"""Turn the declaration of fields into the members of JSON bodies."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from pydantic import BaseModel, StringConstraints, create_model
from pydantic import Field as BodyField

from doorward.api.bodies.times import iso_time
from doorward.rules.fields import Field, Relation

M = TypeVar("M", bound=BaseModel)

Text = Annotated[str, StringConstraints(min_length=1, max_length=256)]
Roles = Annotated[list[Text], BodyField(max_length=20)]
Metadata = Annotated[dict[str, str], BodyField(max_length=20)]

_ACCEPTED: Mapping[Any, Any] = {
    str: Text,
    str | None: Text | None,
    tuple[str, ...]: Roles,
    Mapping[str, str] | None: Metadata,
}
_TIME_SUFFIX = "_ms"

Null = Literal["removes", "is absent"]


def with_members(members: Mapping[str, Any]) -> Callable[[type[M]], type[M]]:
    """Return a class decorator that adds members to a body.

    Args:
        members: name to type and default, in the form that `pydantic.create_model` takes.
    """

    def extended(body: type[M]) -> type[M]:
        return create_model(body.__name__, __base__=body, __doc__=body.__doc__, __module__=body.__module__, **members)

    return extended


def accepted(
    kind: type, table: Mapping[str, Field], names: Collection[str], *, null: Null = "removes"
) -> dict[str, Any]:
    """Return the members of a request that gives values to fields.

    A request may leave out each member.

    Args:
        kind: the dataclass that has the fields' types.
        table: the rules of the fields.
        names: the names of the fields. Names that are not in the table are ignored.
        null: whether null removes a value, or means the same as an absent member.
    """
    hints = get_type_hints(kind)
    members: dict[str, Any] = {}
    for name, rules in table.items():
        if name in names:
            json_type = _ACCEPTED.get(hints[name], hints[name])
            nullable = rules.removable or null == "is absent"
            removal = "null removes it" if rules.removable and null == "removes" else ""
            description = "; ".join(filter(None, [rules.description, removal])) or None
            # Readers of the body use only the members that were sent, so the default of a text is never used.
            default = BodyField(None, description=description) if nullable else BodyField(default_factory=str)
            members[name] = (json_type | None if nullable else json_type, default)
    return members


def shown(kind: type, table: Mapping[str, Field], relations: Sequence[Relation]) -> dict[str, Any]:
    """Return the members of an answer that shows fields.

    Args:
        kind: the dataclass that has the fields' types.
        table: the rules of the fields.
        relations: the relations of the callers who get this answer. A field that one of them may not see can be absent.
    """
    hints = get_type_hints(kind)
    return {
        shown_name(name): (json_type | None, None)
        if type(None) in get_args(hints[name]) or not rules.seen_by.issuperset(relations)
        else (json_type, ...)
        for name, rules in table.items()
        if rules.seen_by.intersection(relations)
        for json_type in (_shown_type(name, hints[name]),)
    }


def values_for(record: object, table: Mapping[str, Field], relation: Relation) -> dict[str, Any]:
    """Return the fields of a record that a caller with this relation may see, in their JSON form."""
    return {
        shown_name(name): iso_time(value) if name.endswith(_TIME_SUFFIX) and value is not None else value
        for name, rules in table.items()
        if relation in rules.seen_by
        for value in (getattr(record, name),)
    }


def shown_name(name: str) -> str:
    """Return the JSON name of a field.

    The name of a time loses its unit, because JSON shows times in ISO 8601.
    """
    return name.removesuffix(_TIME_SUFFIX)


def _shown_type(name: str, hint: Any) -> Any:  # noqa: ANN401 - types as data
    if name.endswith(_TIME_SUFFIX):
        return str
    if get_origin(hint) is tuple:
        return list[str]
    if hint == Mapping[str, str] | None:
        return dict[str, str] | None
    return hint if hint in {bool, int, str | None} else str
