"""The life of a key: pending, active, retiring, gone. Pure: what is due at a time, and what a revocation leaves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

KeyState = Literal["pending", "active", "retiring"]

_ORDER = ("active", "pending", "retiring")


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """What the life of any key depends on.

    Args:
        since_ms: when it entered its state.
        signs_for_ms: the longest life, in milliseconds, of anything that it signed.
    """

    kid: str
    state: KeyState
    since_ms: int = 0
    signs_for_ms: int = 0


K = TypeVar("K", bound=Key)


@dataclass(frozen=True, slots=True)
class Policy:
    """When a key moves on; all in milliseconds.

    Args:
        period_ms: how long a key signs.
        announce_ms: how long a key is known before it signs: longer than any cache of the known keys.
        token_life_ms: the longest life of what the active key signs now.
        cache_ms: how long a function may go on with keys that it read.
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
    """Return the keys as they must be now; planning again at the same time changes nothing.

    There is always a pending key after the caller adds one where this leaves none. It is announced long before it
    signs, so that no verifier's cache lacks a key that signs, also when the active key must go at once.

    Args:
        keys: as they are.
        policy: when a key moves on.
        now_ms: the time, in milliseconds.
        wanted: whether a key is of the kind that the deployment asks for.
        due: rotate although the period is not over.
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
    """Return the keys after a revocation; was it the active one, the pending one signs at once, if there is one."""
    left = [key for key in keys if key.kid != kid]
    pending = _in_state(left, "pending")
    if _in_state(left, "active") is None and pending is not None:
        left[left.index(pending)] = _moved(pending, "active", now_ms, policy)
    return ordered(left)


def lacks(keys: Sequence[K], state: KeyState) -> bool:
    """Return whether no key is in this state."""
    return _in_state(keys, state) is None


def ordered(keys: Sequence[K]) -> tuple[K, ...]:
    """Return the keys in the order of their states: the one that signs is first."""
    return tuple(sorted(keys, key=lambda key: (_ORDER.index(key.state), -key.since_ms)))


def leaves_secret(key: Key, policy: Policy, now_ms: int) -> bool:
    """Return whether nobody can still be about to sign with a key."""
    return key.state == "retiring" and now_ms >= key.since_ms + 2 * policy.cache_ms


def _in_state(keys: Sequence[K], state: KeyState) -> K | None:
    return next((key for key in keys if key.state == state), None)


def _must_rotate(active: K, pending: K, policy: Policy, now_ms: int, wanted: Callable[[K], bool], *, due: bool) -> bool:
    announced = now_ms - pending.since_ms >= policy.announce_ms
    return announced and (due or not wanted(active) or now_ms - active.since_ms >= policy.period_ms)


def _moved(key: K, state: KeyState, now_ms: int, policy: Policy) -> K:
    return replace(key, state=state, since_ms=now_ms, signs_for_ms=max(key.signs_for_ms, policy.token_life_ms))


def _is_gone(key: K, policy: Policy, now_ms: int) -> bool:
    # A function that read the keys just before this key retired signs with the key until its cache ends.
    return now_ms >= key.since_ms + 2 * policy.cache_ms + key.signs_for_ms
