"""Faults around a sync, many times: what was lost, applied twice, left in doubt, and what users were told.

    python benchmarks/faults.py --kills 1000 [--times 30] [--pairs 100] [--runs 500] [--json]
    python benchmarks/faults.py --only "disk full" --only "HTTP 5"    # faults with one of these in their name

`--kills` are SIGKILLs at random moments. Three tenths as many come as the engine enters or leaves one of
its functions, all of them in turn, and three tenths as a request arrives, before or after it is applied.
After each fault the payload is sent by further runs, and what the receiver then holds is compared with it.
Keyed and upserting receivers must lose nothing and apply nothing twice. One that only appends applies
nothing twice, and the rows that it may lack are in doubt. A run that ends with anything but a sentence for
users counts as broken. Two processes share the work; the faults are in tests/faults. Ends with 1 if a
promise did not hold.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import re
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.faults.parts import Part, Sizes, parts
from tests.faults.tally import Tally

JOBS = 2
_WIDTH = 150


def measure(chosen: list[Part], jobs: int) -> list[Tally]:
    """Run the parts, as many at once as there are jobs; in the order of the parts."""
    found: dict[int, Tally] = {}
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, context) as pool:
        running = {pool.submit(part): number for number, part in enumerate(chosen)}
        for done in as_completed(running):
            number = running[done]
            tally = found[number] = done.result()
            state = "held" if tally.holds else "BROKEN"
            print(f"{len(found)} of {len(chosen)}: {tally.fault}: {state}", file=sys.stderr, flush=True)
    return [found[number] for number in sorted(found)]


def said(tally: Tally) -> str:
    """The most frequent message, without its numbers, and what was broken before it."""
    broken, messages = _alike(tally.broken), _alike(tally.messages)
    shown = [f"BROKEN {count} x {text}" for text, count in broken.most_common()]
    shown += [text for text, _ in messages.most_common(1)]
    return "; ".join(text if len(text) <= _WIDTH else f"{text[:_WIDTH]}..." for text in shown)


def _alike(texts: Counter[str]) -> Counter[str]:
    """Texts that differ in numbers, folders or ports alone are one. Sizes and HTTP statuses stay."""
    counted: Counter[str] = Counter()
    for text, count in texts.items():
        alike = re.sub(r"127\.0\.0\.1:\d+", "the receiver", text.replace("|", "/"))
        alike = re.sub(r"(/[\w.-]+)+/", ".../", alike)
        if " MB " not in alike:
            alike = re.sub(r"(?<!HTTP )\b\d[\d,]*", "n", alike)
        counted[alike] += count
    return counted


def main() -> int:
    """Try them all and print one table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    default = Sizes()
    for name, size in asdict(default).items():
        parser.add_argument(f"--{name}", type=int, default=size)
    parser.add_argument("--only", action="append", help="Part of a fault's name; may be repeated.")
    parser.add_argument("--jobs", type=int, default=JOBS)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    sizes = Sizes(asked.kills, asked.times, asked.pairs, asked.runs)
    chosen = [
        part for part in parts(sizes) if not asked.only or any(word in part.fault for word in asked.only)
    ]
    began = time.perf_counter()
    tallies = measure(chosen, asked.jobs)
    if asked.json:
        print(json.dumps([{**asdict(tally), "holds": tally.holds} for tally in tallies], indent=2))
    else:
        print("| fault | times | lost | applied twice | in doubt | message |")
        print("| --- | ---: | ---: | ---: | ---: | --- |")
        for one in tallies:
            counts = f"{one.times:,} | {one.lost:,} | {one.twice:,} | {one.in_doubt:,}"
            print(f"| {one.fault} | {counts} | {said(one)} |")
        held = sum(tally.holds for tally in tallies)
        print(f"\n{held} of {len(tallies)} faults held, in {time.perf_counter() - began:,.0f} seconds.")
    return 0 if all(tally.holds for tally in tallies) else 1


if __name__ == "__main__":
    sys.exit(main())
