"""The steps of one transaction, each with what its failure means."""

from __future__ import annotations

from doorward.aws.dynamodb.database import Action, ConditionFailed, Database
from doorward.errors import Conflict, DoorwardError


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

    def carry_out(self, database: Database) -> None:
        """Carry out all actions or none.

        Raises:
            DoorwardError: the error of the first action whose condition failed.
        """
        try:
            database.transact(self.actions)
        except ConditionFailed as failure:
            raise self._errors[failure.failed[0]] from failure
