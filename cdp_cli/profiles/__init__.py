"""One person as the warehouse knows them: found by whatever one has of them, and shown whole."""

from cdp_cli.profiles.finding import Finding, find_profiles
from cdp_cli.profiles.households import (
    Group,
    Household,
    Households,
    Member,
    Tie,
    read_household,
    read_households,
)
from cdp_cli.profiles.reading import Choice, Profile, read_profile

__all__ = [
    "Choice",
    "Finding",
    "Group",
    "Household",
    "Households",
    "Member",
    "Profile",
    "Tie",
    "find_profiles",
    "read_household",
    "read_households",
    "read_profile",
]
