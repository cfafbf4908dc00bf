"""A network with one entity of each type, and a valid request for every endpoint."""

from __future__ import annotations

import asyncio
import itertools
import json
import re
import time
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from httpx import AsyncClient
from sqlalchemy.dialects.postgresql import insert  # its ON CONFLICT compiles for both stores

from signfleet.app.bootstrap import Tenant
from signfleet.app.wiring import Services, endpoints
from signfleet.fleet.alerts.causes import stored
from signfleet.fleet.alerts.defaults import DEFAULT_RULES
from signfleet.fleet.alerts.joining import columns_of
from signfleet.fleet.alerts.notices import FAILURE
from signfleet.fleet.alerts.schemas import AlertCause, Condition, JoinedRule, NewRule, NewWindow
from signfleet.fleet.alerts.store import DELETE_ALERT, INSERT_ALERT, LIVE
from signfleet.fleet.commands.delivery.files import FileUpload
from signfleet.fleet.commands.kinds import KINDS, RELAY
from signfleet.fleet.commands.queue import Order, enqueue
from signfleet.fleet.commands.relay import PlayerRequest, Relay
from signfleet.fleet.commands.schemas import CommandRules, NewBatch, Progress
from signfleet.fleet.commands.store import AnsweredCommand
from signfleet.fleet.joining.schemas import JoiningRules
from signfleet.fleet.players.schemas import PlayerRegistration
from signfleet.fleet.walls.schemas import NewWallLink
from signfleet.fleet.webhooks.schemas import NewWebhook
from signfleet.foundation.storage.interface import Transaction
from signfleet.foundation.storage.query import Query
from signfleet.foundation.storage.tables import blocked_serial, import_chunk, outbox, person
from signfleet.foundation.storage.tables import job as job_table
from signfleet.foundation.wire import datetime
from signfleet.foundation.wire.text import fold
from signfleet.foundation.wire.timespan import HOUR, MINUTE, SECOND
from signfleet.identity.access.operations.definitions import VIEW_GROUP, VIEW_SCREENSHOTS
from signfleet.identity.access.operations.roles import VIEWERS, SystemRole
from signfleet.identity.access.token_issue import IssuedTokens, Lifetimes, open_session
from signfleet.identity.access.tokens import hash_token, new_token
from signfleet.identity.jobs.kinds import NewJob
from signfleet.identity.jobs.queue import insert_job
from signfleet.identity.networks.levels import FREE, PAID
from signfleet.identity.people.links import ACTIVATE, INVITATION, RESET
from signfleet.identity.people.service import NewPerson, insert_person
from signfleet.identity.people.store import INSERT_LINK
from signfleet.identity.profiles.service import of_person, of_user
from signfleet.identity.sign_in.service import Client
from signfleet.identity.sign_in.trace import SignInEvent
from signfleet.identity.users.membership import insert_user
from signfleet.notify.outbox.channel import Message
from signfleet.simulator.fleet import fleet
from signfleet.simulator.screenshots import picture
from signfleet.web.caller.scopes import DEVICE_SCOPE, USER_SCOPE
from signfleet.web.contract.conditional import NONE
from signfleet.web.http.endpoint import FORM, Endpoint
from signfleet.web.http.event_streams import EventStream, message
from tests.fleet.devices.stored import register

if TYPE_CHECKING:
    from tests.conftest import SignIn

OFFERED = endpoints()

PREFIX = "/2022/06/REST"
OPENID = "/realms/bsncloud/protocol/openid-connect"
SEGMENT = re.compile(r"\{(\w+)(?::path)?\}")

ULLA = "ulla@example.com"
PASSWORD = "7t#Sqg7*"
BEACON = {"mode": "EddystoneUrl", "power": 1, "url": "http://x.example"}
TAG = "string::[Device].<Stored>"
#: The operation of the permissions that requests add and remove.
GIVEN = VIEW_SCREENSHOTS
KEY = "stored"
#: A serial without a device: it is blocked or claimed.
SERIAL = "Z0"
FILE = "stored.jpg"
#: No webhook may reach it: the tests' server has no setting for it.
WEBHOOK_URL = "http://127.0.0.1:9/hook"


def name(endpoint: Endpoint) -> str:
    """Returns the name of an endpoint in the tables of tests."""
    return f"{endpoint.method} {endpoint.path.removeprefix(PREFIX)}"


@cache
def a_picture() -> bytes:
    return picture(next(fleet(1)), 0, size=(160, 90))


def now() -> int:
    """Returns the current time in the unit of the store."""
    return time.time_ns() // 2_000_000 * 2


async def next_second() -> None:
    """Waits for the next second of the wall clock, so that later changes have a later date."""
    await asyncio.sleep(1 - time.time() % 1 + 0.01)


#: A route of Remote DWS for each door, and the bodies that it needs.
REMOTE_ROUTES = {
    "GET /rest/v1/{route:path}": "info",
    "PUT /rest/v1/{route:path}": "control/reboot",
    "POST /rest/v1/{route:path}": "snapshot",
    "DELETE /rest/v1/{route:path}": "diagnostics/packet-capture",
}
REMOTE_BODIES = {"PUT /rest/v1/sendWsMessage": {"route": "/v1/logs", "method": "GET"}}


class Owner(NamedTuple):
    """A person and their user in a network, for requests below /Self."""

    login: str
    person_id: int
    user_id: int
    network_id: int


class Joined(NamedTuple):
    """The credentials of a player that registered itself; `access_token`, issued for the secret, replaced the first."""

    device_id: int
    secret: str
    access_token: str
    first_access_token: str
    first_refresh_token: str


class Request(NamedTuple):
    """A request of a client; `sent` has body, parameters and headers as arguments of HTTPX."""

    method: str
    url: str
    sent: dict[str, Any]


async def _end_at_once(stream: EventStream, network_id: int, device_id: int) -> None:
    """Ends a stream of a player after one message: a client in this process gets an answer when that is complete."""
    stream.push(message(b"{}", kind="settings"))
    stream.end(f"Device {device_id} of network {network_id} wants no more.")


class World:
    """The network of the server under test: a device A1 with a beacon B, a group Gamma, a role Rho, a user Ulla.

    `ids` has their ids by the name of the entity.
    """

    def __init__(self, services: Services, network: Tenant, admin: AsyncClient, sign_in: SignIn) -> None:
        self.services, self.network, self.admin, self.sign_in = services, network, admin, sign_in
        self.ids: dict[str, int] = {}
        self.administrator = Owner(network.login, network.person_id, network.user_id, network.network_id)
        self._numbers = itertools.count(1)
        services.player_streams.pump = _end_at_once

    async def restore(self) -> None:
        """Creates the entities again that a test has deleted."""
        if (await self.admin.get("/Devices/A1/")).status_code == 404:
            (self.ids["Device"],) = await register(self.services.store, self.network.network_id, ["A1"])
        for entity, path, body in (
            ("Group", "/Groups/Regular/", {"name": "Gamma"}),
            ("Role", "/Roles/", {"name": "Rho"}),
        ):
            if (await self.admin.get(f"{path}{body['name']}/")).status_code == 404:
                self.ids[entity] = (await self.admin.post(path, json=body)).json()["id"]
        if (await self.admin.get(f"/Users/{ULLA}/")).status_code == 404:
            await self.sign_in(ULLA, role=VIEWERS)
            self.ids["User"] = (await self.admin.get(f"/Users/{ULLA}/")).json()["id"]
        if (await self.admin.get("/Devices/A1/Beacons/B/")).status_code == 404:
            assert (await self.admin.post("/Devices/A1/Beacons/", json={"name": "B", **BEACON})).status_code == 201

    async def owner(self, login: str) -> Owner:
        """Returns a person who is a user of one network, with that user."""
        known = await self.services.people.find(login)
        assert known is not None
        (user,) = await self.services.users.of_person(known.person_id)
        return Owner(login, known.person_id, user.id, user.network_id)

    async def player(self, *, scope: str = DEVICE_SCOPE, device_id: int = 0, network_id: int = 0) -> IssuedTokens:
        """Creates tokens of a player, A1 by default."""
        return await self.services.store.write(
            lambda tx: open_session(
                tx,
                scope=scope,
                lifetimes=Lifetimes(HOUR, HOUR),
                now=now(),
                device_id=device_id or self.ids["Device"],
                network_id=network_id or self.network.network_id,
            )
        )

    async def joined(self, *, network_id: int = 0) -> Joined:
        """Registers a player in a network, ours by default, and gets tokens for its secret."""
        setup_token = (await self.services.provisioning.issue(network_id or self.network.network_id, now())).token
        player = PlayerRegistration(serial=f"J{self._number()}", model="HD1024", firmware="9.0.100")
        registered, _ = await self.services.players.register(setup_token, player, now())
        secret = registered.device_secret or ""
        first = registered.access_token, registered.refresh_token or ""
        proved = await self.services.player_tokens.with_secret(player.serial, secret, now())
        return Joined(registered.device.id, secret, proved.access_token, *first)

    async def invitation(self, owner: Owner, *, network_id: int = 0, role: SystemRole = VIEWERS) -> int:
        """An invitation of the owner to a network: by default one of its own."""
        inviting = network_id or (await self.services.networks.create(f"Inviting {self._number()}", now())).id

        async def work(tx: Transaction) -> int:
            placeholder = await insert_person(tx, NewPerson(owner.login, None, None, None, activation_date=None), now())
            return await insert_user(
                tx, network_id=inviting, person_id=placeholder, role_id=role.id, description=None, now=now()
            )

        return await self.services.store.write(work)

    async def request(self, endpoint: Endpoint, owner: Owner | None = None, **refs: str) -> Request:
        """Returns a request that succeeds for a caller with the permission, and changes something if it writes.

        Below /Self it reads or changes what `owner` has, the administrator by default. `refs` replace valid
        values in the path.
        """
        owner = owner or self.administrator
        called = name(endpoint)
        await self._prepare(called, owner)
        values = await self._path_values(called, owner) | refs
        path = SEGMENT.sub(lambda found: quote(values[found[1]], safe="/@"), endpoint.path)
        sent: dict[str, Any] = {"params": await self._parameters(called), "headers": await self._headers(called)}
        if endpoint.consumes == FORM:
            sent["data"] = await self._form(called)
        elif endpoint.body is bytes:
            sent["content"] = await self._content(called)
        elif endpoint.body is not None:
            sent["json"] = self._body(called, owner)
        return Request(endpoint.method, str(self.admin.base_url.join(path)), sent)

    async def _content(self, called: str) -> str | bytes:
        """Returns a body that is sent as it is."""
        if "/import/" in called:
            return f"serial,description\n{SERIAL if '/provisioning-records/' in called else 'A1'},imported\n"
        if "/rest/v1/" in called:
            return json.dumps(REMOTE_BODIES.get(called, {}))
        return json.dumps(await self._assignment(called)) if "/rest-" in called else a_picture()

    def _answer_as_player(self) -> None:
        """Lets a player answer every request of Remote DWS."""
        relay, delivery = self.services.relay, self.services.delivery
        relay.seconds = RELAY.lifetime / SECOND  # the request of another endpoint waits for nobody
        said = Progress(state="succeeded", result={"status": 200, "data": {"success": True}})

        async def ask(network_id: int, device_id: int, request: PlayerRequest) -> AnsweredCommand | None:
            self.services.player_streams.expect(device_id)
            asked = asyncio.create_task(Relay.ask(relay, network_id, device_id, request))
            while not asked.done():
                for command in await delivery.waiting(network_id, device_id, now()):
                    await delivery.progress(network_id, device_id, command.id, said, now())
                await asyncio.sleep(0.01)
            return await asked

        relay.ask = ask

    async def _prepare(self, called: str, owner: Owner) -> None:
        """Creates what the request reads, changes or removes."""
        if "/rest/v1/" in called:
            self._answer_as_player()
        elif called == "POST /admin/v1/devices/{device}/relay/":
            self.services.relay.seconds = 0  # no player answers
            await self.services.commands.set_rules(self.network.network_id, CommandRules(danger_allowed=True), now())
        elif called == "PUT /admin/v1/command-rules/":
            await self.services.commands.set_rules(self.network.network_id, CommandRules(danger_allowed=False), now())
        elif called.startswith(
            ("POST /admin/v1/changes/", "POST /admin/v1/import/")
        ):  # those before are not run, and a network may have few
            ended = Query(job_table.update().values(lease_until=None, finished_date=now(), state="Finished"))
            await self.services.store.write(lambda tx: tx.execute(ended))
        elif called == "DELETE /admin/v1/blocked-serials/{serial}/":
            await self._block(SERIAL)
        elif called == "DELETE /admin/v1/serial-claims/{serial}/":
            await self.services.claims.claim(self.network.network_id, SERIAL, now())
        elif called == "PUT /Self/Networks/{network}/Subscription/":
            await self.services.networks.set_level(owner.network_id, PAID, now())
        elif called == "DELETE /Devices/{device}/Tags/":
            await self.admin.post("/Devices/A1/Tags/", json={TAG: "x"})
        elif called.startswith("DELETE") and called.endswith("/Permissions/"):
            path = called.removeprefix("DELETE ").format(device="A1", group="Gamma", role="Rho", user=ULLA)
            await self.admin.post(path, json=self._body(called, owner))
        elif "/Profile/{key}/" in called:
            user = "{user}" in called
            profile = of_user(owner.network_id, owner.user_id) if user else of_person(owner.person_id)
            await self.services.profiles.put(profile, KEY, "before", NONE, now())

    async def _path_values(self, called: str, owner: Owner) -> dict[str, str]:
        """Returns the values in the path."""
        values = {
            "route": REMOTE_ROUTES.get(called, ""),
            "device": "A1",
            "guide": "settings",
            "name": "B",
            "group": "Gamma",
            "role": "Rho",
            "user": str(owner.user_id if "/Self/" in called else self.ids["User"]),
            "network": str(owner.network_id),
            "model": "HD1024",
            "connector": "HDMI",
            "entity": "Device",
            "location_path": "Nowhere",
            "key": KEY,
            "login": ULLA,
            "timestamp": datetime.format(now() - self._number() * MINUTE),
        }
        if "{serial}" in called:
            values["serial"] = SERIAL
        if "{alert}" in called:
            values["alert"] = str(await self.alert())
        if "{rule}" in called:
            values["rule"] = str(await self.rule())
        if "{window}" in called:
            window = NewWindow(name="Stored", begin=datetime.format(now()), end=datetime.format(now() + HOUR))
            made = await self.services.alert_rules.create_window(self.network.network_id, window, now())
            values["window"] = str(made.id)
        if "{webhook}" in called:
            values["webhook"] = str(await self.webhook())
        if "{wall_link}" in called:
            values["wall_link"] = str(await self.wall_link())
        if "{message}" in called:
            values["message"] = str(await self._failed_delivery())
        if "{setup_token}" in called:
            values["setup_token"] = hash_token(await self._setup_token()).hex()
        if "{token}" in called:
            values["token"] = await self._token(called, owner)
        if "{command}" in called:
            values["command"] = str(await self.command())
            values["file_name"] = "log.txt"
            upload = FileUpload(int(values["command"]), "log.txt", "text/plain", b"x")
            if called.startswith("GET"):
                device_id = self.ids["Device"]
                await self.services.command_files.receive(self.network.network_id, device_id, upload, now())
        if "{batch}" in called:
            values["batch"] = str(await self._batch())
        if "{invitation}" in called:
            values["invitation"] = str(await self.invitation(owner))
        if "{join_key}" in called:
            values["join_key"] = await self._join_key()
        if "{setup}" in called:
            values["setup"] = await self._setup()
        if "{ids}" in called:
            values["ids"] = await self._record()
        if "{session}" in called:
            token = await self.sign_in(owner.login, network_id=owner.network_id)
            values["session"] = str((await self.services.sessions.authenticate(token, now())).id)
        if "{job}" in called:
            values["job"] = str(await self._job(called, owner))
        if "{application}" in called:
            values["application"] = str(await self._application(owner))
        if "{file:path}" in called:
            await self.services.blobs.put(FILE, b"x")
            *_, values["expires"], values["signature"], values["file"] = self.services.links.path(FILE, now()).split(
                "/"
            )
        return values

    async def _parameters(self, called: str) -> dict[str, str]:
        """Returns the query parameters."""
        if called.endswith(" /account/unsubscribe"):
            link = self.services.unsubscribing.link(self.network.network_id, self.network.user_id, "recovered")
            if called.startswith("POST"):
                link = await self._subscribed()
            return {"token": link.partition("token=")[2]}
        if "/rest/v1/" in called:
            return {"destinationType": "player", "destinationName": "A1"}
        if called.startswith("GET /account/"):
            return {"token": await self._link(called.removeprefix("GET /account/"))}
        return {
            "DELETE /Devices/": {"filter": "[Serial] IS 'A1'"},
            "DELETE /Groups/Regular/": {"filter": "[Name] IS 'Gamma'"},
            "DELETE /Self/Applications/": {
                "filter": f"[Id] IS {await self._doomed() if called == 'DELETE /Self/Applications/' else 0}"
            },
            "GET /Tags/Values/": {"pattern": "<*>:*"},
            "DELETE /rest-setup/v3/setup": {"_id": await self._setup() if "DELETE /rest-setup" in called else ""},
            "DELETE /rest-device/v2/device": {"_id": await self._record() if "DELETE /rest-device" in called else ""},
            "GET /admin/v1/permissions/explain/": {
                "user": str(self.ids["User"]),
                "operation": "Device.ViewDevice",
            },
        }.get(called, {})

    async def _setup_document(self) -> dict[str, Any]:
        name = (await self.services.networks.row(self.network.network_id)).name  # may have been renamed
        return {"bDeploy": {"networkName": name, "packageName": f"P{self._number()}"}}

    async def _setup(self) -> str:
        """Creates a setup; returns its id."""
        return await self.services.setups.create(self.network.network_id, await self._setup_document(), now())

    async def _record(self) -> str:
        """Creates the record of a new serial; returns its id."""
        serial = f"R{self._number()}"
        return await self.services.provisioning_records.create(self.network.network_id, {"serial": serial}, now())

    async def _join_key(self) -> str:
        """Returns the join key of the network, which has a record of the serial that the body names."""
        joining, network_id, serial = self.services.joining, self.network.network_id, f"L{self._number()}"
        await joining.set_rules(network_id, JoiningRules(protocol_1_until=None, joins_by_record=True), now())
        await self.services.provisioning_records.create(network_id, {"serial": serial}, now())
        return str((await joining.rules(network_id)).join_address).rpartition("/")[2]

    async def _assignment(self, called: str) -> dict[str, Any]:
        """Returns the body that creates or replaces a setup or a record."""
        if "/rest-setup" in called:
            return await self._setup_document() | ({"_id": await self._setup()} if called.startswith("PUT") else {})
        body = {"serial": f"R{self._number()}"}
        return body | ({"_id": await self._record()} if called.startswith("PUT") else {})

    async def _headers(self, called: str) -> dict[str, str]:
        if called == "POST /player/v1/register":
            return {"Authorization": f"Bearer {await self._setup_token()}"}
        return {"Content-Type": "image/jpeg"} if called.startswith("PUT /player/v1/") else {}

    async def _form(self, called: str) -> dict[str, str]:
        client = {"client_id": self.network.client_id, "client_secret": self.network.client_secret}
        match called.removeprefix(f"POST {OPENID}"):
            case "/token":
                return {"grant_type": "client_credentials", **client}
            case "/token/introspect" | "/revoke":
                return {"token": await self._application_token(), **client}
            case "POST /Token":
                login = {"username": self.network.login, "password": self.network.password}
                return {"grant_type": "password", "client_id": "Some program", **login}
            case "POST /player/v1/token":
                return {"grant_type": "refresh_token", "refresh_token": (await self.player()).refresh_token or ""}
            case "POST /account/unsubscribe":
                return {"List-Unsubscribe": "One-Click"}
            case "POST /account/activate":
                return {"token": await self._link(ACTIVATE), "password": PASSWORD}
            case "POST /account/invitation":
                return {"token": await self._link(INVITATION), "password": PASSWORD, "decision": "accept"}
            case "POST /account/reset":
                return {"token": await self._link(RESET), "password": PASSWORD, "repeated": PASSWORD}
        raise KeyError(called)

    def _body(self, called: str, owner: Owner) -> Any:
        number = self._number()
        lifetime = f"00:{20 + number // 60 % 40}:{number % 60:02}"
        if called.endswith("/Permissions/"):
            return [self._permission(called)]
        return {
            "PUT /Devices/{device}/": {"settings": {"name": f"D{number}"}},
            "PATCH /Devices/{device}/": [{"op": "replace", "path": "/settings/name", "value": f"D{number}"}],
            "POST /Devices/{device}/Beacons/": {"name": f"B{number}", **BEACON},
            "PUT /Devices/{device}/Notes/": {"note": f"N{number}"},
            "POST /Devices/{device}/Tags/": {f"string::[Device].<T{number}>": "x"},
            "DELETE /Devices/{device}/Tags/": [TAG],
            "POST /Roles/": {"name": f"R{number}"},
            "PUT /Roles/{role}/": {"description": f"D{number}"},
            "POST /Groups/Regular/": {"name": f"G{number}"},
            "PUT /Groups/Regular/{group}/": {"description": f"D{number}"},
            "POST /Users/": {"person": {"login": f"u{number}@example.com", "password": PASSWORD}},
            "PUT /Users/{user}/": {"description": f"D{number}"},
            "POST /Self/": {"login": f"p{number}@example.com", "password": PASSWORD},
            "PUT /Self/": {"firstName": f"F{number}"},
            "POST /Self/Applications/": {"name": f"A{number}"},
            "PUT /Self/Applications/{application}/": {"name": f"A{number}"},
            "POST /Self/Applications/{application}/Secret/": {
                "secretExpirationDate": datetime.format(now() + number * MINUTE)
            },
            "POST /Self/Networks/": {"name": f"N{number}"},
            "PATCH /Self/Networks/{network}/": [
                {"op": "replace", "path": "/settings/userAccessTokenLifetime", "value": lifetime}
            ],
            "PUT /Self/Networks/{network}/Settings/": {"userAccessTokenLifetime": lifetime},
            "PUT /Self/Networks/{network}/Subscription/": {"level": FREE},
            "POST /Self/Profile/": {"key": f"k{number}", "value": "x"},
            "PUT /Self/Profile/{key}/": f"v{number}",
            "PUT /Self/Session/Network/": {"id": owner.network_id},
            "PUT /Self/Session/AuthorizationScope/": USER_SCOPE.split(),
            "PUT /Self/Users/{user}/Notifications/": {"deviceFailureNotificationTemplate": f"T{number}"},
            "POST /Self/Users/{user}/Profile/": {"key": f"k{number}", "value": "x"},
            "PUT /Self/Users/{user}/Profile/{key}/": f"v{number}",
            "POST /admin/v1/changes/": {"filter": "[Id] IS 0", "delete": True},
            "POST /admin/v1/changes/dry-run/": {"filter": "[Id] IS 0", "delete": True},
            "POST /admin/v1/setup-tokens/": {"maxUses": number, "days": 7},
            "POST /admin/v1/serial-claims/": {"serial": f"C{number}"},
            "POST /admin/v1/alerts/rules/": {"name": f"L{number}", "condition": {"kind": "silent", "minutes": 5}},
            "PUT /admin/v1/alerts/rules/{rule}/": {
                "name": f"L{number}",
                "condition": {"kind": "silent", "minutes": 5},
            },
            "POST /admin/v1/alerts/windows/": {
                "name": f"M{number}",
                "begin": datetime.format(now()),
                "end": datetime.format(now() + number * MINUTE),
            },
            "POST /admin/v1/alerts/{alert}/acknowledge/": {"note": f"N{number}"},
            "POST /admin/v1/alerts/{alert}/mute/": {"until": datetime.format(now() + number * MINUTE)},
            "POST /admin/v1/alerts/{alert}/resolve/": {"note": f"N{number}"},
            "POST /admin/v1/wall-links/": {"name": f"V{number}", "expirationDate": datetime.format(now() + HOUR)},
            "PUT /admin/v1/wall-links/{wall_link}/": {
                "name": f"V{number}",
                "expirationDate": datetime.format(now() + number * MINUTE),
            },
            "POST /admin/v1/webhooks/": {"name": f"W{number}", "url": WEBHOOK_URL},
            "PUT /admin/v1/webhooks/{webhook}/": {"name": f"W{number}", "url": WEBHOOK_URL},
            "POST /admin/v1/webhooks/{webhook}/keys/": {"overlapHours": 1},
            "PUT /admin/v1/health-rules/": {"errorMemory": lifetime},
            "PUT /admin/v1/network/": {"name": f"N{number}"},
            "PUT /admin/v1/joining/": {"protocol1Until": datetime.format(now() + number * MINUTE)},
            "POST /player/v1/join/{join_key}": {"serial": f"L{number - 1}"},
            "POST /player/v1/register": {"serial": f"P{number}", "model": "HD1024", "firmware": "9.0.100"},
            "POST /player/v1/report": {"sequence": number},
            "POST /player/v1/commands/{command}": {"state": "succeeded"},
            "POST /admin/v1/commands/": {"device": "A1", "name": "reload"},
            "POST /admin/v1/command-batches/": {"filter": "[Model] IS 'HD1024'", "name": "identify"},
            "POST /admin/v1/command-batches/preview/": {"filter": "[Model] IS 'HD1024'", "name": "settings"},
            "PUT /admin/v1/command-rules/": {"dangerAllowed": True},
            "POST /admin/v1/devices/{device}/relay/": {"method": "GET", "route": "/v1/health"},
        }[called]

    def _permission(self, called: str) -> dict[str, Any]:
        """Returns a permission on the entity in the path, or for the user or role in it."""
        operation = VIEW_GROUP if "{group}" in called else GIVEN
        kind = "User" if "{user}" in called else "Role"
        return {
            "operationUID": operation.uid,
            "principal": {"type": kind, "id": self.ids[kind]},
            "isAllowed": True,
        }

    async def command(self, name: str = "reboot") -> int:
        """Returns an unfinished command to A1; creates one if there is none."""
        kind = KINDS[name]
        order = Order(kind, kind.read(None), now() + kind.lifetime, release_date=now())
        id_ = self.ids["Device"]

        async def work(tx: Transaction) -> int:
            done = await enqueue(tx, self.network.network_id, [id_], order, now())
            return (done.new or done.pending)[id_]

        return await self.services.store.write(work)

    async def _batch(self) -> int:
        """Returns a batch that has not ended; creates one if there is none."""
        session = await self.services.sessions.authenticate(await self.sign_in(), now())
        for known in (await self.services.batches.list_(session, None, 10)).items:
            if known.state == "running":
                return known.id
        new = NewBatch(filter="[Model] IS 'HD1024'", name="identify", at_once=1)
        batch, _ = await self.services.batches.send(session, new, None, now())
        return batch.id

    async def _token(self, called: str, owner: Owner) -> str:
        """Returns a token to read or revoke."""
        if "/Setups/" in called:
            return await self._setup_token()
        if "/Devices/" in called:
            return (await self.player()).access_token
        return await self.sign_in(ULLA if " /Users/" in called else owner.login, network_id=owner.network_id)

    async def _job(self, called: str, owner: Owner) -> int:
        """Inserts a job of the owner that nobody works on; for changes, one that has ended and failed at a device."""
        session = await self.services.sessions.authenticate(await self.sign_in(owner.login), now())
        job = NewJob("delete devices", "[Id] IS 0", {}, session)
        if "/changes/" in called:
            given = {"action": "settings", "value": [{"op": "replace", "path": "/settings/description", "value": ""}]}
            job = NewJob("change", "[Id] IS 0", given, session)
        if "/import/" in called:
            kind = "import provisioning records" if "/provisioning-records/" in called else "import"
            job = NewJob(kind, "1 lines", {"upload": "u", "columns": ["serial", "description"]}, session)
        id_ = await self.services.store.write(lambda tx: insert_job(tx, owner.network_id, job, now()))
        if "/import/" in called:
            row = {"upload": "u", "last_line": 2, "creation_date": now(), "rows": '[[2,["A1","x"]]]'}
            insert_row = Query(insert(import_chunk).on_conflict_do_nothing())
            await self.services.store.write(lambda tx: tx.execute(insert_row, network_id=owner.network_id, **row))
        if "/changes/" in called or "/import/" in called:
            ended = job_table.update().where(job_table.c.id == id_)
            ended = ended.values(lease_until=None, finished_date=now(), state="Finished", failed=1)
            await self.services.store.write(lambda tx: tx.execute(Query(ended)))
        return id_

    async def _block(self, serial: str) -> None:
        """Blocks a serial as if its device had been deleted."""
        key = {"network_id": self.network.network_id, "serial_key": fold(serial)}
        block = Query(insert(blocked_serial).on_conflict_do_nothing())
        await self.services.store.write(lambda tx: tx.execute(block, **key, serial=serial, date=now(), device_id=None))

    async def alert(self) -> int:
        """Creates an open alert about the device A1, in place of the last one, and returns its id."""
        key = {"in_network": self.network.network_id, "ids": [self.ids["Device"]]}

        async def work(tx: Transaction) -> int:
            live = await tx.one(LIVE, **key)
            if live is not None:
                await tx.execute(DELETE_ALERT, in_network=self.network.network_id, this_id=live.id)
            id_ = await tx.next_id("alert")
            row = dict.fromkeys(("due_date", "actor", "note", "resolve_date", "reason"))
            row |= {"network_id": self.network.network_id, "id": id_, **columns_of([JoinedRule(1, "Stored")])}
            row |= {"cause": "contact", "cause_data": stored(AlertCause(kind="contact", code="silent"))}
            row |= {"device_id": self.ids["Device"], "serial": "A1", "serial_key": "a1", "state": "open", "count": 1}
            await tx.execute(INSERT_ALERT, **row, **dict.fromkeys(("since_date", "open_date", "last_date"), now()))
            return id_

        return await self.services.store.write(work)

    async def rule(self) -> int:
        """Returns the oldest rule that a new network does not have by itself; creates it if there is none."""
        rules = await self.services.alert_rules.list_(self.network.network_id)
        own = [rule.id for rule in rules if rule.name not in DEFAULT_RULES]
        if own:
            return min(own)
        new = NewRule(name="Stored", condition=Condition(kind="silent", minutes=5))
        return (await self.services.alert_rules.create(self.network.network_id, new, now())).id

    async def _subscribed(self) -> str:
        """Lets Ulla get mails about faults, and returns the link that ends them."""
        ulla = await self.services.users.row(self.ids["User"])
        await self.services.notifications.put(ulla, {"deviceFailureNotificationEnabled": True}, now())
        return self.services.unsubscribing.link(self.network.network_id, ulla.id, FAILURE)

    async def webhook(self) -> int:
        """Returns the oldest webhook of the network; creates it if there is none. Nothing listens at its port."""
        webhooks = await self.services.webhooks.list_(self.network.network_id)
        if webhooks:
            return min(webhook.id for webhook in webhooks)
        new = NewWebhook(name="Stored", url=WEBHOOK_URL)
        return (await self.services.webhooks.create(self.network.network_id, new, now())).id

    async def wall_link(self) -> int:
        """Returns the oldest link to a wall of the network; creates it if there is none."""
        stored = await self.services.wall_links.list_(self.network.network_id)
        if stored:
            return min(link.id for link in stored)
        author = await self.services.users.row(self.network.user_id)
        new = NewWallLink(name="Stored", expiration_date=datetime.format(now() + HOUR))
        session = await self.services.users.session_of(author)
        return (await self.services.wall_links.create(session, new, now())).link.id

    async def _failed_delivery(self) -> int:
        """Puts a delivery to the webhook into the outbox, as if it had been given up, and returns its id."""
        webhook = await self.webhook()
        message = Message("webhook", "Stored", "test", "{}", self.network.network_id, webhook)

        async def work(tx: Transaction) -> int:
            id_ = await self.services.outbox.put(tx, message, now())
            failed = outbox.update().where(outbox.c.id == id_).values(state="failed", next_attempt_date=None)
            await tx.execute(Query(failed))
            return id_

        return await self.services.store.write(work)

    async def _setup_token(self) -> str:
        return (await self.services.provisioning.issue(self.network.network_id, now())).token

    async def _application_token(self) -> str:
        client = Client(self.network.client_id, self.network.client_secret)
        event = SignInEvent("client_credentials", "127.0.0.1")
        return (await self.services.sign_in.with_client_credentials(client, None, event, now())).issued.access_token

    async def _doomed(self) -> int:
        """Creates an application of the tests' person; returns its id."""
        return (await self.services.applications.create("Doomed", self.network.person_id, now())).id

    async def _application(self, owner: Owner) -> int:
        """Returns the newest application of the owner; creates one beside that of the tests if there is none."""
        rows = await self.services.applications.of_person(owner.person_id)
        own = [row.id for row in rows if row.client_id != self.network.client_id]
        return int(own[-1] if own else (await self.services.applications.create("Script", owner.person_id, now())).id)

    async def _link(self, purpose: str) -> str:
        """Returns the token of a link in a mail to Ulla, whose activation it undoes if the link is to activate."""
        token, ulla = new_token(), await self.services.users.row(self.ids["User"])

        async def work(tx: Transaction) -> None:
            if purpose != RESET:
                unproved = {"activation_date": None, "proof_date": None}
                await tx.execute(Query(person.update().where(person.c.id == ulla.person_id).values(unproved)))
            await tx.execute(
                INSERT_LINK,
                hash=hash_token(token),
                purpose=purpose,
                person_id=ulla.person_id,
                valid_to=now() + HOUR,
                return_url=None,
            )

        await self.services.store.write(work)
        return token

    def _number(self) -> int:
        """Returns a higher number each time."""
        return next(self._numbers)
