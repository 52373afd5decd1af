"""The root of the tree of errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar


class DoorwardError(Exception):
    """The root of all errors that Doorward raises on purpose."""

    code: ClassVar[str] = "internal_error"
    default_detail: ClassVar[str] = "The request could not be completed."

    def __init__(self, detail: str | None = None, *, reason: str | None = None) -> None:
        """Take the sentence for the caller (by default the class's) and the text for the log (by default the code)."""
        self.detail = detail or self.default_detail
        self.reason = reason or self.code
        super().__init__(self.detail)

    @property
    def members(self) -> Mapping[str, object]:
        """Return what a problem says of this error besides."""
        return {}
