"""The demo retailer: one believable business, generated in SQL from a seed, with its true identities."""

from __future__ import annotations

from cdp_cli.demo.advance import AdvanceSummary, advance
from cdp_cli.demo.generate import DemoSummary, generate

__all__ = ["AdvanceSummary", "DemoSummary", "advance", "generate"]
