"""The services, endpoints and jobs of the fleet wing."""

from __future__ import annotations

from functools import partial

from signfleet.fleet.alerts.defaults import insert_default_rules
from signfleet.fleet.alerts.evaluator import AlertEvaluator
from signfleet.fleet.alerts.mailing import Mailing
from signfleet.fleet.alerts.routes import endpoints as alert_endpoints
from signfleet.fleet.alerts.routes import unsubscribe_endpoints
from signfleet.fleet.alerts.rules import AlertRules
from signfleet.fleet.alerts.service import Alerts
from signfleet.fleet.alerts.unsubscribing import Unsubscribing
from signfleet.fleet.changes.actions import DeleteAction, GroupAction, SettingsAction, TagsAction
from signfleet.fleet.changes.device_imports import DeviceImports
from signfleet.fleet.changes.import_files import ImportedFiles
from signfleet.fleet.changes.import_routes import endpoints as import_endpoints
from signfleet.fleet.changes.routes import endpoints as change_endpoints
from signfleet.fleet.changes.service import Changes
from signfleet.fleet.commands.batches import Batches
from signfleet.fleet.commands.changing import CommandAction
from signfleet.fleet.commands.command_line import CommandLine
from signfleet.fleet.commands.delivery.files import CommandFiles
from signfleet.fleet.commands.delivery.hub import Hub
from signfleet.fleet.commands.delivery.routes import endpoints as delivery_endpoints
from signfleet.fleet.commands.delivery.service import Delivery
from signfleet.fleet.commands.relay import Relay
from signfleet.fleet.commands.retention import CommandRetention
from signfleet.fleet.commands.routes import endpoints as command_endpoints
from signfleet.fleet.commands.service import Commands
from signfleet.fleet.devices.agent.service import Agents
from signfleet.fleet.devices.beacons.service import Beacons
from signfleet.fleet.devices.counts.service import DeviceCounts, MaintainedCounts
from signfleet.fleet.devices.deletion import DeviceDeletion
from signfleet.fleet.devices.history.service import DeviceHistory
from signfleet.fleet.devices.metrics.service import Metrics, MetricsRetention
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
from signfleet.fleet.health.catalogue import CHANGEABLE
from signfleet.fleet.health.gauges import health_source
from signfleet.fleet.health.limits import HealthLimits
from signfleet.fleet.health.outages import Outages
from signfleet.fleet.health.overview import Overviews
from signfleet.fleet.health.retention import HealthRetention
from signfleet.fleet.health.routes import endpoints as health_endpoints
from signfleet.fleet.health.routes import overview_endpoints, rule_endpoints
from signfleet.fleet.health.service import HealthLists
from signfleet.fleet.health.sweep import HealthSweep
from signfleet.fleet.health.totals import HealthTotals
from signfleet.fleet.joining.claims import Claims
from signfleet.fleet.joining.routes import endpoints as joining_endpoints
from signfleet.fleet.joining.service import Joining
from signfleet.fleet.joining.setup_tokens import SetupTokenLists
from signfleet.fleet.permission_explanation.routes import endpoints as explanation_endpoints
from signfleet.fleet.permission_explanation.service import Explanations
from signfleet.fleet.players.events import StoredEvents
from signfleet.fleet.players.rate_limit import command_rate_limit, player_rate_limit
from signfleet.fleet.players.registration import Players
from signfleet.fleet.players.reporting import Reports
from signfleet.fleet.players.routes import endpoints as player_endpoints
from signfleet.fleet.players.screenshots import Screenshots
from signfleet.fleet.players.streaming import PlayerStreams
from signfleet.fleet.players.tokens import PlayerTokens
from signfleet.fleet.provisioning.records.import_routes import endpoints as record_import_endpoints
from signfleet.fleet.provisioning.records.importing import RecordImports
from signfleet.fleet.provisioning.records.routes import endpoints as record_endpoints
from signfleet.fleet.provisioning.records.service import ProvisioningRecords
from signfleet.fleet.provisioning.routes import endpoints as provisioning_endpoints
from signfleet.fleet.provisioning.service import Provisioning
from signfleet.fleet.provisioning.setups.routes import endpoints as setup_endpoints
from signfleet.fleet.provisioning.setups.service import Setups
from signfleet.fleet.remote.routes import endpoints as remote_endpoints
from signfleet.fleet.remote.service import Remote
from signfleet.fleet.subscriptions.routes import endpoints as subscription_endpoints
from signfleet.fleet.subscriptions.service import Subscriptions
from signfleet.fleet.tags.routes import endpoints as tag_endpoints
from signfleet.fleet.tags.service import TagIndex
from signfleet.fleet.walls.routes import endpoints as wall_endpoints
from signfleet.fleet.walls.service import WallLinks
from signfleet.fleet.webhooks.deliveries import Deliveries
from signfleet.fleet.webhooks.routes import endpoints as webhook_endpoints
from signfleet.fleet.webhooks.service import Webhooks
from signfleet.foundation.background import Job, by_the_clock
from signfleet.foundation.storage.interface import Transaction
from signfleet.foundation.storage.search_index import catch_up
from signfleet.foundation.wiring import Foundation
from signfleet.identity.wiring import IdentityServices
from signfleet.web.http.endpoint import Endpoint


class FleetServices(IdentityServices):
    """The services below, and those of players."""

    def __init__(self, foundation: Foundation) -> None:
        super().__init__(foundation, insert_network_parts, DevicePermissionDocuments)
        store, settings, permissions = self.store, self.settings, self.permissions
        self.subscriptions = Subscriptions(store, permissions, settings.subscriptions)
        self.explanations = Explanations(store, permissions)
        self.tag_index = TagIndex(store, permissions)
        self.retention = Retention(store, self.blobs, settings)

        self.devices = devices = Devices(store, permissions)
        self.device_counts = DeviceCounts(store, devices)
        self.groups = Groups(
            store, permissions, self.device_counts, jobs=self.job_runner, limit=settings.groups_per_network
        )
        self.agents = Agents(store, devices)
        self.device_metrics = Metrics(store, devices)
        self.metrics_retention = MetricsRetention(store)
        self.device_settings = DeviceSettings(store, devices, permissions)
        self.device_deletion = DeviceDeletion(
            store, devices, permissions, self.subscriptions, retention=self.retention, jobs=self.job_runner
        )
        self.device_permissions = DevicePermissions(store, devices)
        self.beacons = Beacons(devices, self.device_settings)
        self.tags = Tags(store, devices)
        self._add_changes()
        self.device_history = DeviceHistory(store, devices)
        self.regions = Regions(store, devices)
        self.maintained_counts = MaintainedCounts(store)
        self.health_limits = HealthLimits(store)
        self.health_retention = HealthRetention(store, settings.health_retention_days)
        self.gauges.add("health", health_source(store))
        self.health_totals = HealthTotals(store)
        self.overviews = Overviews(store, devices, self.device_counts)
        self.outages = Outages(store, devices, self.device_counts)
        self.health_lists = HealthLists(store, devices, permissions)
        self.notes = Notes(store, devices)
        self.screenshot_lists = ScreenshotLists(store, devices, permissions)
        self.wall_links = WallLinks(store, self.users)

        self._add_provisioning()
        self.joining = Joining(store, devices, permissions)
        self.claims = Claims(store, self.device_deletion)

        hub = self._add_commands()

        limit, picture_bytes = player_rate_limit(), settings.screenshot_megabytes_per_network * 1_000_000
        self.players = Players(store, self.subscriptions, limit, settings.groups_per_network)
        self.player_tokens = PlayerTokens(store, limit)
        self.reports = Reports(store, self.subscriptions, StoredEvents(settings))
        self._add_alerts(foundation.key)
        self.player_streams = PlayerStreams(hub, self.delivery, self.reports)
        self.screenshots = Screenshots(store, self.blobs, self.pictures, picture_bytes)

    def _add_changes(self) -> None:
        """Adds the services of changes of many devices."""
        store = self.store
        self.changes = Changes(store, self.devices, self.job_runner, self.job_lists, CHANGEABLE)
        of_settings, of_tags = SettingsAction(self.device_settings), TagsAction(self.tags)
        self.changes.register(
            of_settings, of_tags, GroupAction(self.device_settings), DeleteAction(self.devices, self.device_deletion)
        )
        self.imported_files = ImportedFiles(store, self.settings.job_retention_days)
        imported = (store, self.imported_files, self.changes, self.job_runner)
        self.device_imports = DeviceImports(*imported, devices=self.devices, settings=of_settings, tags=of_tags)

    def _add_provisioning(self) -> None:
        """Adds the services of setups, of their tokens, and of the records that assign them."""
        store, settings = self.store, self.settings
        self.provisioning = Provisioning(store, self.networks, settings.setup_tokens_per_network)
        self.setups = Setups(store, settings.setups_per_network)
        self.provisioning_records = ProvisioningRecords(store, self.setups, settings.provisioning_records_per_network)
        self.record_imports = RecordImports(
            store,
            self.imported_files,
            self.changes,
            self.job_runner,
            records=self.provisioning_records,
            setups=self.setups,
            permissions=self.permissions,
        )
        self.setup_token_lists = SetupTokenLists(store, self.provisioning)

    def _add_alerts(self, key: bytes) -> None:
        """Adds the services of alerts, and of who hears of them."""
        store, settings, permissions = self.store, self.settings, self.permissions
        self.webhooks = Webhooks(
            store, self.outbox, self.webhook_delivery, self.webhook_keys, most=settings.webhooks_per_network
        )
        self.alerts = Alerts(store, permissions)
        self.alert_rules = AlertRules(store, settings.alert_rules_per_network)
        self.unsubscribing = Unsubscribing(store, self.users, self.notifications, key, settings)
        self.mailing = Mailing(store, self.outbox, permissions, self.unsubscribing, settings)
        self.alert_evaluator = AlertEvaluator(store, self.outbox, self.mailing)
        self.deliveries = Deliveries(store, self.outbox)

    def _add_commands(self) -> Hub:
        """Adds the services of commands; returns what wakes waiting players."""
        store, settings, permissions = self.store, self.settings, self.permissions
        self.commands = Commands(store, self.devices, permissions)
        self.batches = Batches(store, self.commands, permissions)
        self.changes.register(CommandAction(self.devices, self.batches))
        hub = Hub(store)
        self.relay = Relay(store, self.blobs, hub)
        self.remote = Remote(store, self.devices, self.relay)
        self.command_line = CommandLine(store)
        command_limit = command_rate_limit()
        self.delivery = Delivery(store, hub, self.batches, command_limit)
        file_bytes = settings.command_megabytes_per_network * 1_000_000
        self.command_files = CommandFiles(store, self.blobs, command_limit, file_bytes)
        self.command_retention = CommandRetention(store, settings.command_retention_days)
        return hub

    def jobs(self) -> list[Job]:
        """Returns the work that recurs."""
        return [
            *super().jobs(),
            Job("counts", self.maintained_counts.add_up, 5),
            Job("search index", partial(catch_up, self.store), 1),
            Job("health", by_the_clock(HealthSweep(self.store).run), 10),
            Job("health totals", by_the_clock(self.health_totals.sample), 60),
            Job("health history", by_the_clock(self.health_retention.sweep), 3600),
            Job("metrics history", by_the_clock(self.metrics_retention.sweep), 600),
            Job("subscriptions", by_the_clock(self.subscriptions.sweep), 60),
            Job("subscriptions of all", by_the_clock(self.subscriptions.add_missing), 3600),
            Job("imported files", by_the_clock(self.imported_files.delete_old), 3600),
            Job("commands", by_the_clock(self.delivery.sweep), 5),
            Job("command retention", by_the_clock(self.command_retention.sweep), 600),
            Job("retention", by_the_clock(self.retention.sweep), 600, wake=self.retention.wake),
            Job("files", by_the_clock(self.retention.delete_files), 60),
            Job("alerts", by_the_clock(self.alert_evaluator.run), 1),
            Job("resolved alerts", by_the_clock(self.alert_evaluator.sweep), 3600),
        ]


async def insert_network_parts(tx: Transaction, network_id: int, now: int) -> int:
    """Inserts what a new network begins with: its group, whose id it returns, and rules of alerts."""
    await insert_default_rules(tx, network_id, now)
    return await insert_default_group(tx, network_id, now)


def endpoints() -> list[Endpoint]:
    """Returns the endpoints of devices and players."""
    return [
        *provisioning_endpoints,
        *setup_endpoints,
        *record_endpoints,
        *record_import_endpoints,
        *device_endpoints(),
        *change_endpoints,
        *import_endpoints,
        *joining_endpoints,
        *command_endpoints,
        *delivery_endpoints,
        *remote_endpoints,
        *player_endpoints,
        *subscription_endpoints,
        *health_endpoints,
        *rule_endpoints,
        *overview_endpoints,
        *group_endpoints,
        *tag_endpoints,
        *explanation_endpoints,
        *webhook_endpoints,
        *wall_endpoints,
        *alert_endpoints,
        *unsubscribe_endpoints,
    ]
