"""A personal telephone number is answered by one person; landlines that families share are classed household."""

from cdp_cli.identity.rules import Rule

RULE = Rule(
    name="same_phone", identifier_type="phone", probability=0.98, why="One personal telephone number."
)
