"""The properties of groups that filters and sorts can name."""

from __future__ import annotations

from signfleet.fleet.groups.schemas import Group
from signfleet.foundation.expressions.catalogue import Catalogue
from signfleet.foundation.expressions.columns import Columns
from signfleet.foundation.expressions.properties import properties_of
from signfleet.foundation.storage.tables import device_group

_GROUP_COLUMNS = {
    "id": device_group.c.id,
    "name": device_group.c.name_key,
    "creationDate": device_group.c.creation_date,
    "lastModifiedDate": device_group.c.last_modified_date,
}
GROUPS = Catalogue(
    [found for found in properties_of(Group) if found.path in _GROUP_COLUMNS],
    Columns(device_group, _GROUP_COLUMNS, order={"name": device_group.c.name_order}),
    entities=("Group", "RegularGroup"),
    default_sort="[Group].[Name] ASC",
)
"""The catalogue of /Groups/Regular/. It lacks `devicesCount`, which differs from caller to caller."""
