"""The properties of commands that filters and sorts can name."""

from __future__ import annotations

from signfleet.fleet.commands.schemas import Command
from signfleet.foundation.expressions.catalogue import Catalogue
from signfleet.foundation.expressions.columns import Columns
from signfleet.foundation.expressions.properties import properties_of
from signfleet.foundation.storage.tables import command

COMMANDS = Catalogue(
    # A message is text for people, and has no folded form to compare.
    [known for known in properties_of(Command) if known.path != "message"],
    Columns(
        command,
        {
            "id": command.c.id,
            "device": command.c.device_id,
            "device.id": command.c.device_id,
            "device.serial": command.c.serial_key,
            "name": command.c.name,
            "group": command.c.command_group,
            "state": command.c.state,
            "createdBy": command.c.author_key,
            "creationDate": command.c.creation_date,
            "releaseDate": command.c.release_date,
            "expiresAt": command.c.expiration_date,
            "sentDate": command.c.sent_date,
            "startDate": command.c.start_date,
            "endDate": command.c.end_date,
            "batch": command.c.batch_id,
        },
    ),
    entities=("Command",),
    aliases={"serial": "device.serial"},
    default_sort="[Command].[Id] DESC",
)
"""The catalogue of /admin/v1/commands/."""
