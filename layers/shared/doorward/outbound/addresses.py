"""Which addresses of the internet a name has, and which of them may be connected to."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_UNICAST = ipaddress.ip_network("2000::/3")
_SPECIAL = [
    ipaddress.ip_network(text)
    for text in ("192.0.0.0/24", "192.88.99.0/24", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
]
"""Beside what each version of Python knows: these have no servers, or stand for addresses of another kind."""


def resolve(name: str, port: int) -> Sequence[str]:
    """Return the addresses of a name.

    Raises:
        OSError, UnicodeError: it has none, or is none.
    """
    found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def is_public(address: str) -> bool:
    """Return whether an address is an ordinary one of the internet, and none of special use.

    An IPv6 address that stands for an IPv4 address is judged as that one.

    Source: RFC 6890, and IANA's special-purpose address registries; RFC 6052 section 2.1.
    """
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            found = found.ipv4_mapped
        elif found in _NAT64:
            found = ipaddress.IPv4Address(found.packed[-4:])
        elif found not in _UNICAST or found.scope_id is not None:
            return False
    return found.is_global and not found.is_multicast and not any(found in network for network in _SPECIAL)
