"""Destinations: one YAML file for each, and the Python that a protocol needs."""

from cdp_cli.destinations.connecting import (
    address_of,
    connect,
    connect_to,
    connections,
    find_destinations,
    load_definition,
)
from cdp_cli.destinations.connections import DestinationAddress

__all__ = [
    "DestinationAddress",
    "address_of",
    "connect",
    "connect_to",
    "connections",
    "find_destinations",
    "load_definition",
]
