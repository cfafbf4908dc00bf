"""The properties by which users are filtered and sorted."""

from __future__ import annotations

from signfleet.foundation.expressions.catalogue import Catalogue
from signfleet.foundation.expressions.columns import Columns
from signfleet.foundation.expressions.properties import properties_of
from signfleet.foundation.storage.tables import user
from signfleet.identity.users.schemas import User
from signfleet.identity.users.store import LOGIN, ROLE_NAME, ROLE_ORDER

_USER_COLUMNS = {
    "id": user.c.id,
    "person": user.c.person_id,
    "person.id": user.c.person_id,
    "person.login": LOGIN,
    "creationDate": user.c.creation_date,
    "lastModifiedDate": user.c.last_modified_date,
    "lastLoginDate": user.c.last_login_date,
    "isLockedOut": user.c.is_locked_out,
    "lastLockoutDate": user.c.last_lockout_date,
    "roleName": ROLE_NAME,
}
USERS = Catalogue(
    [found for found in properties_of(User) if found.path in _USER_COLUMNS],
    Columns(user, _USER_COLUMNS, order={"roleName": ROLE_ORDER}),
    entities=("User",),
    aliases={"login": "person.login"},
    default_sort="[User].[Id] ASC",
)
"""Of /Users/."""
