"""Destinations: one YAML a destination, and the few Python hooks that a protocol needs."""

from cdp_cli.destinations.connecting import connect, connections, find_destinations, load_definition

__all__ = ["connect", "connections", "find_destinations", "load_definition"]
