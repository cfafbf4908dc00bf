"""The settings that an operator can choose, with their types, limits, defaults and descriptions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta


def _doc(text: str, **limits: Any) -> Meta:
    return Meta(description=text, **limits)


def _pattern(pattern: str, example: str) -> dict[str, Any]:
    """Returns the limits of a text, ignoring spaces around it, and its name in errors."""
    return {"pattern": rf"^\s*({pattern})\s*$", "extra": {"is": f"text such as {example}"}}


def _list(part: str, example: str, *, may_be_empty: bool = False) -> dict[str, Any]:
    """Returns the limits of a comma-separated list, whose flag may be repeated."""
    limits = _pattern(rf"{'|' if may_be_empty else ''}(?:{part})(?:\s*,\s*(?:{part}))*", example)
    limits["extra"]["list"] = True
    return limits


_ORIGIN = r"https?://[^\s/,@\\]+/?"
_MAIL = r"[^\s@<>]+@[^\s@<>]+"


class Settings(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Every setting; `docs/settings.md` and the flags follow its order."""

    data: Annotated[
        str,
        _doc(
            "Folder of everything that the server stores on disk.", min_length=1, extra={"is": "the path of a folder"}
        ),
    ] = "data"
    database: Annotated[
        str | None,
        _doc(
            "`sqlite:///path` or `postgresql://user:password@host/name`; by default `signfleet.db` in the data folder."
        ),
    ] = None
    database_pooler: Annotated[
        str | None,
        _doc(
            "The address of a pooler in transaction mode, such as PgBouncer, in front of `database`: reads and writes"
            " go through it, everything else goes to `database` directly."
        ),
    ] = None
    database_connections: Annotated[int, _doc("PostgreSQL connections per process.", ge=1, le=1000)] = 10
    search_time_limit: Annotated[
        int,
        _doc(
            "Seconds that a search without an index may run, and may wait for its turn; a longer one is cancelled and"
            " answers 400.",
            ge=1,
            le=3600,
        ),
    ] = 10
    blobs: Annotated[
        str | None,
        _doc(
            "Where pictures are stored: a folder, or object storage such as `s3://bucket/prefix`; by default the"
            " folder `blobs` in the data folder."
        ),
    ] = None
    host: Annotated[
        str,
        _doc(
            "The address to listen on, or several, separated by commas; `::` includes IPv4 where the system supports"
            " it.",
            **_list(r"[^\s,]+", "192.0.2.1, 2001:db8::1"),
        ),
    ] = "127.0.0.1"
    port: Annotated[int, _doc("The port to listen on; 0 chooses a free one.", ge=0, le=65535)] = 8080
    public_url: Annotated[
        str,
        _doc(
            "The server's URL as clients see it, for links in answers and mails; by default the URL of the request.",
            **_pattern(r"|https?://[^\s/?#@]+(/[^\s?#]*)?", "https://signs.example.com"),
        ),
    ] = ""
    log_level: Annotated[Literal["debug", "info", "warning", "error"], _doc("The lowest level that is logged.")] = (
        "info"
    )
    access_log: Annotated[bool, _doc("Log every request.")] = True
    legacy_token_endpoint: Annotated[
        bool, _doc("Serve `POST /2022/06/REST/Token`, the older sign-in with name and password.")
    ] = False
    client_token_lifetime: Annotated[
        int, _doc("Lifetime of an access token of the client-credentials grant, in seconds.", ge=10, le=86_400)
    ] = 330
    console_idle_minutes: Annotated[
        int, _doc("Minutes without use after which a sign-in to the console ends.", ge=5, le=43_200)
    ] = 720
    console_session_days: Annotated[
        int, _doc("Days after which a sign-in to the console ends in any case.", ge=1, le=365)
    ] = 7
    sign_in_lifetime_days: Annotated[
        int,
        _doc(
            "Days after which a person has to sign in with the password again, however often tokens are refreshed.",
            ge=1,
            le=3650,
        ),
    ] = 90
    error_retention_days: Annotated[
        int, _doc("Days for which the errors that devices report are stored.", ge=1, le=36_500)
    ] = 90
    download_retention_days: Annotated[
        int, _doc("Days for which the downloads that devices report are stored.", ge=1, le=36_500)
    ] = 30
    screenshot_retention_days: Annotated[
        int,
        _doc("Days for which screenshots are stored, unless newer ones of the device replace them.", ge=1, le=36_500),
    ] = 90
    errors_per_device: Annotated[
        int, _doc("Errors stored per device; the oldest are deleted first.", ge=1, le=1_000_000)
    ] = 2000
    downloads_per_device: Annotated[
        int, _doc("Downloads stored per device; the oldest are deleted first.", ge=1, le=1_000_000)
    ] = 2000
    screenshot_megabytes_per_network: Annotated[
        int,
        _doc(
            "Space for the pictures of a network, in MB. When it is used up, a new picture replaces older ones of the"
            " same device, and the first picture of another device is refused.",
            ge=10,
            le=1_000_000_000,
        ),
    ] = 20_000
    command_retention_days: Annotated[
        int, _doc("Days for which commands and their files are stored after their end.", ge=1, le=36_500)
    ] = 30
    command_megabytes_per_network: Annotated[
        int,
        _doc("Space for the files that a network's players send with commands, in MB.", ge=10, le=1_000_000_000),
    ] = 2000
    networks_per_person: Annotated[int, _doc("Networks that a person may administer.", ge=1, le=1_000_000)] = 25
    applications_per_person: Annotated[int, _doc("Applications per person.", ge=1, le=1_000_000)] = 50
    setups_per_network: Annotated[int, _doc("How many setups a network may have.", ge=1)] = 1000
    provisioning_records_per_network: Annotated[
        int, _doc("How many serial numbers a network may assign setups to.", ge=1)
    ] = 200_000
    setup_tokens_per_network: Annotated[int, _doc("Valid setup tokens per network.", ge=1, le=1_000_000)] = 200
    groups_per_network: Annotated[int, _doc("Groups per network.", ge=1, le=1_000_000)] = 1000
    roles_per_network: Annotated[int, _doc("Custom roles per network.", ge=1, le=1_000_000)] = 200
    health_retention_days: Annotated[
        int, _doc("Days for which the earlier healths of devices are stored.", ge=31, le=36_500)
    ] = 90
    audit_retention_days: Annotated[
        int, _doc("Days for which the entries of the audit trail are stored.", ge=1, le=36_500)
    ] = 365
    event_retention_days: Annotated[
        int, _doc("Days for which events of devices, networks and accounts are stored.", ge=1, le=36_500)
    ] = 30
    job_retention_days: Annotated[
        int, _doc("Days for which finished jobs are stored, with what is needed to undo them.", ge=1, le=36_500)
    ] = 30
    subscriptions: Annotated[
        Literal["unlimited", "managed"],
        _doc(
            "`unlimited` gives every player that joins a subscription without an end; `managed` assigns subscriptions"
            " from the network's stock."
        ),
    ] = "unlimited"
    trusted_proxies: Annotated[
        str,
        _doc(
            "Addresses and networks of reverse proxies, separated by commas, whose `X-Forwarded-For`,"
            " `X-Forwarded-Proto` and `X-Forwarded-Host` the server trusts; `*` for any, empty for none.",
            **_list(r"\*|[0-9a-fA-F.:/]+", "127.0.0.1, 10.0.0.0/8", may_be_empty=True),
        ),
    ] = ""
    max_connections: Annotated[
        int,
        _doc(
            "Open connections at a time; 0 uses what the process's limit of open files leaves. A few more are"
            " reserved for health checks.",
            ge=0,
            le=1_000_000,
        ),
    ] = 0
    max_connections_per_address: Annotated[
        int,
        _doc(
            "Open connections per IPv4 address or IPv6 /64 network; trusted proxies have no such limit.",
            ge=1,
            le=1_000_000,
        ),
    ] = 512
    head_timeout: Annotated[int, _doc("Seconds within which the head of a request has to arrive.", ge=1, le=3600)] = 10
    body_timeout: Annotated[
        int,
        _doc(
            "Seconds without progress of a request body or an answer after which the request is aborted.", ge=1, le=3600
        ),
    ] = 30
    body_rate: Annotated[
        int,
        _doc("Bytes per second at which a body has to arrive, once `body_timeout` has passed.", ge=1, le=1_000_000),
    ] = 1024
    idle_timeout: Annotated[
        int, _doc("Seconds without a request after which a connection is closed.", ge=1, le=86_400)
    ] = 75
    head_size: Annotated[int, _doc("Size limit of a request head, in bytes.", ge=1024, le=1_048_576)] = 65_536
    head_fields: Annotated[int, _doc("Header fields per request.", ge=10, le=10_000)] = 100

    trial_days: Annotated[int, _doc("Days that a network's trial lasts.", ge=1, le=3650)] = 30

    self_registration: Annotated[
        bool,
        _doc(
            "Let anybody register with a mail address; otherwise a network invites people, or the operator creates"
            " them."
        ),
    ] = False
    return_origins: Annotated[
        str,
        _doc(
            "Origins, separated by commas, to which the activation and password-reset pages may redirect; the"
            " server's own origin is always allowed.",
            **_list(_ORIGIN, "https://one.example, https://two.example:8443", may_be_empty=True),
        ),
    ] = "https://bsn.cloud"
    cors_origins: Annotated[
        str,
        _doc(
            "Origins, separated by commas, whose pages may call the server from a browser (CORS); `*` for any, empty"
            " for none.",
            **_list(rf"\*|{_ORIGIN}", "https://console.example, http://localhost:5173", may_be_empty=True),
        ),
    ] = ""
    mail_from: Annotated[
        str, _doc("The sender of mails.", **_pattern(rf"{_MAIL}|[^@<>\r\n]+ <{_MAIL}>", "signs@example.com"))
    ] = "signfleet@localhost"
    mail_templates: Annotated[
        str | None, _doc("A folder whose files replace the mail templates and account pages of the same name.")
    ] = None
    smtp_host: Annotated[
        str | None,
        _doc("The mail server; without one, mails become files in the folder `outbox` of the data folder."),
    ] = None
    smtp_port: Annotated[int, _doc("The port of the mail server.", ge=1, le=65535)] = 587
    smtp_security: Annotated[
        Literal["starttls", "tls", "none"], _doc("How the connection to the mail server is secured.")
    ] = "starttls"
    smtp_username: Annotated[str | None, _doc("The login at the mail server, if it requires one.")] = None
    smtp_password: Annotated[str | None, _doc("The password at the mail server.")] = None
    alert_rules_per_network: Annotated[int, _doc("Alert rules per network.", ge=1, le=1000)] = 50
    alert_mails_per_hour: Annotated[
        int,
        _doc(
            "Mails about alerts and notifications that a user of a network gets within an hour; then one summary says"
            " how many were left out.",
            ge=1,
            le=10_000,
        ),
    ] = 20
    alert_gather_seconds: Annotated[
        int,
        _doc(
            "Mails about alerts wait until so many seconds have passed without another of their kind, so that what"
            " belongs together becomes one mail.",
            ge=1,
            le=600,
        ),
    ] = 120
    webhook_addresses: Annotated[
        str,
        _doc(
            "Addresses and networks, separated by commas, that webhooks may reach beside public ones, and over plain"
            " HTTP; private, loopback and other special addresses are refused otherwise.",
            **_list(r"[0-9a-fA-F.:/]+", "10.1.0.0/16, 127.0.0.1", may_be_empty=True),
        ),
    ] = ""
    webhooks_per_network: Annotated[int, _doc("Webhooks per network.", ge=1, le=1000)] = 20
    monitoring_token: Annotated[
        str | None,
        _doc(
            "A secret that `/metrics`, `/docs` and `/openapi.json` ask for, as bearer token or as password of any user;"
            " without one they are public."
        ),
    ] = None
    monitoring_port: Annotated[
        int,
        _doc(
            "Another port to listen on, which alone answers `/metrics`, `/docs` and `/openapi.json`; 0 for none.",
            ge=0,
            le=65535,
        ),
    ] = 0
    testing: Annotated[bool, _doc("Run as a test double: `/testing/v1` needs no token and erases the store.")] = False
    testing_beyond_loopback: Annotated[
        bool, _doc("Let a testing server listen on addresses that other machines can reach.")
    ] = False

    @property
    def own_url(self) -> str:
        """Returns the URL for links in mails. It never comes from a request, whose sender could mislead people."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.hosts[0], self.hosts[0])  # noqa: S104 - compared only
        return self.public_base or f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    @property
    def public_base(self) -> str:
        """Returns the start of links, without a final slash; empty if it is not set."""
        return self.public_url.strip().rstrip("/")

    @property
    def hosts(self) -> list[str]:
        """Returns the addresses to listen on."""
        return [host.strip() for host in self.host.split(",")]

    @property
    def data_folder(self) -> Path:
        return Path(self.data)

    @property
    def blobs_place(self) -> str:
        return self.blobs or str(self.data_folder / "blobs")

    @property
    def database_url(self) -> str:
        return self.database or f"sqlite:///{self.data_folder / 'signfleet.db'}"

    @property
    def database_file(self) -> Path | None:
        """Returns the file of the SQLite database; None for PostgreSQL."""
        scheme, _, path = self.database_url.partition(":///")
        return Path(path) if scheme == "sqlite" else None
