"""A personal telephone number is answered by one person; a landline is a household's."""

from cdp_cli.identity.linking.rules import Rule

RULE = Rule(
    name="same_phone", identifier_type="phone", probability=0.98, why="One personal telephone number."
)
