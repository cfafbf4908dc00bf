"""`/player/v1`: the player protocol."""

from __future__ import annotations

from signfleet.fleet.players.registration import Players
from signfleet.fleet.players.reporting import Reports
from signfleet.fleet.players.schemas import (
    ListedPlayer,
    LooseReport,
    PlayerRegistration,
    Registered,
    Report,
    ReportAnswer,
    ScreenshotAnswer,
    SettingsToApply,
    Tokens,
)
from signfleet.fleet.players.screenshots import Screenshots, Upload
from signfleet.fleet.players.streaming import PlayerStreams
from signfleet.fleet.players.tokens import PlayerTokens
from signfleet.identity.sign_in.routes import FORM_LIMIT, Form
from signfleet.web.contract.oauth import OAuthError
from signfleet.web.http.call import Answer, Call, answer_json
from signfleet.web.http.endpoint import FORM, Endpoints, Parameter
from signfleet.web.http.event_streams import EventStreams
from signfleet.web.http.media import EVENT_STREAM

SCOPE = "bsn.api.device"
REGISTRATION_LIMIT = 16_384
REPORT_LIMIT = 262_144

PICTURE_LIMIT = 8_388_608
PICTURE_TYPES = ("image/jpeg", "image/png")

endpoints = Endpoints("/player/v1", family="Players")


@endpoints.post(
    "/register",
    caller="public",
    body=PlayerRegistration,
    body_limit=REGISTRATION_LIMIT,
    answer=Registered,
    secret=True,
    statuses="200 201",
    errors="400 401 403 406 409 413 415 429 5XX",
)
async def register_player(call: Call, players: Players, player_streams: PlayerStreams) -> Answer:
    """Register a player in a network.

    Send the setup token as `Authorization: Bearer <setup token>`. The answer to a new player has its `device_secret`,
    which it needs to register again.
    """
    registered, is_new = await players.register(call.bearer_token, call.body, call.now)
    player_streams.expect(registered.device.id)
    return answer_json(registered, status=201 if is_new else 200)


@endpoints.post(
    "/join/{join_key}",
    caller="public",
    body=ListedPlayer,
    body_limit=REGISTRATION_LIMIT,
    answer=Registered,
    secret=True,
    statuses="200 201",
    errors="400 403 406 413 415 429 5XX",
)
async def register_listed_player(call: Call, players: Players, player_streams: PlayerStreams, join_key: str) -> Answer:
    """Register a player by the provisioning record of its serial, at the join address of its network.

    Needs no token; `serial` is enough. Record and setup decide name, group, description and time zone. Every refusal
    has the same answer, 403 `not_listed`.
    """
    registered, is_new = await players.register_listed(join_key, call.body, call.now)
    player_streams.expect(registered.device.id)
    return answer_json(registered, status=201 if is_new else 200)


@endpoints.post(
    "/token",
    caller="public",
    consumes=FORM,
    form=(
        Parameter("grant_type", "`refresh_token` or `client_credentials`.", required=True),
        Parameter("refresh_token", "For the grant `refresh_token`: the last one received."),
        Parameter("client_id", "For the grant `client_credentials`: the serial number, unless sent by HTTP Basic."),
        Parameter("client_secret", "The device secret, unless sent by HTTP Basic."),
    ),
    body=bytes,
    body_optional=True,
    body_limit=FORM_LIMIT,
    answer=Tokens,
    secret=True,
    oauth=True,
    statuses="200",
    errors="400 401 406 413 415 429 5XX",
)
async def create_player_token(call: Call, tokens: PlayerTokens) -> Answer:
    """Issue an access token for a refresh token, or for serial number and device secret (OAuth 2.0)."""
    form = Form(call)
    grant = form.required("grant_type")
    if grant == "refresh_token":
        return answer_json(await tokens.refresh(form.required("refresh_token"), call.now))
    if grant == "client_credentials":
        serial, secret = form.client()
        return answer_json(await tokens.with_secret(serial or "", secret or "", call.now))
    raise OAuthError(400, "unsupported_grant_type", "'grant_type' has to be refresh_token or client_credentials.")


@endpoints.post(
    "/report",
    caller="device",
    scope=SCOPE,
    body=Report,
    body_otherwise=LooseReport,
    body_limit=REPORT_LIMIT,
    packed=True,
    answer=ReportAnswer,
    statuses="200",
    errors="400 401 403 406 413 415 429 5XX",
)
async def report_from_player(call: Call, reports: Reports) -> Answer:
    """Report status, errors and downloads, or only that the player is alive.

    The body may be compressed (`Content-Encoding: gzip`). Errors, downloads and metrics that do not fit are listed as
    `rejected` in the answer; the others are stored.
    """
    return answer_json(await reports.receive(call.network_id, call.device_id, call.body, call.now))


@endpoints.get(
    "/settings", caller="device", scope=SCOPE, answer=SettingsToApply, statuses="200 304", errors="401 403 406 5XX"
)
async def get_player_settings(call: Call, reports: Reports) -> Answer:
    """Get the settings of this device, secrets included, and which parts of them an operator has set (`managed`)."""
    settings, etag = await reports.settings_to_apply(call.network_id, call.device_id)
    return Answer(body=settings.encode(), etag=etag, headers={"Cache-Control": "private, no-cache"})


@endpoints.get(
    "/events",
    caller="device",
    scope=SCOPE,
    answer=str,
    produces=EVENT_STREAM,
    statuses="200",
    errors="401 403 406 429 5XX",
)
async def stream_player_events(call: Call, player_streams: PlayerStreams, event_streams: EventStreams) -> Answer:
    """Get commands and changes of the settings as they come (`text/event-stream`).

    Messages are `command`, with a command that this player may begin, and `settings`, with the entity tag of its
    settings. A new stream begins with everything that waits. It ends with the access token.
    """
    network_id, device_id = call.network_id, call.device_id
    return event_streams.answer(call, lambda stream: player_streams.pump(stream, network_id, device_id))


@endpoints.put(
    "/screenshots/{timestamp}",
    caller="device",
    scope=SCOPE,
    parameters=(
        Parameter("group", "The group at that moment; by default the last reported one."),
        Parameter("presentation", "The presentation shown; by default the last reported one."),
        Parameter("sentAt", "The player's clock at sending; if it is wrong, the server corrects the time stamp."),
    ),
    consumes=PICTURE_TYPES,
    body=bytes,
    body_limit=PICTURE_LIMIT,
    answer=ScreenshotAnswer,
    statuses="200 201",
    errors="400 401 403 406 413 415 429 5XX",
)
async def upload_screenshot(call: Call, screenshots: Screenshots, timestamp: str) -> Answer:
    """Upload a picture (JPEG or PNG) of the screen at a moment."""
    shown = (call.parameter("group"), call.parameter("presentation"))
    upload = Upload(timestamp, call.body, *shown, sent_at=call.parameter("sentAt"))
    answer, is_new = await screenshots.receive(call.network_id, call.device_id, upload, call.now)
    return answer_json(answer, status=201 if is_new else 200)
