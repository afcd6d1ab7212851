"""Random families, the records that tools keep of them, and what happens to those between two builds."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from cdp_cli.errors import FixInput
from cdp_cli.identity.clustering.decisions import SCHEMA, in_force
from cdp_cli.stewardship import decisions
from tests.histories.world import Logs

Record = dict[str, Any]

_FIRST_NAMES = (
    "Abigail", "Robert", "Carla", "Dmitri", "Emil", "Fatma", "Gustav", "Hiroshi", "Irene", "Jörg",
    "Katherine", "Liam", "Mónica", "Nils", "Olga", "Patrick", "Quentin", "Rosalind", "Samuel", "Theodora",
    "Ulrich", "Valentina", "William", "Xenia", "Yusuf", "Zoë",
)  # fmt: skip
_NICKNAMES = {
    "Abigail": "Abby", "Robert": "Bob", "Katherine": "Kate", "Patrick": "Pat", "Samuel": "Sam",
    "William": "Bill",
}  # fmt: skip
_SYLLABLES = (
    "bar",
    "den",
    "fol",
    "gar",
    "hin",
    "kel",
    "lam",
    "mor",
    "nix",
    "pau",
    "rei",
    "sto",
    "tev",
    "wal",
)
_SOURCES = ("crm", "shop", "newsletter", "store")


@dataclass(frozen=True)
class Person:
    """What is true of one person, of which each record has a part."""

    first_name: str
    last_name: str
    birth_date: str
    email: str
    phone: str
    user_id: str
    home: Mapping[str, str]


class History:
    """One family or two of one street: their records, and what people decide about them."""

    def __init__(self, number: int, chance: random.Random) -> None:
        self._number, self._chance = number, chance
        self.records: dict[str, Record] = {}
        self._gone: dict[str, Record] = {}
        self._made = 0
        surname = "".join(chance.sample(_SYLLABLES, 3)).capitalize()
        home = {
            "street_address": f"{chance.randrange(1, 90)} {''.join(chance.sample(_SYLLABLES, 2))} street",
            "city": "".join(chance.sample(_SYLLABLES, 2)),
            "postcode": str(chance.randrange(10_000, 99_999)),
        }
        self._home_email = f"family.{surname}@home.example"
        self._people = [self._person(surname, home) for _ in range(chance.randrange(1, 4))]
        for _ in range(chance.randrange(2, 6)):
            self._insert()

    def _person(self, surname: str, home: Mapping[str, str]) -> Person:
        chance = self._chance
        first_name = chance.choice(_FIRST_NAMES)
        number = chance.randrange(10**7)
        return Person(
            first_name,
            surname if chance.random() < 0.8 else "".join(chance.sample(_SYLLABLES, 3)).capitalize(),
            f"{chance.randrange(1940, 2008)}-{chance.randrange(1, 13):02}-{chance.randrange(1, 29):02}",
            f"{first_name}.{number}@mail.example".lower(),
            f"+447{number:09}",
            f"u{number}",
            home,
        )

    def step(self, logs: Logs, present: Mapping[str, str], at: dt.datetime) -> pa.Table:
        """Change some records, and return new decisions; all before a build `at` a moment."""
        made = SCHEMA.empty_table()
        for number in range(self._chance.choice((0, 1, 1, 2, 3))):
            before = Logs(decisions=pa.concat_tables([logs.decisions, made]))
            # No two decisions of the world are of one moment: the latest holds.
            moment = at - dt.timedelta(hours=1) + dt.timedelta(milliseconds=10 * self._number + number)
            what = self._chance.choices(
                (self._insert, self._update, self._delete, None), weights=(3, 3, 2, 4)
            )[0]
            if what is not None:
                what()
            else:
                made = pa.concat_tables([made, self._decide(before, present, moment)])
        return made

    def _insert(self) -> None:
        if self._gone and self._chance.random() < 0.4:
            # A record that was deleted by mistake.
            record_id = self._chance.choice(sorted(self._gone))
            self.records[record_id] = self._gone.pop(record_id)
            return
        self._made += 1
        record_id = f"h{self._number:03}:{self._made:02}"
        self.records[record_id] = self._record(record_id)

    def _update(self) -> None:
        if self.records:
            record_id = self._chance.choice(sorted(self.records))
            self.records[record_id] = self._record(record_id)

    def _delete(self) -> None:
        if self.records:
            record_id = self._chance.choice(sorted(self.records))
            self._gone[record_id] = self.records.pop(record_id)

    def _record(self, record_id: str) -> Record:
        chance, person = self._chance, self._chance.choice(self._people)
        if chance.random() < 0.15:
            return {
                "record_id": record_id,
                "source": "web",
                "anonymous_id": f"a{person.user_id}",
                "user_id": person.user_id if chance.random() < 0.6 else None,
            }
        source = chance.choice(_SOURCES)
        found: Record = {
            "record_id": record_id,
            "source": source,
            "one_record_per_person": source == "store",
            "first_name": self._misspelt(person.first_name),
            "last_name": self._misspelt(person.last_name),
            "birth_date": self._misspelt(person.birth_date),
            "email": chance.choice((person.email, person.email, self._home_email, "noemail@mail.example")),
            "phone": person.phone,
            "user_id": person.user_id if source == "shop" else None,
            **person.home,
        }
        kept = {"record_id", "source", "one_record_per_person"}
        return {name: value for name, value in found.items() if name in kept or chance.random() < 0.7}

    def _misspelt(self, text: str) -> str:
        chance = self._chance
        if chance.random() < 0.2 and text in _NICKNAMES:
            return _NICKNAMES[text]
        if chance.random() < 0.1:
            place = chance.randrange(len(text) - 1)
            return text[:place] + text[place + 1] + text[place] + text[place + 2 :]
        return text.upper() if chance.random() < 0.1 else text

    def _decide(self, logs: Logs, present: Mapping[str, str], at: dt.datetime) -> pa.Table:
        chance, nothing = self._chance, SCHEMA.empty_table()
        # Records that are gone by now are decided on as well: nobody knows that they are.
        mine = sorted(record for record in present if record.startswith(f"h{self._number:03}:"))
        if len(mine) < 2:
            return nothing
        held = [
            row["decision_id"]
            for pair, row in sorted(in_force(logs.decisions).items())
            if pair[0] in mine or pair[1] in mine
        ]
        kind = chance.choice(("same", "same", "different", "unsure", "split", "undo", "undo"))
        try:
            if kind == "undo":
                return (
                    decisions.undo(logs.decisions, [chance.choice(held)], "bo", "x", at) if held else nothing
                )
            if kind == "split":
                profile = chance.choice([present[record] for record in mine])
                members = [record for record in mine if present[record] == profile]
                if len(members) < 2:
                    return nothing
                leaving = chance.sample(members, chance.randrange(1, len(members)))
                staying = [record for record in members if record not in leaving]
                return decisions.split(leaving, staying, logs.decisions, "bo", "x", at)
            one, other = chance.sample(mine, 2)
            return decisions.decide(one, other, kind, "bo", "x", at)
        except FixInput:
            # What a person is told no to, in a sentence.
            return nothing


def rule_change(chance: random.Random) -> str:
    """A change of a seed, as SQL."""
    limit, values = chance.choice(
        (
            ("max_profiles_per_value", (1, 2)),
            ("max_records", (2, 4, 60)),
            ("max_values_per_profile", (1, 2, 6)),
        )
    )
    type_ = chance.choice(("email", "phone", "user_id"))
    if chance.random() < 0.7:
        return (
            f"update identifier_types set {limit} = {chance.choice(values)} where identifier_type = '{type_}'"
        )
    name = chance.choice([name for name in _FIRST_NAMES if name.isascii()]).lower()
    return (
        f"insert into blocked_values select 'name', '{name}', 'placeholder' "
        f"where '{name}' not in (select value from blocked_values where column_name = 'name')"
    )
