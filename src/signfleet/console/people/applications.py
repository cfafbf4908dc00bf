"""`/console/people/applications`: the programs that act for the person who reads."""

from __future__ import annotations

from typing import Final

from signfleet.console.changes.deleting import Loss, question
from signfleet.console.forms import FormData, beside
from signfleet.console.pages import Pages
from signfleet.console.people.tabs import page
from signfleet.console.view import View
from signfleet.foundation.errors import Invalid
from signfleet.foundation.wire.ids import id_of
from signfleet.foundation.wire.timespan import DAY
from signfleet.identity.access.permissions import Permissions
from signfleet.identity.applications.schemas import Credentials, SecretExpiry
from signfleet.identity.applications.service import Applications
from signfleet.web.caller.scopes import USER_SCOPE
from signfleet.web.http.call import Answer

PATH: Final = "/console/people/applications/"
FIELDS: Final = {"name": "name", "description": "description", "scopes": "scopes", "days": "days"}
LONGEST_DAYS: Final = 3650

pages = Pages("/console/people/applications")


@pages.get("/", needs_network=False)
async def list_applications(view: View, applications: Applications, permissions: Permissions) -> Answer:
    """List the applications that act for the person."""
    return await _page(view, applications, permissions)


@pages.post("/", needs_network=False)
async def create_application(view: View, applications: Applications, permissions: Permissions) -> Answer:
    """Register an application; only this page shows its secret."""
    form = FormData(view.call)
    given = {name: form.get(name).strip() for name in FIELDS}
    try:
        scope = given["scopes"] or USER_SCOPE
        view.session.check_can_grant(scope.split())
        made = await applications.create(
            given["name"],
            view.call.person_id,
            view.now,
            scope,
            given["description"] or None,
            secret_expiry=_expiry(given["days"], view.now),
        )
    except Invalid as error:
        return await _page(view, applications, permissions, given=given, errors=beside(error, FIELDS), status=400)
    return await _page(view, applications, permissions, made=made)


@pages.post("/{application}/secret", needs_network=False)
async def replace_secret(view: View, applications: Applications, permissions: Permissions, application: str) -> Answer:
    """Replace the secret of an application; only this page shows the new one."""
    number = id_of(application)
    row = await applications.own(view.call.person_id, number)
    view.session.check_can_grant(row.scope.split())  # the secret grants every scope of the application
    expiry = _expiry(FormData(view.call).get("days"), view.now)
    secret = await applications.rotate_secret(view.call.person_id, number, view.now, expiry)
    return await _page(view, applications, permissions, made=Credentials(row.id, row.client_id, secret))


@pages.post("/{application}/delete", needs_network=False)
async def delete_application(view: View, applications: Applications, application: str) -> Answer:
    """Delete an application, unless it has changed since the list was shown; its tokens end at once."""
    row = await applications.own(view.call.person_id, id_of(application))
    if (asked := question(view, Loss("application", row.name), PATH)) is not None:
        return asked
    precondition = FormData(view.call).precondition
    await applications.delete(view.call.person_id, id_of(application), precondition, view.now)
    return view.redirect(PATH)


def _expiry(days: str, now: int) -> SecretExpiry:
    """Returns when a secret expires. Raises `Invalid` for a number of days that is none."""
    if not days:
        return SecretExpiry(None)
    if not (days.isascii() and days.isdigit() and len(days) < 5 and 1 <= int(days) <= LONGEST_DAYS):
        raise Invalid(
            f"'days': a whole number from 1 to {LONGEST_DAYS}; leave it empty for a secret that never expires."
        )
    return SecretExpiry(now + int(days) * DAY)


async def _page(
    view: View,
    applications: Applications,
    permissions: Permissions,
    *,
    made: Credentials | None = None,
    given: dict[str, str] | None = None,
    errors: dict[str, str] | None = None,
    status: int = 200,
) -> Answer:
    return await page(
        view,
        permissions,
        "applications.html",
        status,
        applications=await applications.of_person(view.call.person_id),
        made=made,
        given=given or dict.fromkeys(FIELDS, ""),
        errors=errors or {},
        scopes=USER_SCOPE,
    )
