"""One account is one person: whoever signs in shows that a visitor and a customer are the same."""

from cdp_cli.identity.linking.rules import Rule

RULE = Rule(
    name="same_user_id", identifier_type="user_id", probability=0.9999, why="One account of shop or app."
)
