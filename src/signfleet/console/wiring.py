"""The services and pages of the console."""

from __future__ import annotations

from signfleet.console.alerts.routes import pages as alert_pages
from signfleet.console.alerts.rules import pages as rule_pages
from signfleet.console.alerts.webhooks import pages as webhook_pages
from signfleet.console.alerts.windows import pages as window_pages
from signfleet.console.assets import endpoints as asset_endpoints
from signfleet.console.audit.routes import pages as audit_pages
from signfleet.console.authorize.routes import pages as authorize_pages
from signfleet.console.bulk.routes import pages as bulk_pages
from signfleet.console.export.routes import pages as export_pages
from signfleet.console.groups.routes import pages as group_pages
from signfleet.console.jobs.routes import pages as job_pages
from signfleet.console.joining.routes import pages as joining_pages
from signfleet.console.joining.serials import pages as serial_pages
from signfleet.console.live.routes import pages as live_pages
from signfleet.console.map.routes import pages as map_pages
from signfleet.console.missing.routes import pages as missing_pages
from signfleet.console.networks.routes import pages as network_pages
from signfleet.console.now.routes import pages as now_pages
from signfleet.console.people.applications import pages as application_pages
from signfleet.console.people.permissions import pages as permission_pages
from signfleet.console.people.roles import pages as role_pages
from signfleet.console.people.setup_tokens import pages as setup_token_pages
from signfleet.console.people.users import pages as user_pages
from signfleet.console.player.commands import pages as player_command_pages
from signfleet.console.player.metrics import pages as player_metric_pages
from signfleet.console.player.rights import pages as player_right_pages
from signfleet.console.player.routes import pages as player_tab_pages
from signfleet.console.player.settings import pages as player_setting_pages
from signfleet.console.players.everywhere import pages as player_search_pages
from signfleet.console.players.routes import pages as player_pages
from signfleet.console.profile.routes import pages as profile_pages
from signfleet.console.settings.routes import pages as settings_pages
from signfleet.console.sign_in.routes import pages as sign_in_pages
from signfleet.console.subscriptions.routes import pages as subscription_pages
from signfleet.console.tags.routes import pages as tag_pages
from signfleet.console.wall.routes import pages as wall_pages
from signfleet.web.http.endpoint import Endpoint


def endpoints() -> list[Endpoint]:
    """Returns the pages; they are for browsers, so the description of the API leaves them out."""
    return [
        *asset_endpoints,
        *live_pages,
        *job_pages,
        *bulk_pages,
        *sign_in_pages,
        *authorize_pages,
        *network_pages,
        *player_search_pages,
        *now_pages,
        *player_pages,
        *player_tab_pages,
        *player_command_pages,
        *player_setting_pages,
        *player_metric_pages,
        *player_right_pages,
        *wall_pages,
        *map_pages,
        *alert_pages,
        *rule_pages,
        *window_pages,
        *webhook_pages,
        *user_pages,
        *role_pages,
        *permission_pages,
        *application_pages,
        *setup_token_pages,
        *joining_pages,
        *serial_pages,
        *audit_pages,
        *settings_pages,
        *profile_pages,
        *group_pages,
        *tag_pages,
        *subscription_pages,
        *export_pages,
        *missing_pages,
    ]
