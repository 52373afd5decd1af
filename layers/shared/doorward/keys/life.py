"""The states of a key: pending, active, retiring, gone.

The functions are pure. They return which keys there must be at a time, and which keys are left after a revocation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

KeyState = Literal["pending", "active", "retiring"]

_ORDER = ("active", "pending", "retiring")


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """What every key has, whatever it signs.

    Args:
        since_ms: when the key entered its state, in milliseconds.
        signs_for_ms: the longest life, in milliseconds, of anything that the key signed.
    """

    kid: str
    state: KeyState
    since_ms: int = 0
    signs_for_ms: int = 0


K = TypeVar("K", bound=Key)


@dataclass(frozen=True, slots=True)
class Policy:
    """How long a key stays in a state.

    All times are in milliseconds.

    Args:
        period_ms: how long a key signs.
        announce_ms: how long a key is published before it signs. It is longer than any function keeps keys in memory.
        token_life_ms: the longest life of anything that the active key signs now.
        cache_ms: how long a function may use keys that it read.
    """

    period_ms: int
    announce_ms: int
    token_life_ms: int
    cache_ms: int


def plan(
    keys: Sequence[K],
    policy: Policy,
    now_ms: int,
    *,
    wanted: Callable[[K], bool] = lambda _: True,
    due: bool = False,
) -> tuple[K, ...]:
    """Return the keys as they must be now.

    Planning again at the same time changes nothing. If no key is pending afterwards, the caller adds a pending key.
    Verifiers read the pending key long before it signs. So they usually have the key that signs, even when it replaced
    a revoked key at once.

    Args:
        keys: the keys as they are.
        policy: how long a key stays in a state.
        now_ms: the time, in milliseconds.
        wanted: returns whether a key is of the kind that the deployment asks for.
        due: rotate although the active key's period is not over, if the pending key was announced long enough.
    """
    pending, active = _in_state(keys, "pending"), _in_state(keys, "active")
    rest = [key for key in keys if key.state == "retiring" and not _is_gone(key, policy, now_ms)]
    if pending is not None and not wanted(pending):
        pending = None  # it never signed
    if pending is not None and (active is None or _must_rotate(active, pending, policy, now_ms, wanted, due=due)):
        if active is not None:
            rest.append(_moved(active, "retiring", now_ms, policy))
        active, pending = _moved(pending, "active", now_ms, policy), None
    elif active is not None:
        active = replace(active, signs_for_ms=max(active.signs_for_ms, policy.token_life_ms))
    return ordered([key for key in (active, pending, *rest) if key is not None])


def without(keys: Sequence[K], kid: str, policy: Policy, now_ms: int) -> tuple[K, ...]:
    """Return the keys after a revocation.

    If the active key was revoked, the pending key becomes active at once.
    """
    left = [key for key in keys if key.kid != kid]
    pending = _in_state(left, "pending")
    if _in_state(left, "active") is None and pending is not None:
        left[left.index(pending)] = _moved(pending, "active", now_ms, policy)
    return ordered(left)


def lacks(keys: Sequence[K], state: KeyState) -> bool:
    """Return whether no key is in this state."""
    return _in_state(keys, state) is None


def ordered(keys: Sequence[K]) -> tuple[K, ...]:
    """Return the keys in the order of their states, the active key first."""
    return tuple(sorted(keys, key=lambda key: (_ORDER.index(key.state), -key.since_ms)))


def leaves_secret(key: Key, policy: Policy, now_ms: int) -> bool:
    """Return whether the private key can be deleted, because no function can still sign with it."""
    return key.state == "retiring" and now_ms >= key.since_ms + 2 * policy.cache_ms


def _in_state(keys: Sequence[K], state: KeyState) -> K | None:
    return next((key for key in keys if key.state == state), None)


def _must_rotate(active: K, pending: K, policy: Policy, now_ms: int, wanted: Callable[[K], bool], *, due: bool) -> bool:
    announced = now_ms - pending.since_ms >= policy.announce_ms
    return announced and (due or not wanted(active) or now_ms - active.since_ms >= policy.period_ms)


def _moved(key: K, state: KeyState, now_ms: int, policy: Policy) -> K:
    return replace(key, state=state, since_ms=now_ms, signs_for_ms=max(key.signs_for_ms, policy.token_life_ms))


def _is_gone(key: K, policy: Policy, now_ms: int) -> bool:
    # A function that read the keys just before this key retired still signs with the key, for as long as it keeps it.
    return now_ms >= key.since_ms + 2 * policy.cache_ms + key.signs_for_ms
