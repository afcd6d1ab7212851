"""Plays random histories of records, decisions and rules, and counts where a build breaks a law of ids.

python benchmarks/histories.py --histories 1000 --seed 1

The laws are those of tests/histories/laws.py. Ends with 1 where one is broken.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.histories.laws import LEAST_EQUAL, Tally, play

# Histories of one world are built at once; more of them would fill blocks that have nothing in common.
_IN_A_WORLD = 50


def main() -> int:
    """Play the histories world by world and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--histories", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    started = time.monotonic()
    tally = Tally()
    while tally.histories < asked.histories:
        seed = asked.seed + tally.histories
        world = play(seed, min(_IN_A_WORLD, asked.histories - tally.histories))
        for said in (*world.differences, *world.violations):
            print(f"seed {seed}, {world.histories} histories: {said}", flush=True)
        tally += world
    print(f"histories                      {tally.histories:>9,}")
    print(f"builds                         {tally.builds:>9,}")
    print(f"records compared with full     {tally.compared:>9,}")
    print(f"share equal                    {tally.share_equal:>9.4%}")
    print(f"changes of id, all logged      {tally.changes_of_id:>9,}")
    print(f"retired ids, all resolved      {tally.retired:>9,}")
    print(f"violations                     {len(tally.violations):>9,}")
    print(f"seconds                        {time.monotonic() - started:>9,.0f}")
    return 1 if tally.violations or tally.share_equal < LEAST_EQUAL else 0


if __name__ == "__main__":
    sys.exit(main())
