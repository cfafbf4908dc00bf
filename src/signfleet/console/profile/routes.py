"""`/console/profile`: names, language and time zone, password, mails and sessions of the person who reads."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from signfleet.console.changes.deleting import Loss, question
from signfleet.console.cookies import session_cookie
from signfleet.console.forms import FormData, beside
from signfleet.console.pages import SIGN_IN, Pages
from signfleet.console.preferences import LANGUAGE, ZONE
from signfleet.console.profile.labels import ENABLED, EVENTS
from signfleet.console.translations import LANGUAGES, later
from signfleet.console.view import View
from signfleet.foundation.errors import Forbidden, Invalid, Stale, phrase
from signfleet.foundation.wire import zones
from signfleet.foundation.wire.ids import id_of
from signfleet.identity.people.schemas import PersonChange
from signfleet.identity.people.service import People
from signfleet.identity.profiles.service import Profiles, of_person
from signfleet.identity.sessions.service import OwnSessions
from signfleet.identity.sign_in.proof import PasswordProof
from signfleet.identity.users.notifications import Notifications
from signfleet.identity.users.service import Users
from signfleet.web.contract.conditional import NONE
from signfleet.web.http.call import Answer

PATH: Final = "/console/profile/"
PAGE_SIZE: Final = 50
#: Nobody has more sessions but for a program that goes wrong.
SESSIONS_COUNTED: Final = 1000
NAMES: Final = {"firstName": later("First name"), "lastName": later("Last name")}
PASSWORD: Final = {"currentPassword": "current", "password": "new"}

pages = Pages("/console/profile")


class _Profile:
    """What the page shows, from the services that own it."""

    def __init__(
        self, view: View, people: People, users: Users, notifications: Notifications, sessions: OwnSessions
    ) -> None:
        self.view = view
        self._people = people
        self._users = users
        self._notifications = notifications
        self._sessions = sessions

    async def page(self, status: int = 200, **state: Any) -> Answer:
        """Answers with the page; `state` replaces values of a form that was refused."""
        view = self.view
        person = await self._people.row(view.call.person_id)
        marker = view.call.parameter("marker")
        sessions = await self._sessions.page(person.person_id, view.session.id, marker, PAGE_SIZE, view.now)
        mails: dict[str, bool] | None = None
        other = next((each.id for each in sessions.items if not each.is_own), None)
        if view.session.user_id is not None:
            user = await self._users.own(person.person_id, str(view.session.user_id))
            stored = msgspec.json.decode(await self._notifications.get(user))
            mails = {event: bool(stored[event + ENABLED]) for event in EVENTS}
        known: dict[str, Any] = {
            "person": person,
            "names": {"firstName": person.first_name or "", "lastName": person.last_name or ""},
            "version": str(person.person_last_modified_date),
            "chosen_zone": view.zone,
            "errors": {},
            "conflict": None,
            "labels": NAMES,
            "events": EVENTS,
            "mails": mails,
            "mail_settings": {event + ENABLED: is_chosen for event, is_chosen in (mails or {}).items()},
            "other": other,
            "sessions": sessions.items,
            "more": f"{PATH}?marker={sessions.next_marker}#sessions" if sessions.next_marker else None,
            "saved": view.call.parameter("saved"),
            "chosen_language": view.preferences.language,
        }
        return view.page("profile/profile.html", status, **(known | state))


@pages.get("/", needs_network=False)
async def show_profile(
    view: View, people: People, users: Users, notifications: Notifications, own_sessions: OwnSessions
) -> Answer:
    """Get the profile of the person."""
    return await _Profile(view, people, users, notifications, own_sessions).page()


@pages.post("/names", needs_network=False)
async def change_names(
    view: View, people: People, users: Users, notifications: Notifications, own_sessions: OwnSessions
) -> Answer:
    """Change the names of the person, unless another browser has changed them since the form was shown."""
    form = FormData(view.call)
    mine = {name: form.get(name).strip() for name in NAMES}
    change = PersonChange(first_name=mine["firstName"] or None, last_name=mine["lastName"] or None)
    profile = _Profile(view, people, users, notifications, own_sessions)
    try:
        await people.update(view.call.person_id, change, form.precondition, view.now, view.session.id)
    except Invalid as error:
        errors = beside(error, {name: name for name in NAMES})
        return await profile.page(400, names=mine, errors=errors, version=form.get("version"))
    except Stale:
        row = await people.row(view.call.person_id)
        theirs = {"firstName": row.first_name or "", "lastName": row.last_name or ""}
        differing = [(label, mine[name], theirs[name]) for name, label in NAMES.items() if mine[name] != theirs[name]]
        if differing:
            return await profile.page(412, names=mine, conflict=differing)
    return view.redirect(f"{PATH}?saved=names")


@pages.post("/preferences", needs_network=False)
async def change_preferences(
    view: View,
    *,
    people: People,
    users: Users,
    notifications: Notifications,
    own_sessions: OwnSessions,
    profiles: Profiles,
) -> Answer:
    """Choose language and time zone of the console."""
    form = FormData(view.call)
    language, zone = form.get("language"), form.get("zone").strip()
    known = zones.canonical(zone) if zone else ""
    if known is None or language not in ("", *LANGUAGES):
        zone = zone[:64]
        either = " or ".join(zones.nearest(zone))
        errors = {"zone": phrase(f"'zone': there is no time zone '{zone}'; did you mean {either}?")}
        return await _Profile(view, people, users, notifications, own_sessions).page(
            400, chosen_zone=zone, errors=errors
        )
    owner = of_person(view.call.person_id)
    for key, value in ((LANGUAGE, language), (ZONE, known)):
        await profiles.put(owner, key, value, NONE, view.now)
    return view.redirect(f"{PATH}?saved=preferences")


@pages.post("/password", needs_network=False)
async def change_password(
    view: View,
    *,
    people: People,
    users: Users,
    notifications: Notifications,
    own_sessions: OwnSessions,
    password_proof: PasswordProof,
) -> Answer:
    """Change the password; the sessions of all other programs and browsers end."""
    form = FormData(view.call)
    profile = _Profile(view, people, users, notifications, own_sessions)
    if form.get("new") != form.get("again"):
        return await profile.page(400, errors={"again": view.text("The two new passwords differ.")})
    try:
        await password_proof.require(view.session, form.get("current"), view.call.address, view.now)
        change = PersonChange(password=form.get("new"))
        await people.update(view.call.person_id, change, NONE, view.now, view.session.id)
    except (Invalid, Forbidden) as error:
        return await profile.page(400, errors={"new": error.message, **beside(error, PASSWORD)})
    return view.redirect(f"{PATH}?saved=password")


@pages.post("/mails")
async def change_mails(view: View, users: Users, notifications: Notifications) -> Answer:
    """Choose the events about which the person gets mail in this network."""
    chosen = set(FormData(view.call).all("event"))
    user = await users.own(view.call.person_id, str(view.session.user_id))
    await notifications.put(user, {event + ENABLED: event in chosen for event in EVENTS}, view.now)
    return view.redirect(f"{PATH}?saved=mails#mails")


@pages.post("/sessions/{session}/end", needs_network=False)
async def end_session(view: View, own_sessions: OwnSessions, session: str) -> Answer:
    """End one session with its tokens."""
    number = id_of(session) or 0
    page = await own_sessions.page(view.call.person_id, view.session.id, str(number + 1), 1, view.now)
    if page.items and page.items[0].id == number:
        found = page.items[0]
        name = " ".join(filter(None, (found.application or view.text("a browser"), found.address)))
        if (asked := question(view, Loss("session", name), f"{PATH}#sessions")) is not None:
            return asked
    await own_sessions.end(view.call.person_id, number, view.session.login, view.now)
    return view.redirect(f"{PATH}?saved=sessions#sessions")


@pages.post("/sign-out-everywhere", needs_network=False)
async def sign_out_everywhere(view: View, own_sessions: OwnSessions) -> Answer:
    """End every session of the person, this one too."""
    sessions = await own_sessions.page(view.call.person_id, view.session.id, None, SESSIONS_COUNTED, view.now)
    loss = Loss("sessions", view.session.login or "", len(sessions.items))
    if (asked := question(view, loss, f"{PATH}#sessions")) is not None:
        return asked
    await own_sessions.end_all(view.call.person_id, view.session.login, view.now)
    answer = view.redirect(SIGN_IN)
    answer.headers["Set-Cookie"] = session_cookie(view.call, "", 0)
    return answer
