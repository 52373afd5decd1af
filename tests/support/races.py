"""Many callers at one moment, round after round."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from typing import TypeVar

from doorward.errors import DoorwardError
from doorward.model import TenantId
from doorward.tokens.ids import mint_ulid
from tests.contract.conftest import Stores
from tests.support.makers import tenant
from tests.support.tally import count

T = TypeVar("T")
RACERS = 50
ROUNDS = int(os.environ.get("RACE_ROUNDS", "1"))  # `make races` runs 20


def rounds() -> Iterator[int]:
    """Yield as many numbers as there are rounds."""
    yield from range(ROUNDS)


def race(run: Callable[[int], T]) -> list[T | DoorwardError]:
    """Run 50 threads at one moment; return what each returned or was refused with."""
    barrier = threading.Barrier(RACERS)
    results: list[T | DoorwardError] = []

    def racer(number: int) -> None:
        barrier.wait()
        try:
            results.append(run(number))
        except DoorwardError as error:
            results.append(error)

    threads = [threading.Thread(target=racer, args=(number,)) for number in range(RACERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == RACERS
    count("races run")
    count("callers in races", RACERS)
    return results


def kinds(results: list[T | DoorwardError]) -> set[type]:
    """Return of which types the results of a race are."""
    return {type(result) for result in results}


def new_tenant(stores: Stores) -> TenantId:
    """Return the id of a tenant that this round alone knows."""
    tenant_id = TenantId(f"t{mint_ulid().lower()}")
    stores.tenants.add(tenant(tenant_id))
    return tenant_id
