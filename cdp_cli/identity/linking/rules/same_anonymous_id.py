"""A browser or app that only one account has signed in on is used by one person."""

from cdp_cli.identity.linking.rules import Rule

RULE = Rule(
    name="same_anonymous_id",
    identifier_type="anonymous_id",
    probability=0.98,
    why="One browser or app installation.",
)
