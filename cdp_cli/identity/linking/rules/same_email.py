"""A personal e-mail address is read by one person; addresses that families share are classed household."""

from cdp_cli.identity.linking.rules import Rule

RULE = Rule(name="same_email", identifier_type="email", probability=0.99, why="One personal e-mail address.")
