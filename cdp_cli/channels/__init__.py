"""Channels: one YAML a channel, and the few Python hooks that a protocol needs."""

from cdp_cli.channels.connecting import connect, connections, find_channels, load_channel

__all__ = ["connect", "connections", "find_channels", "load_channel"]
