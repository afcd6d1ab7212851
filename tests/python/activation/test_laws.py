"""Laws that hold for any history: the destination has what it should, and a second run sends nothing."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .conftest import World, person
from .double import BUSY, CUT_AFTER, CUT_BEFORE, Receiver

NAMES = ["a", "b", "c", "d", "e", "f"]
CITIES = ["Bonn", "Ulm", "Kiel", None]
EMAILS = ["one@example.com", "two@example.com", "three@example.com"]

# A moment: who is in the payload with which city, who has consent, and how the destination fails meanwhile.
moments = st.lists(
    st.tuples(
        st.dictionaries(st.sampled_from(NAMES), st.sampled_from(CITIES), max_size=6),
        st.sets(st.sampled_from(NAMES)),
        st.lists(st.sampled_from([BUSY, CUT_BEFORE, CUT_AFTER, ("", 200, {})]), max_size=4),
    ),
    min_size=1,
    max_size=4,
)


def columns() -> Any:
    import pyarrow as pa

    return pa.schema([(name, pa.string()) for name in person("a")])


@settings(max_examples=10, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(history=moments)
def test_the_destination_equals_the_payload_of_those_who_consent(history: Any) -> None:
    receiver = Receiver()
    try:
        with tempfile.TemporaryDirectory() as folder:
            world = World(Path(folder), receiver)
            world.destination.rows = 2
            for people, withdrawn, failures in history:
                rows = [person(name, city=city) for name, city in people.items()]
                world.arrange(*rows, without_consent=tuple(withdrawn), columns=columns())
                receiver.failures = list(failures)
                result = world.run(accepted={"accept-empty"})
                assert result.status == "succeeded"

                wanted = {name: city for name, city in people.items() if name not in withdrawn}
                # A null is left out, so an upsert keeps the older value.
                assert set(receiver.objects) == set(wanted)
                for name, city in wanted.items():
                    assert city is None or receiver.objects[name]["city"] == city
                receiver.failures = []
                assert world.run(accepted={"accept-empty"}).requests == 0
    finally:
        receiver.close()


@settings(max_examples=10, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(
    history=st.lists(
        st.dictionaries(st.sampled_from(NAMES), st.sampled_from(EMAILS), max_size=3).filter(
            lambda people: len(set(people.values())) == len(people)
        ),
        min_size=1,
        max_size=4,
    )
)
def test_an_audience_has_the_addresses_of_its_members_whoever_owns_them(
    history: list[dict[str, str]],
) -> None:
    receiver = Receiver()
    try:
        with tempfile.TemporaryDirectory() as folder:
            world = World(Path(folder), receiver)
            world.spec["mode"] = "audience"
            world.destination.match_fields = ["email"]
            for people in history:
                rows = [{"profile_id": name, "email": email} for name, email in people.items()]
                world.arrange(*rows, columns=columns().remove(3).remove(1))
                assert world.run(accepted={"accept-empty"}).status == "succeeded"
                assert set(receiver.objects) == set(people.values())
                assert world.run(accepted={"accept-empty"}).requests == 0
    finally:
        receiver.close()
