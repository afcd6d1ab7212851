"""What a destination may answer: HTTP errors, cut connections, and the behaviours of the receiver.

The receiver is `cdp receiver`'s. The destinations are those that come with cdp, with a short timeout and
without rates, so that a trial takes no minutes. After each trial the receiver answers as it should again.
What it then holds after a few runs is compared with the payload.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from cdp_cli.activation.engine import SyncResult, run_sync
from cdp_cli.activation.sender import Pace
from cdp_cli.destinations import connect, find_destinations
from cdp_cli.errors import CdpError
from cdp_cli.receiver import Receiver
from cdp_cli.receiver.behaviours import BEHAVIOURS, Behaviour
from tests.faults.tally import Tally
from tests.python.activation.conftest import World, person

STATUSES = (
    301, 302, 307, 308, 400, 401, 402, 403, 404, 405, 406, 408, 409, 410, 413, 415, 421, 422, 425, 429,
    500, 501, 502, 503, 504,
)  # fmt: skip
TIMEOUT = 1  # seconds, of the destinations of this module
ROWS = 12
_RUNS_TO_SETTLE = 4
LIST = "NEWS01"
_CONNECTIONS = """
connections:
  tool:
    destination: quick_klaviyo
    base_url: {url}/klaviyo
    secrets: {{api_key: env:KLAVIYO_API_KEY}}
    settings: {{list_id: {list_id}}}
    rows: 5
  crm:
    destination: quick_webhook
    medium: email
    base_url: {url}/webhook/crm
    secrets: {{signing_secret: env:CRM_WEBHOOK_SECRET}}
    rows: 5
"""


@dataclass(frozen=True)
class Target:
    """A sync to one of the receiver's contracts, and where its state shows what the sync sent."""

    connection: str
    object: str
    mode: str

    def held(self, state: Mapping[str, Any]) -> dict[str, str]:
        """City by external id, of those that the destination has."""
        if self.connection == "crm":
            rows = state.get("crm", {}).get(self.object, {}).values()
            return {row["external_id"]: row["city"] for row in rows}
        people = state.get("klaviyo", {}).get("profiles", {})
        inside = state.get("klaviyo", {}).get(f"list:{LIST}", {}) if self.mode == "audience" else people
        return {people[key]["external_id"]: people[key]["location"]["city"] for key in inside}


TARGETS = {
    "webhook": Target("crm", "people", "mirror"),
    "klaviyo profiles": Target("tool", "profiles", "upsert"),
    "klaviyo members": Target("tool", "list_members", "audience"),
}


class Bench:
    """One sync to one target, whose payload changes from trial to trial."""

    def __init__(self, folder: Path, receiver: Receiver, target: Target) -> None:
        self.receiver = receiver
        self.target = target
        self.turn = 0
        (folder / "destinations").mkdir(parents=True, exist_ok=True)
        for name, path in find_destinations().items():
            if name in ("klaviyo", "webhook"):
                quick = folder / "destinations" / f"quick_{name}.yml"
                quick.write_text(_quick(name, path.read_text(encoding="utf-8")), encoding="utf-8")
        (folder / "connections.yml").write_text(
            _CONNECTIONS.format(url=receiver.url, list_id=LIST), encoding="utf-8"
        )
        self.world = World(folder, cast(Any, SimpleNamespace(port=0)))  # its own receiver is not asked
        self.world.spec |= {
            "connection": target.connection, "object": target.object, "mode": target.mode,
        }  # fmt: skip
        self.city = "location.city" if target.connection == "tool" else "city"

    def arrange(self) -> dict[str, str]:
        """Everybody has another city, and some others come and go; gives what the destination should have."""
        self.turn += 1
        names = [f"p{number:02}" for number in range(ROWS)]
        if self.target.mode != "upsert":
            names += [f"t{self.turn}-{number}" for number in range(ROWS // 4)]
        rows = []
        for name in names:
            row = person(name)
            del row["city"]
            rows.append({**row, self.city: f"City {self.turn}"})
        self.world.arrange(*rows)
        return {row["external_id"]: row[self.city] for row in rows}

    def run(self, tally: Tally) -> SyncResult | None:
        """One run; its error, if it is one for a user, is noted as what was told."""
        try:
            destination = connect(self.target.connection, self.target.object, self.world.settings)
            pace = Pace(attempts=3, base_seconds=0.005, cap_seconds=0.02)
            result = run_sync(self.world.settings, self.world.sync, destination, pace=pace)
        except CdpError as error:
            tally.told(error)
        except Exception as error:
            tally.told(error)
        else:
            tally.told(result.error)
            return result
        return None

    def trial(self, tally: Tally, begin: Callable[[], None]) -> None:
        """Run while the fault is on, then as often as it takes without it, and compare."""
        wanted = self.arrange()
        before = len(self.receiver.log())
        begin()
        self.run(tally)
        self.receiver.accept_everything()
        settled = Tally()
        for _ in range(_RUNS_TO_SETTLE):
            result = self.run(settled)
            if result is not None and result.status == "succeeded":
                break
        else:
            tally.broken[f"not settled after {_RUNS_TO_SETTLE} runs: {next(iter(settled.messages), '')}"] += 1
        tally.broken += settled.broken
        tally.times += 1
        held = self.target.held(self.receiver.state())
        tally.lost += len(held.items() ^ wanted.items())
        applied = Counter(
            (entry["key"], entry["content_hash"], entry["operation"])
            for entry in self.receiver.log(before)
            if entry["effect"] not in ("unchanged", "absent")
        )
        tally.twice += sum(times > 1 for times in applied.values())


def _quick(name: str, text: str) -> str:
    """The destination's own file under another name, with a short timeout and without rates."""
    text = text.replace(f"destination: {name}", f"destination: quick_{name}", 1)
    text = re.sub(r"^timeout: \d+", f"timeout: {TIMEOUT}", text, flags=re.MULTILINE)
    return re.sub(r"\[\d+/[smhd](, \d+/[smhd])*\]", "[100000/s]", text)


def concerned(behaviour: Behaviour) -> list[str]:
    """The targets whose requests a behaviour answers."""
    if not behaviour.path and behaviour.method != "DELETE":
        return list(TARGETS)
    return ["klaviyo members"] if "import" not in behaviour.path else ["klaviyo profiles", "klaviyo members"]


def try_behaviour(bench: Bench, name: str, times: int) -> Tally:
    """A behaviour of the receiver. Where it concerns the list of refused rows, a row is refused."""
    tally = Tally()

    def begin() -> None:
        bench.receiver.behave(name)
        if "errors" in BEHAVIOURS[name].path:
            bench.receiver.refuse(email="p00@example.com")

    for _ in range(times):
        bench.trial(tally, begin)
    return tally


def try_fault(bench: Bench, times: int, **fault: Any) -> Tally:
    """A fault of the receiver for one request or two: a status, a cut connection, slowness."""
    tally = Tally()
    for trial in range(times):
        bench.trial(tally, partial(bench.receiver.fail, times=1 + trial % 2, **fault))
    return tally
