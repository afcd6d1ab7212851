"""Opens the destination that a sync names: finds its YAML and resolves the connection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from cdp_cli.config import Settings
from cdp_cli.destinations import connections as connections_file
from cdp_cli.destinations.base import Destination
from cdp_cli.destinations.definition import Definition
from cdp_cli.destinations.finding import destination_class
from cdp_cli.destinations.reading import read_yaml, refuse_former_key, validated
from cdp_cli.errors import FixConfiguration

BUILT_IN = Path(__file__).parent


def connect(connection_name: str, object_name: str | None, settings: Settings) -> Destination:
    """Open one object of a connection; without an object, for `check` only. Sends nothing.

    Raises FixConfiguration for an unknown connection, destination or object, a literal secret or an unset
    variable.
    """
    definition = load_definition(
        connections_file.destination_of(connection_name, settings.project_dir), settings.project_dir
    )
    connection = connections_file.resolve(connection_name, object_name, definition, settings)
    return _open(connection)


def connect_to(bound: Mapping[str, str], settings: Settings) -> Destination:
    """Open the object that a ledger is bound to, though its connection may lead elsewhere by now.

    `bound` is what `cdp_cli.activation.bound_to` keeps: addresses, ids, names. The secrets are the
    connection's of today.

    Raises FixConfiguration if the connection is gone, or is one to another destination.
    """
    name = bound["connection"]
    if connections_file.destination_of(name, settings.project_dir) != bound["destination"]:
        raise FixConfiguration(
            f"The connection {name!r} led to {bound['destination']!r}, and does not any more.",
            "Write it back into connections.yml until the old rows are removed.",
        )
    definition = load_definition(bound["destination"], settings.project_dir)
    today = connections_file.resolve(name, bound["sync_object"], definition, settings)
    kept = {
        setting.removeprefix("settings."): value
        for setting, value in bound.items()
        if setting.startswith("settings.")
    }
    connection = replace(today, object_name=bound["object"], settings={**today.settings, **kept})
    if bound["address"] != _open(connection).address["address"]:
        connection = replace(connection, base_url=bound["address"])
    return _open(connection)


def address_of(connection_name: str, project_dir: Path) -> connections_file.DestinationAddress | None:
    """What may be said of a connection in public; None if connections.yml does not have it whole yet."""
    try:
        definition = load_definition(
            connections_file.destination_of(connection_name, project_dir), project_dir
        )
        return connections_file.entry_address(connection_name, definition, project_dir)
    except FixConfiguration:
        return None


def connections(settings: Settings) -> list[str]:
    """The names in connections.yml, sorted."""
    return connections_file.names(settings.project_dir)


def find_destinations(project_dir: Path | None = None) -> dict[str, Path]:
    """The files of all destinations by name: those that come with cdp, and those of the project."""
    return dict(sorted({**_files(own_folder(project_dir)), **_files(BUILT_IN)}.items()))


def load_definition(name: str, project_dir: Path | None = None) -> Definition:
    """The definition of the destination of that name.

    Raises FixConfiguration if there is none or two, and with file and key path if its YAML is wrong.
    """
    found = find_destinations(project_dir)
    if name not in found:
        raise FixConfiguration(
            f"There is no destination {name!r}.",
            f"Use one of {', '.join(found)}, or write destinations/{name}.yml.",
        )
    own = _files(own_folder(project_dir)).get(name)
    if own is not None and own != found[name]:
        raise FixConfiguration(
            f"{own} has the name of a destination that comes with cdp.",
            f"Rename the file, and `destination: {name}` in it and in connections.yml.",
        )
    values = read_yaml(found[name])
    refuse_former_key(values, found[name])
    definition = validated(Definition, values, found[name])
    if definition.destination != name:
        raise FixConfiguration(
            f"{found[name]}: destination is {definition.destination!r}.", f"Name it {name!r}, as the file."
        )
    return definition


def _open(connection: connections_file.Connection) -> Destination:
    return destination_class(connection.definition.protocol, own_folder(connection.project_dir))(connection)


def own_folder(project_dir: Path | None) -> Path | None:
    """The folder of the project's own destinations."""
    return project_dir / "destinations" if project_dir else None


def _files(folder: Path | None) -> dict[str, Path]:
    return {path.stem: path for path in folder.glob("*.yml")} if folder and folder.is_dir() else {}
