"""From the names in a sync to a destination: finds the channel's YAML and opens the connection."""

from __future__ import annotations

from pathlib import Path

from cdp_cli.channels import connections as connections_file
from cdp_cli.channels.base import Destination
from cdp_cli.channels.definition import Channel
from cdp_cli.channels.files import FilesDestination
from cdp_cli.channels.http_destination import HttpDestination
from cdp_cli.channels.reading import read_yaml, validated
from cdp_cli.config import Settings
from cdp_cli.errors import FixConfiguration

OURS = Path(__file__).parent


def connect(connection_name: str, object_name: str | None, settings: Settings) -> Destination:
    """Open one object of a connection; without an object it serves for `check` only. Nothing is sent yet.

    Raises FixConfiguration for an unknown connection, channel or object, a literal secret, an unset variable.
    """
    channel = load_channel(
        connections_file.channel_of(connection_name, settings.project_dir), settings.project_dir
    )
    connection = connections_file.resolve(connection_name, object_name, channel, settings.project_dir)
    return FilesDestination(connection) if channel.kind == "files" else HttpDestination(connection)


def connections(settings: Settings) -> list[str]:
    """The names in connections.yml, sorted."""
    return connections_file.names(settings.project_dir)


def find_channels(project_dir: Path | None = None) -> dict[str, Path]:
    """Every channel there is, by name: ours, and the project's own `channels/`, which wins."""
    folders = [OURS] + ([project_dir / "channels"] if project_dir else [])
    found = {
        path.stem: path for folder in folders if folder.is_dir() for path in sorted(folder.glob("*.yml"))
    }
    return dict(sorted(found.items()))


def load_channel(name: str, project_dir: Path | None = None) -> Channel:
    """The channel of that name. Raises FixConfiguration naming file and key path where its YAML is wrong."""
    found = find_channels(project_dir)
    if name not in found:
        raise FixConfiguration(
            f"There is no channel {name!r}.", f"Use one of {', '.join(found)}, or write channels/{name}.yml."
        )
    channel = validated(Channel, read_yaml(found[name]), found[name])
    if channel.channel != name:
        raise FixConfiguration(
            f"{found[name]}: channel is {channel.channel!r}.", f"Name it {name!r}, as the file."
        )
    return channel
