"""Sends what changed: eligibility, diff, guards, frozen batches, and a ledger of what was acknowledged."""
