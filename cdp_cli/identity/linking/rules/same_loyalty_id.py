"""A loyalty card is given to one person."""

from cdp_cli.identity.linking.rules import Rule

RULE = Rule(name="same_loyalty_id", identifier_type="loyalty_id", probability=0.999, why="One loyalty card.")
