"""The services, endpoints and jobs of the identity wing."""

from __future__ import annotations

from collections.abc import Callable

from signfleet.foundation.background import Job, by_the_clock
from signfleet.foundation.wiring import Foundation
from signfleet.identity.access.attempts import Attempts
from signfleet.identity.access.passwords import Passwords
from signfleet.identity.access.permissions import Permissions
from signfleet.identity.access.principals import PermissionDocuments
from signfleet.identity.access.sessions import Sessions
from signfleet.identity.access.stream_guard import PERIOD, StreamGuard
from signfleet.identity.account.pages import Pages
from signfleet.identity.account.routes import endpoints as account_endpoints
from signfleet.identity.applications.service import Applications
from signfleet.identity.audit.routes import endpoints as audit_endpoints
from signfleet.identity.audit.service import AuditTrail
from signfleet.identity.events.facts import FactFeeds
from signfleet.identity.events.feeds import EventFeeds
from signfleet.identity.events.routes import endpoints as event_endpoints
from signfleet.identity.events.service import EventLists
from signfleet.identity.invitations.routes import endpoints as invitation_endpoints
from signfleet.identity.invitations.service import Invitations
from signfleet.identity.jobs.routes import endpoints as job_endpoints
from signfleet.identity.jobs.runner import JobRunner
from signfleet.identity.jobs.service import JobLists
from signfleet.identity.networks.administration import NetworkAdministration
from signfleet.identity.networks.routes import endpoints as network_endpoints
from signfleet.identity.networks.service import InsertGroup, Networks
from signfleet.identity.operation_trees.routes import admin_endpoints as operation_admin_endpoints
from signfleet.identity.operation_trees.routes import endpoints as operation_endpoints
from signfleet.identity.operation_trees.service import OperationTrees
from signfleet.identity.people.links import OneTimeLinks
from signfleet.identity.people.registration import Registrations
from signfleet.identity.people.service import People
from signfleet.identity.profiles.service import Profiles
from signfleet.identity.roles.routes import endpoints as role_endpoints
from signfleet.identity.roles.service import Roles
from signfleet.identity.saved_views.service import SavedViews
from signfleet.identity.self_.routes import all_endpoints as self_endpoints
from signfleet.identity.self_.session.service import SessionChanges
from signfleet.identity.sessions.routes import endpoints as session_endpoints
from signfleet.identity.sessions.service import OwnSessions
from signfleet.identity.sign_in.browser import BrowserSessions
from signfleet.identity.sign_in.codes import AuthorizationCodes
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
from signfleet.notify.wiring import NotifyServices
from signfleet.web.http.endpoint import Endpoint

#: Makes what rewrites the documents that show permissions.
MakeDocuments = Callable[[JobRunner], PermissionDocuments]


class IdentityServices(NotifyServices):
    """The services below, and those of people and their rights.

    The fleet hands in what is its own: the group of a new network, and the documents that show permissions.
    """

    def __init__(self, foundation: Foundation, insert_group: InsertGroup, make_documents: MakeDocuments) -> None:
        super().__init__(foundation)
        store, settings = self.store, self.settings
        attempts = Attempts()
        self.sessions = Sessions(store)
        self.stream_guard = StreamGuard(self.event_streams, self.sessions)
        self.session_changes = SessionChanges(store)
        self.own_sessions = OwnSessions(store)
        self.permissions = Permissions(store)
        self.operation_trees = OperationTrees(store, self.permissions)
        self.audit = AuditTrail(store, self.permissions, settings.audit_retention_days)
        self.job_runner = JobRunner(store, settings.job_retention_days)
        documents = make_documents(self.job_runner)
        self.job_lists = JobLists(store, self.permissions)
        self.event_lists = EventLists(store, self.permissions)
        self.saved_views = SavedViews(store, self.permissions)
        self.event_feeds = EventFeeds(store)
        self.fact_feeds = FactFeeds(store)
        self.passwords = Passwords()
        self.password_proof = PasswordProof(store, self.passwords, attempts)
        self.sign_in = SignIn(store, self.passwords, attempts, settings)
        self.browser_sessions = BrowserSessions(store, self.sign_in, self.sessions, attempts, settings)
        self.authorization_codes = AuthorizationCodes(store, self.sign_in)
        self.sign_in_trace = SignInTrace(store)
        self.tokens = Tokens(store)
        self.applications = Applications(store, settings.applications_per_person)
        self.people = People(store, self.passwords)
        self.profiles = Profiles(store)
        self.pages = Pages(settings)
        self.one_time_links = OneTimeLinks(store, self.outbox, settings)
        self.registrations = Registrations(
            store, self.people, self.passwords, self.one_time_links, attempts=attempts, settings=settings
        )
        self.invitations = Invitations(store, self.people, self.passwords, self.one_time_links, documents)
        self.networks = Networks(store, settings, insert_group, insert_administrator)
        self.network_administration = NetworkAdministration(store, self.permissions, settings)
        self.roles = Roles(store, self.permissions, documents, self.job_runner, most=settings.roles_per_network)
        self.users = Users(store, self.permissions, documents)
        self.user_administration = UserAdministration(
            store,
            self.users,
            self.people,
            self.permissions,
            links=self.one_time_links,
            documents=documents,
            jobs=self.job_runner,
        )
        self.notifications = Notifications(store)

    def jobs(self) -> list[Job]:
        """Returns the work that recurs."""
        return [
            *super().jobs(),
            Job("password resets", self.registrations.mail_resets, 30, wake=self.registrations.wake),
            Job("sign-ins", self.sign_in_trace.write, 60, wake=self.sign_in_trace.wake),
            Job("jobs", by_the_clock(self.job_runner.sweep), 2, wake=self.job_runner.wake),
            Job("old jobs", by_the_clock(self.job_runner.delete_old), 3600),
            Job("audit", by_the_clock(self.audit.sweep), 3600),
            Job("streams", self.stream_guard.check, PERIOD),
        ]


def endpoints() -> list[Endpoint]:
    """Returns the endpoints of people and their rights."""
    return [
        *sign_in_endpoints(),
        *account_endpoints,
        *self_endpoints(),
        *session_endpoints,
        *network_endpoints,
        *audit_endpoints,
        *job_endpoints,
        *event_endpoints,
        *role_endpoints,
        *user_endpoints,
        *invitation_endpoints,
        *operation_endpoints,
        *operation_admin_endpoints,
    ]
