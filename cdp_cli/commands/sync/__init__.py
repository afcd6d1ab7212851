"""Send what changed to the destinations, and look after what they have.

\b
`cdp sync` alone, or with the names of syncs, is `cdp sync send`:
    cdp sync --dry-run
    cdp sync klaviyo__newsletter
"""

DEFAULT = "send"
