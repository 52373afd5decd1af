"""The steps of one transaction, each with what its failure means."""

from __future__ import annotations

from collections.abc import Iterable

from doorward.aws.dynamodb.database import Action, ConditionFailed, Database
from doorward.errors import Conflict, DoorwardError, InvalidRequest

_MOST = 97  # TransactWriteItems takes 100, and the audit trail needs some of them


class Steps:
    """The actions of one transaction.

    Each has the error to raise if its condition fails.
    """

    def __init__(self) -> None:
        """Begin with no action."""
        self.actions: list[Action] = []
        self._errors: list[type[DoorwardError]] = []

    def add(self, action: Action, error: type[DoorwardError] = Conflict) -> None:
        """Add an action, and the error to raise if its condition fails."""
        self.actions.append(action)
        self._errors.append(error)

    def add_all(self, more: Iterable[Action]) -> None:
        """Add actions that have no condition."""
        for action in more:
            self.add(action)

    @property
    def room(self) -> int:
        """How many actions can be added."""
        return _MOST - len(self.actions)

    def carry_out(self, database: Database) -> None:
        """Carry out all actions or none.

        Raises:
            InvalidRequest: that is more than one transaction can be.
            DoorwardError: the error of the first action whose condition failed.
        """
        if self.room < 0:
            raise InvalidRequest("This is too much at once: change the roles in a request of their own.")
        try:
            database.transact(self.actions)
        except ConditionFailed as failure:
            raise self._errors[failure.failed[0]] from failure
