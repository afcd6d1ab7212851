"""A source that knows each person once has no second record of anybody."""

from cdp_cli.identity.linking.vetoes import Veto

VETO = Veto(
    name="one_record_per_person",
    why="Both are of one source, which declares that it holds each person once.",
    condition="sole_source_l = sole_source_r",
)
