"""Sends what changed: gate, diff, guards, frozen batches, a ledger of what each channel acknowledged."""
