"""Destinations: one YAML file for each, and the Python that a protocol needs."""

from cdp_cli.destinations.connecting import connect, connections, find_destinations, load_definition

__all__ = ["connect", "connections", "find_destinations", "load_definition"]
