"""A local HTTP server that implements the APIs of our destinations, for demos and tests."""

from cdp_cli.receiver.server import DEMO_API_KEY, DEMO_WEBHOOK_SECRET, Receiver

__all__ = ["DEMO_API_KEY", "DEMO_WEBHOOK_SECRET", "Receiver"]
