"""How long things live at most, and how long what is said about them is kept. All in epoch seconds, or seconds."""

from __future__ import annotations

from doorward.model import UserId, is_service

MAX_ACCESS_TTL_SECONDS = 3600
"""The longest life of a user's access token that the template allows."""

MAX_TOKEN_LIFE_SECONDS = 7_776_000
"""The longest life of a session, and of any token, that the template allows.

A deployment may shorten its lifetimes, but not those of tokens that are out already. What is revoked is therefore kept
for the longest possible life.
"""

CLOCK_SLACK_SECONDS = 120
"""How far the clocks of two machines may differ."""

_MINTING_SECONDS = 180
"""A token that is minted at the moment of a revocation lives on for its whole life."""


def session_entry_end(user_id: UserId, now_ms: int) -> int:
    """Return when it can be forgotten that one session ended: its last access token has died then."""
    # A service's session is its one token, which may live as long as any session.
    life_seconds = MAX_TOKEN_LIFE_SECONDS if is_service(user_id) else MAX_ACCESS_TTL_SECONDS
    return now_ms // 1000 + life_seconds + CLOCK_SLACK_SECONDS


def token_entry_end(expires_at: int) -> int:
    """Return when it can be forgotten that a token was revoked which expires at this time."""
    return expires_at + CLOCK_SLACK_SECONDS


def cutoff_end(now_ms: int) -> int:
    """Return when a general revocation can be forgotten: everything that began before has died then."""
    return now_ms // 1000 + MAX_TOKEN_LIFE_SECONDS + CLOCK_SLACK_SECONDS


def concerns_until(table_end: int, longest: int, life: int) -> int:
    """Return until when a revocation concerns a token of a deployment whose tokens live shorter than the longest.

    Args:
        table_end: when the table forgets it, for which the longest life counts.
        longest: the life that the table counts with, in seconds.
        life: how long tokens of this deployment live at most, in seconds.
    """
    return table_end - longest + min(life, longest)


def epoch_concerns_until(epoch: int, life: int) -> int:
    """Return until when an epoch, which is a time in milliseconds, concerns a token that lives so many seconds."""
    return epoch // 1000 + life + CLOCK_SLACK_SECONDS + _MINTING_SECONDS
