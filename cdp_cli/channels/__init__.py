"""Channels: one YAML a channel, and the few Python hooks that a protocol needs."""
