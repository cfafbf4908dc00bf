"""Builds everything from settings: the only place that knows all parts."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_type_hints

from signfleet.app.housekeeping import Housekeeping
from signfleet.fleet.devices.beacons.service import Beacons
from signfleet.fleet.devices.deletion import DeviceDeletion
from signfleet.fleet.devices.history.service import DeviceHistory
from signfleet.fleet.devices.notes.service import Notes
from signfleet.fleet.devices.permissions.documents import DevicePermissionDocuments
from signfleet.fleet.devices.permissions.service import DevicePermissions
from signfleet.fleet.devices.regions.service import Regions
from signfleet.fleet.devices.retention.service import Retention
from signfleet.fleet.devices.routes import all_endpoints as device_endpoints
from signfleet.fleet.devices.screenshots.service import ScreenshotLists
from signfleet.fleet.devices.service import Devices
from signfleet.fleet.devices.settings import DeviceSettings
from signfleet.fleet.devices.tags.service import Tags
from signfleet.fleet.groups.creation import insert_default_group
from signfleet.fleet.groups.routes import endpoints as group_endpoints
from signfleet.fleet.groups.service import Groups
from signfleet.fleet.health.sweep import Watch
from signfleet.fleet.joining.claims import Claims
from signfleet.fleet.joining.routes import endpoints as joining_endpoints
from signfleet.fleet.joining.service import Joining
from signfleet.fleet.joining.setup_tokens import SetupTokenLists
from signfleet.fleet.permission_explanation.routes import endpoints as explanation_endpoints
from signfleet.fleet.permission_explanation.service import Explanations
from signfleet.fleet.players import routes as player_routes
from signfleet.fleet.players.events import StoredEvents
from signfleet.fleet.players.rate_limit import player_rate_limit
from signfleet.fleet.players.registration import Players
from signfleet.fleet.players.reporting import Reports
from signfleet.fleet.players.screenshots import Screenshots
from signfleet.fleet.players.tokens import PlayerTokens
from signfleet.fleet.provisioning.routes import endpoints as provisioning_endpoints
from signfleet.fleet.provisioning.service import Provisioning
from signfleet.fleet.subscriptions import routes as subscription_routes
from signfleet.fleet.subscriptions.service import Subscriptions
from signfleet.fleet.tags.routes import endpoints as tag_endpoints
from signfleet.fleet.tags.service import TagIndex
from signfleet.foundation.background import Background, Job, by_the_clock
from signfleet.foundation.blobs.files import Blobs, open_blobs
from signfleet.foundation.blobs.links import Links
from signfleet.foundation.blobs.pictures import Pictures
from signfleet.foundation.blobs.store import link_key
from signfleet.foundation.private_files import BLOB_NAMES, DATA_NAMES, tighten
from signfleet.foundation.settings import Settings
from signfleet.foundation.storage.interface import StorageError, Store
from signfleet.foundation.storage.open import open_store
from signfleet.identity.access.attempts import Attempts
from signfleet.identity.access.gate import AccessGate
from signfleet.identity.access.passwords import Passwords
from signfleet.identity.access.permissions import Permissions
from signfleet.identity.access.sessions import Sessions
from signfleet.identity.account.routes import endpoints as account_endpoints
from signfleet.identity.applications.service import Applications
from signfleet.identity.audit.routes import endpoints as audit_endpoints
from signfleet.identity.audit.service import AuditTrail
from signfleet.identity.invitations.routes import endpoints as invitation_endpoints
from signfleet.identity.invitations.service import Invitations
from signfleet.identity.networks.administration import NetworkAdministration
from signfleet.identity.networks.service import Networks
from signfleet.identity.operation_trees.routes import endpoints as operation_endpoints
from signfleet.identity.operation_trees.service import Operations
from signfleet.identity.people.links import OneTimeLinks
from signfleet.identity.people.registration import Registrations
from signfleet.identity.people.service import People
from signfleet.identity.profiles.service import Profiles
from signfleet.identity.roles.routes import endpoints as role_endpoints
from signfleet.identity.roles.service import Roles
from signfleet.identity.self_.routes import all_endpoints as self_endpoints
from signfleet.identity.self_.session.service import SessionChanges
from signfleet.identity.sessions.routes import endpoints as session_endpoints
from signfleet.identity.sessions.service import OwnSessions
from signfleet.identity.sign_in.proof import PasswordProof
from signfleet.identity.sign_in.routes import all_endpoints as sign_in_endpoints
from signfleet.identity.sign_in.service import SignIn
from signfleet.identity.sign_in.trace import SignInTrace
from signfleet.identity.tokens.service import Tokens
from signfleet.identity.users.administration import UserAdministration
from signfleet.identity.users.membership import insert_administrator
from signfleet.identity.users.notifications import Notifications
from signfleet.identity.users.routes import endpoints as user_endpoints
from signfleet.identity.users.service import Users
from signfleet.notify.mail.delivery import Delivery
from signfleet.notify.mail.outbox import Outbox
from signfleet.web.documentation.routes import documentation
from signfleet.web.files.routes import endpoints as file_endpoints
from signfleet.web.http.asgi_app import AsgiApp
from signfleet.web.http.endpoint import Endpoint
from signfleet.web.monitoring.readiness import Readiness
from signfleet.web.monitoring.routes import endpoints as monitoring_endpoints
from signfleet.web.monitoring.service import Monitoring


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What handlers work with: one service per domain."""

    settings: Settings
    store: Store
    sessions: Sessions
    session_changes: SessionChanges
    permissions: Permissions
    operations: Operations
    explanations: Explanations
    subscriptions: Subscriptions
    audit: AuditTrail
    retention: Retention
    roles: Roles
    groups: Groups
    tag_index: TagIndex
    user_administration: UserAdministration
    devices: Devices
    device_settings: DeviceSettings
    device_deletion: DeviceDeletion
    beacons: Beacons
    tags: Tags
    device_history: DeviceHistory
    screenshot_lists: ScreenshotLists
    regions: Regions
    notes: Notes
    device_permissions: DevicePermissions
    passwords: Passwords
    sign_in: SignIn
    sign_in_trace: SignInTrace
    password_proof: PasswordProof
    own_sessions: OwnSessions
    applications: Applications
    people: People
    networks: Networks
    users: Users
    provisioning: Provisioning
    setup_token_lists: SetupTokenLists
    joining: Joining
    claims: Claims
    players: Players
    player_tokens: PlayerTokens
    reports: Reports
    network_administration: NetworkAdministration
    notifications: Notifications
    profiles: Profiles
    tokens: Tokens
    registrations: Registrations
    one_time_links: OneTimeLinks
    invitations: Invitations
    outbox: Outbox
    background: Background
    pictures: Pictures
    screenshots: Screenshots
    blobs: Blobs
    links: Links
    monitoring: Monitoring
    readiness: Readiness

    async def close(self) -> None:
        await self.background.stop()
        with suppress(StorageError):
            await self.sign_in_trace.write()
        self.pictures.close()
        self.passwords.close()
        await self.store.close()


async def build(settings: Settings, *, upgrade: bool = True) -> Services:
    """Opens the store and builds the services over it. Close them with `Services.close`.

    A store with an older schema is upgraded first, or refused if the caller may not `upgrade`; such a caller changes
    no rights of files either. Raises `CannotOpen`.
    """
    if upgrade:
        _tighten_files(settings)
    blobs = open_blobs(settings.blobs_place)
    store = await open_store(
        settings.database_url,
        connections=settings.database_connections,
        upgrade=upgrade,
        scan_limit=settings.search_time_limit,
        pooler=settings.database_pooler,
    )
    passwords, attempts = Passwords(), Attempts()
    sign_in_trace = SignInTrace(store)
    pictures = Pictures()
    permissions = Permissions(store)
    documents = DevicePermissionDocuments()
    subscriptions = Subscriptions(store, permissions, settings.subscriptions)
    networks = Networks(store, settings, insert_default_group, insert_administrator)
    people = People(store, passwords)
    outbox = Outbox(store, Delivery(settings))
    devices = Devices(store, permissions)
    device_settings = DeviceSettings(store, devices, permissions)
    users = Users(store, permissions, documents)
    one_time_links = OneTimeLinks(store, outbox, settings)
    registrations = Registrations(store, people, passwords, one_time_links, attempts=attempts, settings=settings)
    audit = AuditTrail(store, permissions, settings.audit_retention_days)
    retention = Retention(store, blobs, settings)
    device_deletion = DeviceDeletion(store, devices, permissions, subscriptions, retention)
    provisioning = Provisioning(store, networks, settings.setup_tokens_per_network)
    joining_limit = player_rate_limit()
    return Services(
        settings=settings,
        store=store,
        sessions=Sessions(store),
        session_changes=SessionChanges(store),
        permissions=permissions,
        devices=devices,
        device_settings=device_settings,
        device_deletion=device_deletion,
        beacons=Beacons(devices, device_settings),
        tags=Tags(store, devices),
        device_history=DeviceHistory(store, devices),
        screenshot_lists=ScreenshotLists(store, devices, permissions),
        regions=Regions(store, devices),
        notes=Notes(store, devices),
        device_permissions=DevicePermissions(store, devices),
        operations=Operations(store, permissions),
        explanations=Explanations(store, permissions),
        subscriptions=subscriptions,
        roles=Roles(store, permissions, documents, most=settings.roles_per_network),
        groups=Groups(store, permissions, settings.groups_per_network),
        tag_index=TagIndex(store, permissions),
        user_administration=UserAdministration(
            store, users, people, permissions, links=one_time_links, documents=documents
        ),
        audit=audit,
        retention=retention,
        passwords=passwords,
        sign_in_trace=sign_in_trace,
        password_proof=PasswordProof(store, passwords, attempts),
        own_sessions=OwnSessions(store),
        sign_in=SignIn(store, passwords, attempts, settings),
        applications=Applications(store, settings.applications_per_person),
        people=people,
        networks=networks,
        users=users,
        provisioning=provisioning,
        network_administration=NetworkAdministration(store, permissions, settings),
        notifications=Notifications(store),
        profiles=Profiles(store),
        tokens=Tokens(store),
        registrations=registrations,
        one_time_links=one_time_links,
        invitations=Invitations(store, passwords, one_time_links, documents),
        outbox=outbox,
        background=Background(
            Job("mail", outbox.send_due, 30, wake=outbox.wake),
            Job("password resets", registrations.mail_resets, 30, wake=registrations.wake),
            Job("sign-ins", sign_in_trace.write, 60, wake=sign_in_trace.wake),
            Job("housekeeping", Housekeeping(store).tidy, 600),
            Job("health", by_the_clock(Watch(store).judge_due), 10),
            Job("subscriptions", by_the_clock(subscriptions.sweep), 60),
            Job("subscriptions of all", by_the_clock(subscriptions.add_missing), 3600),
            Job("audit", by_the_clock(audit.sweep), 3600),
            Job("retention", by_the_clock(retention.sweep), 600, wake=retention.wake),
            Job("files", by_the_clock(retention.delete_files), 60),
        ),
        pictures=pictures,
        screenshots=Screenshots(store, blobs, pictures, settings.screenshot_megabytes_per_network * 1_000_000),
        blobs=blobs,
        links=Links(await link_key(store)),
        setup_token_lists=SetupTokenLists(store, provisioning),
        joining=Joining(store, devices, permissions),
        claims=Claims(store, device_deletion),
        players=Players(store, subscriptions, joining_limit, settings.groups_per_network),
        player_tokens=PlayerTokens(store, joining_limit),
        reports=Reports(store, subscriptions, StoredEvents(settings)),
        monitoring=Monitoring(),
        readiness=Readiness(store, blobs, settings),
    )


def _tighten_files(settings: Settings) -> None:
    tighten(settings.data_folder, DATA_NAMES)
    if "://" not in settings.blobs_place:
        tighten(Path(settings.blobs_place), BLOB_NAMES)


def endpoints(*more: Endpoint) -> list[Endpoint]:
    """Every endpoint of the server, documented ones that are not there yet included, and what a testing server adds."""
    declared: list[Endpoint] = [
        *sign_in_endpoints(),
        *account_endpoints,
        *provisioning_endpoints,
        *device_endpoints(),
        *joining_endpoints,
        *player_routes.endpoints,
        *file_endpoints,
        *self_endpoints(),
        *subscription_routes.endpoints,
        *audit_endpoints,
        *session_endpoints,
        *role_endpoints,
        *group_endpoints,
        *tag_endpoints,
        *explanation_endpoints,
        *user_endpoints,
        *invitation_endpoints,
        *operation_endpoints,
        *monitoring_endpoints,
        *more,
    ]
    return [*declared, *documentation(declared)]


def make_app(services: Services) -> AsgiApp:
    return AsgiApp(endpoints(), services_by_type(services), gate(services))


def gate(services: Services) -> AccessGate:
    """The checks before every private endpoint."""
    return AccessGate(services.sessions, services.permissions)


def services_by_type(services: Services) -> dict[type, Any]:
    """The services as handlers ask for them."""
    return {kind: getattr(services, name) for name, kind in get_type_hints(Services).items()}
