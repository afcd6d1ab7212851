"""Destinations: one YAML a destination, and the few Python hooks that a protocol needs."""

from cdp_cli.destinations.connecting import (
    address_of,
    connect,
    connections,
    find_destinations,
    load_definition,
)
from cdp_cli.destinations.connections import DestinationAddress

__all__ = [
    "DestinationAddress",
    "address_of",
    "connect",
    "connections",
    "find_destinations",
    "load_definition",
]
