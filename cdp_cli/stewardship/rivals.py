"""Why two profiles that resemble each other stayed apart: others resemble one of them as much."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import pyarrow as pa

from cdp_cli.identity.bands import Bands
from cdp_cli.identity.clustering.grouping import BEYOND_RIVALRY, share_of_odds
from cdp_cli.identity.linking.comparable_fields import filled_of
from cdp_cli.stewardship.refusal import Reason


def rivalries(
    pairs: pa.Table, records: pa.Table, profiles: Mapping[str, str], left: str, right: str, bands: Bands
) -> tuple[Reason, ...]:
    """A reason for each of two profiles that resembles others too much to join the other one.

    `pairs` are the rows of identity_pairs of the records of both, `records` those of identity_records of all
    profiles that these name, `profiles` the profile of each record.
    """
    best = _best(pairs, profiles, bands)
    between = best.get(frozenset((left, right)), 0.0)
    if not bands.auto <= between < BEYOND_RIVALRY:
        return ()
    filled: defaultdict[str, set[int]] = defaultdict(set)
    for record in records.to_pylist():
        filled[profiles[record["record_id"]]].add(filled_of(record))
    reasons = []
    for profile, other in ((left, right), (right, left)):
        others = {next(iter(two - {profile})): score for two, score in best.items() if profile in two}
        rivals = {
            rival: score
            for rival, score in sorted(others.items(), key=lambda item: (-item[1], item[0]))
            if rival != other
            and best.get(frozenset((rival, other)), 0.0) < bands.max_rival_probability
            and any(mine & theirs for mine in filled[rival] for theirs in filled[other])
        }
        share = share_of_odds(between, rivals.values())
        if rivals and share < bands.min_exclusive_share:
            first, score = next(iter(rivals.items()))
            more = f" and {len(rivals) - 1:,} more" if len(rivals) > 1 else ""
            reasons.append(
                Reason(
                    "rival",
                    f"{profile} resembles {first} ({score:.2f}){more} as well, and is at most one of them. "
                    f"Of all the odds {other} has {share:.2f}, below "
                    f"min_exclusive_share ({bands.min_exclusive_share}).",
                )
            )
    return tuple(reasons)


def _best(pairs: pa.Table, profiles: Mapping[str, str], bands: Bands) -> dict[frozenset[str], float]:
    """The best pair between each two profiles that a pair speaks for."""
    best: dict[frozenset[str], float] = {}
    for row in pairs.to_pylist():
        two = frozenset(profiles.get(row[side], "") for side in ("left_record_id", "right_record_id"))
        if len(two) == 2 and row["veto"] is None and row["match_probability"] >= bands.review:
            best[two] = max(best.get(two, 0.0), float(row["match_probability"]))
    return best
