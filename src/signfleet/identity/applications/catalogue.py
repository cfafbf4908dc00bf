"""The properties of applications that filters and sorts can name."""

from __future__ import annotations

from signfleet.foundation.expressions.catalogue import Catalogue
from signfleet.foundation.expressions.columns import Columns
from signfleet.foundation.expressions.properties import properties_of
from signfleet.foundation.storage.tables import application
from signfleet.identity.applications.schemas import Application

_COLUMNS = {
    "id": application.c.id,
    "name": application.c.name_key,
    "secretExpirationDate": application.c.secret_expiration_date,
    "creationDate": application.c.creation_date,
    "lastModifiedDate": application.c.last_modified_date,
}
APPLICATIONS = Catalogue(
    [found for found in properties_of(Application) if found.path in _COLUMNS],
    Columns(application, _COLUMNS, order={"name": application.c.name_order}, owner=application.c.person_id),
    entities=("Application",),
    default_sort="[Application].[Id] ASC",
)
"""The catalogue of /Self/Applications/: an application belongs to a person, not to a network."""
