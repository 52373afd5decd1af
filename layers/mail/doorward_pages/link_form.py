"""The form of the pages behind links."""

from __future__ import annotations

from dataclasses import dataclass

from doorward.api.bodies.flat import FlatRequest, optional


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkForm(FlatRequest):
    """POST /links/{kind}. The use cases say what is wrong with a text, so that the form can be shown again."""

    token: str | None = optional("of the link", most=None)
    password: str | None = optional("the new one", most=None)
    username: str | None = optional("within the tenant; the id if absent", most=None)
