"""What the functions share that mail, or begin sessions by what was mailed.

It is apart from the other answers and requests: refreshing and signing out need none of its imports.
"""

from __future__ import annotations

from http import HTTPStatus

from doorward.api.answers import answer_json
from doorward.api.bodies.proofs import ChallengeResponse
from doorward.api.routing import Response
from doorward.rules.proofs import CODE_SECONDS


def answer_challenge(challenge_id: str) -> Response:
    """Return what whoever asked for a mail needs to use its code: the same for every address."""
    body = ChallengeResponse(challenge_id=challenge_id, code_expires_in=CODE_SECONDS)
    return answer_json(body, HTTPStatus.ACCEPTED)
