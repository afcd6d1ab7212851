"""A citizen number is given to one person."""

from cdp_cli.identity.linking.rules import Rule

RULE = Rule(name="same_national_id", identifier_type="national_id", probability=0.999, why="One national id.")
