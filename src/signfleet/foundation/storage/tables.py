"""Every table of the store, in SQLAlchemy Core.

Conventions:

* A point in time is an integer: milliseconds since 1970 in UTC. A time span is an integer too: milliseconds.
* A row of a network has `network_id` first in its key and indexes: it isolates tenants, and a sharded PostgreSQL could
  distribute rows by it. What every page of devices looks up is keyed by the device's id alone: see `DeviceId`.
* A text that is compared without case has a second column `…_key` with its folded form (`wire.text.fold`), compared
  byte by byte, so that both stores agree on every letter of every script.
* A name that lists sort by has a third column, `…_order`: the result of `wire.collation.order_key`.
* A document is JSON text exactly as the API returns it: lists splice it into their bodies and never decode it.

Comments of columns and tables are part of PostgreSQL's schema: a change of one needs a migration.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Computed,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Sequence,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import TypeEngine

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

#: A folded text: bytewise order on PostgreSQL too, whatever the database's locale.
Key = Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
#: A flat JSON object that filters search and the API never returns.
Properties = Text().with_variant(postgresql.JSONB(), "postgresql")

#: The key of a table by the device's id alone, which no two networks share: it is SQLite's rowid, so that a look-up
#: descends one tree instead of two.
DeviceId = BigInteger().with_variant(Integer(), "sqlite")

#: Where new ids come from: sequences on PostgreSQL, rows of `id_sequence` on SQLite.
SEQUENCES = (
    "person",
    "network",
    "network_subscription",
    "role",
    "user",
    "application",
    "session",
    "device_group",
    "device",
    "device_error",
    "device_download",
    "health_period",
    "screenshot",
    "wall_link",
    "subscription",
    "tag_key",
    "outbox",
    "webhook",
    "alert_rule",
    "alert",
    "alert_window",
    "notice",
    "audit",
    "event",
    "device_count_change",
    "job",
    "command",
    "command_batch",
    "command_outcome",
)
for _name in SEQUENCES:
    Sequence(f"{_name}_id", metadata=metadata)


def _id(name: str = "id") -> Column[int]:
    return Column(name, BigInteger, primary_key=True, autoincrement=False)


def _network_id() -> Column[int]:
    return Column("network_id", BigInteger, primary_key=True, autoincrement=False)


def _required(name: str, kind: TypeEngine[Any] | type[TypeEngine[Any]], **options: Any) -> Column[Any]:
    return Column(name, kind, nullable=False, **options)


def _order(name: str) -> Column[Any]:
    """Returns the column that a name sorts by. Its default is for rows that the migration has not filled yet."""
    return _required(name, Key, server_default="")


id_sequence = Table(
    "id_sequence",
    metadata,
    Column("name", Text, primary_key=True),
    _required("last", BigInteger),
    comment="The last id given out; SQLite only.",
)

setting = Table(
    "setting",
    metadata,
    Column("name", Text, primary_key=True),
    _required("value", Text),
    comment="Facts about this installation, such as the key that signs links.",
)

# --- people and their rights --------------------------------------------------------------------------------------

person = Table(
    "person",
    metadata,
    _id(),
    _required("login", Text),
    _required("login_key", Key),
    _required("mailbox_key", Key, comment="Identifies a person: `wire.mailboxes`."),
    Column("password_hash", Text),
    Column("first_name", Text),
    Column("last_name", Text),
    _required("creation_date", BigInteger),
    _required("last_modified_date", BigInteger),
    Column("activation_date", BigInteger, comment="Null: a registration or an invitation, not an account yet."),
    Column("proof_date", BigInteger, comment="When the mailbox was proved, or an operator vouched for it."),
    _required("is_locked_out", Boolean),
    Index("ix_person_mailbox_key", "mailbox_key"),
    Index(
        "uq_person_account",
        "mailbox_key",
        unique=True,
        sqlite_where=text("activation_date IS NOT NULL"),
        postgresql_where=text("activation_date IS NOT NULL"),
    ),
)

person_profile = Table(
    "person_profile",
    metadata,
    Column("person_id", ForeignKey("person.id", ondelete="CASCADE"), primary_key=True),
    Column("name_key", Key, primary_key=True),
    _required("name", Text),
    _required("value", Text),
    _required("last_modified_date", BigInteger),
)

network = Table(
    "network",
    metadata,
    _id(),
    _required("name", Text),
    _required("name_key", Key, unique=True),
    _required("creation_date", BigInteger),
    _required("last_modified_date", BigInteger),
    _required("is_locked_out", Boolean),
    Column("lockout_date", BigInteger),
    Column("last_lockout_date", BigInteger),
    _required("user_access_token_lifetime", BigInteger),
    _required("user_refresh_token_lifetime", BigInteger),
    _required("device_access_token_lifetime", BigInteger),
    _required("device_refresh_token_lifetime", BigInteger),
    _required("device_registration_token_lifetime", BigInteger),
    _required("automatic_tagged_playlist_approval_enabled", Boolean),
    _required("settings_last_modified_date", BigInteger),
    Column("protocol_1_until", BigInteger, comment="until then players may join again without their secret"),
    Column("join_key", Text, comment="in the address where listed serials join; null: they may not"),
    Index("ux_network_join_key", "join_key", unique=True),
)

network_subscription = Table(
    "network_subscription",
    metadata,
    _network_id(),
    _id(),
    _required("level", Text),
    _required("creation_date", BigInteger),
    _required("last_modified_date", BigInteger),
    Column("expire_date", BigInteger),
    Column("notice_date", BigInteger, comment="when its end is announced; null: never, or it has been"),
    comment="The newest is in force; the others are its history.",
)

network_total = Table(
    "network_total",
    metadata,
    _network_id(),
    Column("entity", Text, primary_key=True),
    _required("total", BigInteger),
    comment="How many instances a network has; maintained, so that no list runs COUNT(*).",
)

role = Table(
    "role",
    metadata,
    _network_id(),
    _id(),
    _required("name", Text),
    _required("name_key", Key),
    _order("name_order"),
    _required("is_custom", Boolean),
    Column("description", Text),
    _required("creation_date", BigInteger),
    _required("last_modified_date", BigInteger),
    UniqueConstraint("network_id", "name_key"),
    comment="Custom roles; the six system roles are the same everywhere and stand in the code.",
)

user = Table(
    "user",
    metadata,
    _network_id(),
    _id(),
    Column("person_id", ForeignKey("person.id", ondelete="CASCADE"), nullable=False),
    Column("role_id", BigInteger),
    Column("description", Text),
    _required("creation_date", BigInteger),
    _required("last_modified_date", BigInteger),
    Column("last_login_date", BigInteger),
    _required("is_locked_out", Boolean),
    Column("last_lockout_date", BigInteger),
    UniqueConstraint("network_id", "person_id"),
    Index("ix_user_person_id", "person_id"),
    Index("ix_user_id", "id", unique=True),
    comment="A person in a network.",
)

user_profile = Table(
    "user_profile",
    metadata,
    _network_id(),
    Column("user_id", BigInteger, primary_key=True),
    Column("name_key", Key, primary_key=True),
    _required("name", Text),
    _required("value", Text),
    _required("last_modified_date", BigInteger),
)

saved_view = Table(
    "saved_view",
    metadata,
    _network_id(),
    Column("user_id", BigInteger, primary_key=True, comment="0: a view of everybody"),
    Column("section", Text, primary_key=True),
    Column("name_key", Key, primary_key=True),
    _required("name", Text),
    _required("address", Text, comment="its query"),
    _required("last_modified_date", BigInteger),
)

user_notification = Table(
    "user_notification",
    metadata,
    _network_id(),
    Column("user_id", BigInteger, primary_key=True),
    _required("document", Text),
    _required("last_modified_date", BigInteger),
)

permission = Table(
    "permission",
    metadata,
    _network_id(),
    Column("entity", Text, primary_key=True),
    Column("entity_id", BigInteger, primary_key=True, comment="0: every instance"),
    Column("operation_uid", Text, primary_key=True),
    Column("principal_type", Text, primary_key=True, comment="User or Role"),
    Column("principal_id", BigInteger, primary_key=True),
    _required("is_allowed", Boolean),
    _required("creation_date", BigInteger),
    _required("is_own", Boolean, server_default=false(), comment="denied to a user by that user, who may take it back"),
    Index(
        "ix_permission_principal",
        "network_id",
        "principal_type",
        "principal_id",
        "entity",
        "operation_uid",
        "entity_id",
        "is_allowed",
    ),
)

former_permission = Table(
    "former_permission",
    metadata,
    _network_id(),
    Column("entity", Text, primary_key=True),
    Column("entity_id", BigInteger, primary_key=True),
    Column("operation_uid", Text, primary_key=True),
    Column("principal_type", Text, primary_key=True),
    Column("principal_id", BigInteger, primary_key=True),
    _required("is_allowed", Boolean),
    _required("removed_date", BigInteger),
    Index(
        "ix_former_permission_principal",
        "network_id",
        "principal_type",
        "principal_id",
        "entity",
        "operation_uid",
        "entity_id",
        "is_allowed",
    ),
    Index("ix_former_permission_age", "removed_date"),
    comment="Permissions of single things that are gone: the audit trail still goes by them.",
)

# --- sign-in ------------------------------------------------------------------------------------------------------

application = Table(
    "application",
    metadata,
    _id(),
    _required("client_id", Text, unique=True),
    _required("name", Text),
    _required("name_key", Key, server_default=""),
    _order("name_order"),
    Column("description", Text),
    Column("person_id", ForeignKey("person.id", ondelete="CASCADE"), nullable=False, index=True),
    _required("secret_hash", LargeBinary),
    _required("scope", Text),
    _required("creation_date", BigInteger),
    _required("last_modified_date", BigInteger),
    Column("secret_expiration_date", BigInteger),
)

session = Table(
    "session",
    metadata,
    _id(),
    Column("person_id", ForeignKey("person.id", ondelete="CASCADE"), index=True),
    Column("application_id", ForeignKey("application.id", ondelete="CASCADE"), index=True),
    Column("network_id", BigInteger, index=True),
    Column("user_id", BigInteger),
    Column("device_id", BigInteger),
    _required("scope", Text),
    _required("creation_date", BigInteger),
    _required("last_modified_date", BigInteger),
    _required("expiration_date", BigInteger),
    Column("grant_type", Text, comment="how a person signed in; null for players"),
    Column("address", Text, comment="where it was opened, or last renewed"),
    Column("last_used_date", BigInteger),
    Index("ix_session_network_id_device_id", "network_id", "device_id"),
    Index("ix_session_expiration_date", "expiration_date"),
    comment="What a sign-in opened: one access and one refresh token at a time belong to it.",
)

token = Table(
    "token",
    metadata,
    Column("hash", LargeBinary, primary_key=True, comment="SHA-256 of the token"),
    _required("kind", Text, comment="access, refresh or setup"),
    Column("session_id", ForeignKey("session.id", ondelete="CASCADE"), index=True),
    Column("network_id", BigInteger),
    _required("scope", Text),
    _required("valid_from", BigInteger),
    _required("valid_to", BigInteger),
    Column(
        "used_date", BigInteger, comment="when a refresh token was exchanged, or a device's access token first used"
    ),
    Column("granted_by", LargeBinary, comment="access tokens of devices: the hash of the refresh token exchanged"),
    Column("max_uses", Integer, comment="setup tokens: how many devices may join with it; null: any number"),
    Column("uses", Integer, comment="how many have; counted where there is a limit"),
    Column("author", Text, comment="setup tokens: who issued it"),
    Index("ix_token_valid_to", "valid_to"),
    Index(
        "ix_token_setup",
        "network_id",
        "valid_to",
        "hash",
        sqlite_where=text("kind = 'setup'"),
        postgresql_where=text("kind = 'setup'"),
    ),
)

one_time_link = Table(
    "one_time_link",
    metadata,
    Column("hash", LargeBinary, primary_key=True),
    _required("purpose", Text, comment="activate, invitation or reset"),
    Column("person_id", ForeignKey("person.id", ondelete="CASCADE"), nullable=False, index=True),
    _required("valid_to", BigInteger),
    Column("return_url", Text),
)

authorization_code = Table(
    "authorization_code",
    metadata,
    Column("hash", LargeBinary, primary_key=True, comment="SHA-256 of the code"),
    Column("person_id", ForeignKey("person.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("consent_session_id", ForeignKey("session.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("application_id", ForeignKey("application.id", ondelete="CASCADE"), index=True, comment="null: `signfleet`"),
    Column("network_id", BigInteger, comment="null: none is chosen"),
    _required("redirect_uri", Text),
    _required("challenge", Text, comment="S256 of RFC 7636"),
    _required("scope", Text),
    _required("valid_to", BigInteger),
    Column("used_date", BigInteger),
    Column("session_id", BigInteger, comment="opened by the exchange; it ends if the code comes again"),
    Index("ix_authorization_code_valid_to", "valid_to"),
)

# --- messages that leave the server -------------------------------------------------------------------------------

outbox = Table(
    "outbox",
    metadata,
    Column("network_id", BigInteger, primary_key=True, autoincrement=False, comment="0: no network"),
    _id(),
    _required("channel", Text, comment="mail or webhook"),
    _required("receiver", Text, comment="a mail address, or the name of a webhook"),
    Column("webhook_id", BigInteger),
    _required("subject", Text),
    _required("content", Text, comment="JSON"),
    _required("state", Text, comment="waiting, delivered or failed"),
    _required("creation_date", BigInteger),
    Column("next_attempt_date", BigInteger, comment="null: delivered or given up"),
    _required("give_up_date", BigInteger),
    _required("attempts", Integer),
    Column("last_attempt_date", BigInteger),
    Column("duration", Integer, comment="of the last attempt, in ms"),
    Column("status", Integer, comment="of the last answer to a webhook"),
    Column("answer", Text, comment="how the last answer to a webhook begins"),
    Column("last_error", Text),
    Index("ix_outbox_due", "channel", "next_attempt_date"),
    Index("ix_outbox_webhook_due", "network_id", "webhook_id", "next_attempt_date", "id"),
    Index("ix_outbox_state", "network_id", "state", "id"),
    Index("ix_outbox_age", "state", "creation_date"),
    comment="Mails, until a mail server has taken them, and deliveries to webhooks, which stay as a log.",
)

webhook = Table(
    "webhook",
    metadata,
    _network_id(),
    _id(),
    _required("name", Text),
    _required("name_key", Key),
    _required("url", Text),
    _required("is_enabled", Boolean),
    _required("kinds", Text, comment="JSON: the kinds of events; empty for all"),
    Column("filter", Text, comment="an expression of devices"),
    _required("creation_date", BigInteger),
    _required("last_modified_date", BigInteger),
    Column("event_filter", Text, comment="an expression of events"),
    _required("salt", LargeBinary, comment="the key is derived from it: `notify.webhooks.signing`"),
    _required("key_date", BigInteger),
    Column("previous_salt", LargeBinary),
    Column("previous_until", BigInteger, comment="until then the previous key signs too"),
    _required("failures", Integer, comment="attempts in a row that failed"),
    Column("paused_until", BigInteger, comment="nothing is sent before, after a failure"),
    UniqueConstraint("network_id", "name_key"),
)

# --- devices ------------------------------------------------------------------------------------------------------

device_group = Table(
    "device_group",
    metadata,
    _network_id(),
    _id(),
    _required("name", Text),
    _required("name_key", Key),
    _order("name_order"),
    Column("description", Text),
    _required("creation_date", BigInteger),
    _required("last_modified_date", BigInteger),
    UniqueConstraint("network_id", "name_key"),
    Index("ix_device_group_name_order", "network_id", "name_order", "id"),
)

device = Table(
    "device",
    metadata,
    _network_id(),
    _id(),
    _required("serial", Text),
    _required("serial_key", Key, unique=True),
    _required("model", Text),
    _required("model_key", Key),
    _required("family", Text),
    _required("registration_date", BigInteger),
    _required("last_modified_date", BigInteger, comment="settings, tags and permissions; not the status"),
    _required("version", BigInteger, comment="counts what last_modified_date dates"),
    _required("name_key", Key),
    _order("name_order"),
    _required("group_id", BigInteger),
    _required("health", Text),
    _required("health_since", BigInteger, server_default="0", comment="when this health began"),
    Column("health_reason", Text, comment="why it is not Normal: a word of `health.rules.ReasonCode`"),
    Column("health_reason_date", BigInteger),
    Column("health_reason_subject", Text, comment="the storage or the error"),
    Column("health_reason_subject_key", Key),
    Column("health_reason_number", Float, comment="what is free, in percent"),
    _required("changed_date", BigInteger, comment="the last change of anything that is answered, except the status"),
    Column("gps_latitude", Float),
    Column("gps_longitude", Float),
    Column("location_key", Key),
    _required("has_commands", Boolean, server_default=false(), comment="commands may wait for the player"),
    Index("ix_device_serial", "network_id", "serial_key"),
    Index("ix_device_model", "network_id", "model_key", "id"),
    Index("ix_device_name", "network_id", "name_key", "id"),
    Index("ix_device_name_order", "network_id", "name_order", "id"),
    Index("ix_device_group", "network_id", "group_id", "id"),
    Index("ix_device_health", "network_id", "health", "id"),
    Index("ix_device_health_reason", "network_id", "health", "health_reason", "id"),
    Index("ix_device_health_since", "network_id", "health_since", "id"),
    Index("ix_device_last_modified", "network_id", "last_modified_date", "id"),
    Index("ix_device_registration", "network_id", "registration_date", "id"),
    # The box around the devices of a place is the ends of these two.
    Index("ix_device_latitude", "network_id", "location_key", "gps_latitude", "id"),
    Index("ix_device_longitude", "network_id", "location_key", "gps_longitude", "id"),
    # Filters by one of these, sorted by name.
    Index("ix_device_model_name", "network_id", "model_key", "name_order", "id"),
    Index("ix_device_group_name", "network_id", "group_id", "name_order", "id"),
    Index("ix_device_health_name", "network_id", "health", "name_order", "id"),
    # Lists of devices that are found by their ids, such as a thousand that a user may see, sorted by one of these.
    Index("ix_device_sorted", "network_id", "id", "name_order", "last_modified_date"),
    # Why how many are not well since when, and who fell silent last. No filter uses it: in the order of a list, a
    # search for what many have ends after a page.
    Index(
        "ix_device_cause",
        *("network_id", "health", "health_reason", "health_since"),
        postgresql_where=text("health <> 'Normal'"),
        sqlite_where=text("health <> 'Normal'"),
    ),
    comment="Narrow: what is commonly filtered or sorted, so that counting stays fast. Reports do not write it.",
)

# --- maintained counts of devices ---------------------------------------------------------------------------------
# Triggers count whatever changes a device, in the transaction of the change. They only add rows, so that transactions
# never wait for each other; a job adds the rows up later. A count is a row of `device_count` and its changes together.

device_count = Table(
    "device_count",
    metadata,
    _network_id(),
    Column("by", Text, primary_key=True, comment="network, group, model or place"),
    Column("key", Key, primary_key=True, comment="the id of the group, or the folded model or place"),
    Column("health", Text, primary_key=True),
    _required("total", BigInteger),
    comment="How many devices there are, as of the changes that are added up.",
)

device_count_change = Table(
    "device_count_change",
    metadata,
    # An integer is SQLite's own row id.
    Column("id", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=False),
    _required("network_id", BigInteger),
    _required("group_id", BigInteger),
    _required("model_key", Key),
    Column("location_key", Key),
    _required("health", Text),
    _required("change", Integer),
    comment="Devices that came (1) and went (-1) since; written by triggers of the table device.",
)

health_period = Table(
    "health_period",
    metadata,
    _network_id(),
    _id(),
    _required("device_id", BigInteger),
    _required("since_date", BigInteger),
    _required("until_date", BigInteger),
    _required("health", Text),
    Column("reason", Text),
    Column("reason_date", BigInteger),
    Column("reason_subject", Text),
    Column("reason_subject_key", Key),
    Column("reason_number", Float),
    _required("normal", BigInteger, comment="ms in this health since the device registered, until this period ended"),
    _required("warning", BigInteger),
    _required("error", BigInteger),
    Index("uq_health_period_device", "network_id", "device_id", "until_date", unique=True),
    Index("ix_health_period_age", "until_date"),
    comment="The healths that a device had before its present one, each with its end.",
)

health_total = Table(
    "health_total",
    metadata,
    _network_id(),
    Column("group_id", BigInteger, primary_key=True, autoincrement=False, comment="0: the whole network"),
    Column("date", BigInteger, primary_key=True, autoincrement=False, comment="the hour that the totals belong to"),
    _required("normal", BigInteger, comment="ms of all devices in this health since the first hour"),
    _required("warning", BigInteger),
    _required("error", BigInteger),
    Index("ix_health_total_age", "date"),
    comment="What the uptime of groups and networks is read from: running totals, one row for each hour.",
)

health_rules = Table(
    "health_rules",
    metadata,
    Column("network_id", BigInteger, primary_key=True, autoincrement=False),
    _required("limits", Text, comment="JSON"),
    Column("checked_device_id", BigInteger, comment="devices beyond it still have to be evaluated by these rules"),
    comment="The limits of networks that have changed the rules of health.",
)

heartbeat = Table(
    "heartbeat",
    metadata,
    _id(),
    _required("date", BigInteger, comment="when a server last could hear reports"),
    _required("counted_date", BigInteger, comment="up to when `health_total` counts"),
    comment="One row, which every server of the installation renews.",
)

outage = Table(
    "outage",
    metadata,
    Column("began", BigInteger, primary_key=True, autoincrement=False),
    _required("ended", BigInteger),
    comment="Times in which no server could hear reports.",
)

device_text = Table(
    "device_text",
    metadata,
    _network_id(),
    Column("device_id", BigInteger, primary_key=True, autoincrement=False),
    _required("name_key", Key),
    _required("serial_key", Key),
    Column("description_key", Key),
    Column("tags_key", Key, comment="all values that are text, a line each"),
    Index("ix_device_text_device_id", "device_id"),
    comment="The texts of a device that filters search; the index of the store is device_search.",
)

device_secret = Table(
    "device_secret",
    metadata,
    _network_id(),
    Column("device_id", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary, comment="SHA-256 of the secret; null: an operator has released the serial"),
    _required("issue_date", BigInteger),
    _required("is_received", Boolean, comment="the player has used what came with it"),
    _required("is_presented", Boolean, comment="the player has proved itself with it"),
    Column("address", Key, comment="where the player was when it last got tokens"),
    comment="How a device proves itself; one that joined before there were secrets has no row.",
)

blocked_serial = Table(
    "blocked_serial",
    metadata,
    _network_id(),
    Column("serial_key", Key, primary_key=True),
    _required("serial", Text),
    _required("date", BigInteger),
    Column("device_id", BigInteger, comment="the device that had it; null for blocks of older versions"),
    Index("ix_blocked_serial_device", "network_id", "device_id"),
    comment="Serials of deleted devices, which may not join the network again until an operator unblocks them.",
)

setup = Table(
    "setup",
    metadata,
    _network_id(),
    Column("id", Text, primary_key=True, comment="24 hexadecimal digits"),
    _required("package_key", Key),
    _required("username_key", Key),
    _required("document", Text, comment="JSON as a client sent it"),
    _required("creation_date", BigInteger),
    _required("last_modified_date", BigInteger),
    Index("ix_setup_package", "network_id", "package_key", "id"),
    comment="Setups: what a player is set up with. Clients write the documents; the server stores them whole.",
)

setup_record = Table(
    "setup_record",
    metadata,
    _network_id(),
    Column("id", Text, primary_key=True, comment="24 hexadecimal digits"),
    _required("serial", Text),
    _required("serial_key", Key),
    _required("username", Text),
    _required("username_key", Key),
    Column("name", Text),
    Column("model", Text),
    Column("description", Text),
    Column("setup_id", Text),
    Column("setup_name", Text),
    Column("setup_name_key", Key),
    Column("url", Text),
    Column("user_data", Text, comment="JSON of any kind"),
    _required("creation_date", BigInteger),
    _required("last_modified_date", BigInteger),
    _required("version", Integer),
    Index("ux_setup_record_serial", "serial_key", unique=True),
    Index("ix_setup_record_network_serial", "network_id", "serial_key"),
    comment="Which setup the player with a serial gets. A serial has one record over all networks.",
)

serial_claim = Table(
    "serial_claim",
    metadata,
    _network_id(),
    Column("serial_key", Key, primary_key=True),
    _required("serial", Text),
    _required("author", Text),
    _required("date", BigInteger),
    Index("ix_serial_claim_date", "date"),
    comment="Serials that a network asks for because another one has them; the installation's operator decides.",
)

device_document = Table(
    "device_document",
    metadata,
    _required("network_id", BigInteger),
    Column("device_id", DeviceId, primary_key=True, autoincrement=False),
    _required("identity", Text, comment="the members from id to lastModifiedDate, without braces"),
    _required("settings", Text),
    Column("subscription", Text),
    _required("tagged_groups", Text),
    _required("tags", Text),
    _required("permissions", Text),
    # Read far more often than written: the store assembles them when one of the parts changes.
    Column(
        "head",
        Text,
        Computed("""'{' || identity || ',"settings":' || settings || ',"status":'""", persisted=True),
        nullable=False,
        comment="what a Player entity has before its status",
    ),
    Column(
        "tail",
        Text,
        Computed(
            """',"subscription":' || coalesce(subscription, 'null') || ',"taggedGroups":' || tagged_groups || """
            """',"tags":' || tags || ',"permissions":' || permissions || '}'""",
            persisted=True,
        ),
        nullable=False,
        comment="what a Player entity has behind its status",
    ),
    Column("managed", Text, comment="JSON: the paths in the settings that operators have set; null: not noted yet"),
    comment="The parts of the Player entity as they are answered, except the status.",
)

device_status = Table(
    "device_status",
    metadata,
    _required("network_id", BigInteger),
    Column("device_id", DeviceId, primary_key=True, autoincrement=False),
    _required("report_sequence", BigInteger, comment="the last report taken"),
    _required("changed_date", BigInteger, comment="the last change of the status, as device.changed_date"),
    Column("status_date", BigInteger, comment="the last report"),
    Column("health_due_date", BigInteger, comment="when time alone may change the health"),
    Column("status", Text, comment="as it is answered"),
    _required("properties", Properties, comment="of the status, as device_properties"),
    Index("ix_device_status_date", "network_id", "status_date", "device_id"),
    Index("ix_device_status_due", "health_due_date"),
    comment="All that a report writes if it changes no health: one row, so that it writes one page.",
)

device_agent = Table(
    "device_agent",
    metadata,
    _required("network_id", BigInteger),
    Column("device_id", DeviceId, primary_key=True, autoincrement=False),
    Column("can", Text, comment="JSON: the commands it can do; null: it has not said, and may do all"),
    Column("applied_etag", Text, comment="of the settings that it applied last"),
    Column("applied_date", BigInteger),
    Column("failed", Text, comment="JSON: the parts of these settings that it could not apply; null: none"),
    _required("announced", Integer, server_default="0", comment="outcomes of these settings that became events"),
    comment="What the software of a player says of itself. Reports write it only when they bring news.",
)

device_metrics = Table(
    "device_metrics",
    metadata,
    _required("network_id", BigInteger),
    Column("device_id", DeviceId, primary_key=True, autoincrement=False),
    _required("date", BigInteger, comment="of the last values"),
    _required("properties", Properties, comment="the last values, as device_properties"),
    _required("latest", Text, comment="JSON: the last values, by name"),
    _required("hour", BigInteger, comment="when the present hour began"),
    _required("slots", Text, comment="JSON: the minutes of that hour, by name"),
    comment="All that a report with metrics writes, except once an hour.",
)

device_metrics_hour = Table(
    "device_metrics_hour",
    metadata,
    _network_id(),
    Column("device_id", BigInteger, primary_key=True, autoincrement=False),
    Column("step", Integer, primary_key=True, autoincrement=False, comment="minutes of a slot"),
    Column("hour", BigInteger, primary_key=True, autoincrement=False),
    _required("slots", Text, comment="JSON: by name"),
    Index("ix_device_metrics_hour_age", "step", "hour"),
    comment="The metrics of hours that have ended, by the minute and by the quarter.",
)

device_properties = Table(
    "device_properties",
    metadata,
    _network_id(),
    Column("device_id", BigInteger, primary_key=True, autoincrement=False),
    _required("properties", Properties),
    comment="What has no column of its own, flat and comparable, for filters and sorts; except of the status.",
)

location = Table(
    "location",
    metadata,
    _network_id(),
    Column("location_key", Key, primary_key=True),
    _required("path", Text),
    _required("document", Text, comment="the names along the path, as a region answers them"),
    comment="The places where a network's devices stand.",
)

tag_key = Table(
    "tag_key",
    metadata,
    _network_id(),
    _id(),
    _required("entity", Text, comment="Device or Content"),
    _required("is_system", Boolean),
    _required("name", Text),
    _required("name_key", Key),
    _order("name_order"),
    _required("type", Text),
    UniqueConstraint("network_id", "entity", "is_system", "name_key"),
    comment="A network spells a tag's name one way: as it was first given.",
)

device_tag = Table(
    "device_tag",
    metadata,
    _network_id(),
    Column("device_id", BigInteger, primary_key=True, autoincrement=False),
    Column("tag_id", BigInteger, primary_key=True, autoincrement=False),
    _required("value", Text),
    Column("value_key", Key, comment="strings, folded"),
    Column("value_order", Key, comment="strings"),
    Column("value_number", Float, comment="numbers, booleans, dates and time spans"),
    Index("ix_device_tag_text", "network_id", "tag_id", "value_key", "device_id"),
    Index("ix_device_tag_number", "network_id", "tag_id", "value_number", "device_id"),
)

device_tag_element = Table(
    "device_tag_element",
    metadata,
    _network_id(),
    Column("tag_id", BigInteger, primary_key=True, autoincrement=False),
    Column("device_id", BigInteger, primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("value_key", Key),
    Column("value_number", Float),
    Index("ix_device_tag_element_text", "network_id", "tag_id", "value_key"),
    Index("ix_device_tag_element_number", "network_id", "tag_id", "value_number"),
    comment="The elements of array-valued tags.",
)

device_error = Table(
    "device_error",
    metadata,
    _network_id(),
    Column("device_id", BigInteger, primary_key=True, autoincrement=False),
    _id(),
    _required("timestamp", BigInteger),
    _required("name", Text),
    _required("name_key", Key),
    _required("event", Text),
    _required("event_key", Key),
    Column("reason", Text),
    Column("reason_key", Key),
    _required("response_code", Integer),
    _required("count", Integer, server_default="1", comment="how often it came within a minute"),
    Index("ix_device_error_timestamp", "network_id", "device_id", "timestamp", "id"),
    Index("ix_device_error_age", "timestamp"),
)

device_download = Table(
    "device_download",
    metadata,
    _network_id(),
    Column("device_id", BigInteger, primary_key=True, autoincrement=False),
    _id(),
    _required("timestamp", BigInteger),
    _required("file_name", Text),
    _required("file_name_key", Key),
    Column("file_hash", Text),
    Column("file_hash_key", Key),
    _required("progress", Integer),
    _required("status", Text),
    _required("status_key", Key),
    Index("ix_device_download_timestamp", "network_id", "device_id", "timestamp", "id"),
    Index("ix_device_download_age", "timestamp"),
)

screenshot = Table(
    "screenshot",
    metadata,
    _network_id(),
    _id(),
    _required("device_id", BigInteger),
    _required("serial", Text),
    _required("serial_key", Key),
    Column("group_name", Text),
    Column("group_name_key", Key),
    Column("group_name_order", Key),
    Column("presentation_name", Text),
    Column("presentation_name_key", Key),
    Column("presentation_name_order", Key),
    _required("utc_timestamp", BigInteger, comment="by the server's clock"),
    _required("sent_timestamp", BigInteger, server_default="0", comment="by the device's clock, as it was sent"),
    _required("arrival_date", BigInteger, server_default="0"),
    _required("local_timestamp", BigInteger, comment="the device's wall clock, as if it were UTC"),
    _required("width", Integer),
    _required("height", Integer),
    _required("file_size", BigInteger),
    _required("blob", Key, comment="the picture's name in the blob store"),
    _required("thumbnail", Key),
    Column("grid", Text, comment="its brightness in 16 by 16 parts, in hexadecimal"),
    Column("look", Text, comment="changed, same or black, beside the one before"),
    Index("ix_screenshot_device", "network_id", "device_id", "utc_timestamp", "id"),
    Index("ix_screenshot_timestamp", "network_id", "utc_timestamp", "id"),
    Index("ix_screenshot_serial", "network_id", "serial_key", "utc_timestamp", "id"),
    Index("ix_screenshot_sent", "network_id", "device_id", "sent_timestamp"),
    Index("ix_screenshot_age", "arrival_date", "network_id", "id"),
)

wall_link = Table(
    "wall_link",
    metadata,
    _network_id(),
    _id(),
    _required("hash", LargeBinary, comment="of the token"),
    _required("name", Text),
    Column("filter", Text, comment="an expression of the health of devices"),
    _required("side", Text, comment="of the pictures"),
    _required("user_id", BigInteger, comment="the user as whom the link sees"),
    _required("author", Text),
    _required("creation_date", BigInteger),
    _required("expiration_date", BigInteger),
    Index("uq_wall_link_hash", "hash", unique=True),
    comment="Links that show a wall of pictures to everybody who has them.",
)

unneeded_file = Table(
    "unneeded_file",
    metadata,
    Column("name", Text, primary_key=True),
    Column("due_date", BigInteger, nullable=False, server_default="0", comment="When it may be deleted."),
    Index("ix_unneeded_file_due", "due_date"),
    comment="Files in the blob store that nothing refers to, any more or yet, until they are deleted.",
)

device_note = Table(
    "device_note",
    metadata,
    _network_id(),
    Column("device_id", BigInteger, primary_key=True, autoincrement=False),
    _required("note", Text),
    _required("author", Text),
    _required("last_modified_date", BigInteger),
)

subscription = Table(
    "subscription",
    metadata,
    _network_id(),
    _id(),
    Column("device_id", BigInteger),
    Column("serial", Text),
    Column("serial_key", Key),
    _required("type", Text),
    _required("activity_period", BigInteger),
    _required("status", Text),
    _required("creation_date", BigInteger),
    _required("last_modified_date", BigInteger),
    Column("activation_date", BigInteger),
    Column("suspension_date", BigInteger),
    Column("expiration_date", BigInteger),
    Column("due_date", BigInteger, comment="when time alone may change the status"),
    Index("ix_subscription_device", "network_id", "device_id"),
    Index("ix_subscription_creation", "network_id", "creation_date", "id"),
    Index("ix_subscription_due", "due_date"),
)

grace = Table(
    "grace",
    metadata,
    Column("serial_key", Key, primary_key=True),
    _required("date", BigInteger),
    comment="The players that have had their Grace subscription, which each gets once, whatever becomes of it.",
)

audit = Table(
    "audit",
    metadata,
    Column("network_id", BigInteger, primary_key=True, autoincrement=False, comment="0: no network"),
    _id(),
    _required("date", BigInteger),
    _required("actor", Text),
    _required("actor_key", Key),
    Column("address", Key),
    _required("action", Text),
    _required("entity", Text),
    Column("entity_id", BigInteger),
    Column("name", Text),
    Column("name_key", Key),
    Column("before", Text),
    Column("after", Text),
    Column("device_id", BigInteger, comment="the device that a change is about"),
    Index("ix_audit_date", "network_id", "date", "id"),
    Index("ix_audit_device", "network_id", "device_id", "date", "id"),
    Index("ix_audit_age", "date"),
)

event = Table(
    "event",
    metadata,
    _network_id(),
    Column(
        "transaction_id",
        BigInteger,
        primary_key=True,
        autoincrement=False,
        comment="PostgreSQL: which transaction wrote it; SQLite: 0",
    ),
    _id(),
    _required("date", BigInteger),
    _required("kind", Text),
    Column("device_id", BigInteger, comment="null: an event of the network or an account"),
    Column("serial", Text),
    Column("serial_key", Key),
    Column("name", Text, comment="what the event is about: an error, a file, a health, a login"),
    Column("name_key", Key),
    _required("data", Text, comment="JSON"),
    Index("ix_event_position", "transaction_id", "id"),
    Index("ix_event_date", "network_id", "date", "id"),
    Index("ix_event_device", "network_id", "device_id", "date", "id"),
    comment="What happened. Readers follow the order of the key: `notify.events.reading`.",
)

job = Table(
    "job",
    metadata,
    _network_id(),
    _id(),
    _required("kind", Text),
    _required("state", Text),
    _required("subject", Text, comment="what it is about: a filter, a name"),
    Column("subject_key", Key),
    _required("creation_date", BigInteger),
    _required("last_modified_date", BigInteger),
    Column("finished_date", BigInteger),
    _required("created_by", Text),
    _required("created_by_key", Key),
    Column("address", Text),
    Column("user_id", BigInteger, comment="whose permissions it has; null: the server's"),
    Column("request_key", Text, comment="the header Idempotency-Key"),
    Column("total", BigInteger),
    _required("done", BigInteger),
    _required("failed", BigInteger),
    _required("position", Text, comment="JSON: where the next step begins"),
    Column("result", Text, comment="JSON"),
    Column("error", Text, comment="why it failed"),
    Column("error_type", Text, comment="the class of the error"),
    _required("is_cancelled", Boolean, server_default=false()),
    _required("attempts", Integer, server_default="0", comment="since the last step that was done"),
    Column("lease_owner", Text),
    Column("lease_until", BigInteger, comment="null: nothing is left to do"),
    Index("ix_job_creation", "network_id", "creation_date", "id"),
    Index("ix_job_lease", "lease_until"),
    Index("ix_job_finished", "finished_date"),
    Index("ix_job_request", "network_id", "user_id", "request_key", unique=True),
    comment="Work in steps, which another process resumes where one died.",
)

job_input = Table(
    "job_input",
    metadata,
    _network_id(),
    Column("job_id", BigInteger, primary_key=True, autoincrement=False),
    _required("input", Text, comment="JSON; apart from the row that each step writes"),
)

job_failure = Table(
    "job_failure",
    metadata,
    _network_id(),
    Column("job_id", BigInteger, primary_key=True, autoincrement=False),
    _id(),
    Column("device_id", BigInteger),
    Column("name", Text),
    Column("line", Integer),
    Column("column_name", Text),
    _required("reason", Text),
    comment="What a job could not do, and why.",
)

job_change = Table(
    "job_change",
    metadata,
    _network_id(),
    Column("job_id", BigInteger, primary_key=True, autoincrement=False),
    _id(),
    _required("before", Text, comment="JSON: the values that the job replaced, by path"),
    _required("after", Text, comment="JSON: the values that it wrote"),
    Column("device_id", BigInteger),
    Column("name", Text, comment="the serial"),
    comment="What a job changed, to undo it.",
)

import_chunk = Table(
    "import_chunk",
    metadata,
    _network_id(),
    Column("upload", Key, primary_key=True, comment="the file, named at random"),
    Column("last_line", BigInteger, primary_key=True, autoincrement=False),
    _required("creation_date", BigInteger),
    _required("rows", Text, comment="JSON: line numbers and cells; up to the last line"),
    Index("ix_import_chunk_date", "creation_date"),
    comment="Rows of imported files that are waiting for their turn or a retry.",
)

# --- alerts -------------------------------------------------------------------------------------------------------

event_reader = Table(
    "event_reader",
    metadata,
    Column("name", Text, primary_key=True),
    _required("transaction_id", BigInteger),
    _required("event_id", BigInteger),
    Column("owner", Text, comment="the process that reads"),
    _required("lease_until", BigInteger, comment="from then on another process may read"),
    comment="How far something has read the events of all networks.",
)

alert_rule = Table(
    "alert_rule",
    metadata,
    _network_id(),
    _id(),
    _required("name", Text),
    _required("name_key", Key),
    _required("is_enabled", Boolean),
    Column("filter", Text, comment="an expression of devices"),
    _required("condition", Text, comment="JSON"),
    _required("delay", BigInteger, comment="how long the condition has to last, in ms"),
    _required("notifies_users", Boolean, comment="users get mail as their notification settings say"),
    _required("mail_to", Text, comment="JSON: ids of users"),
    _required("webhooks", Text, comment="JSON: ids of webhooks"),
    _required("creation_date", BigInteger),
    _required("last_modified_date", BigInteger),
    UniqueConstraint("network_id", "name_key"),
)

alert = Table(
    "alert",
    metadata,
    _network_id(),
    _id(),
    _required("rule_id", BigInteger),
    _required("rule_name", Text),
    _required("rules", Properties, server_default="{}", comment="its rules in the order in which they joined"),
    _required("device_id", BigInteger, comment="0: an alert about the network"),
    _required("cause", Text, server_default="", comment="what is wrong: a device has one live alert for each cause"),
    _required("cause_data", Text, server_default="{}", comment="JSON: the cause as the API shows it"),
    Column("serial", Text),
    Column("serial_key", Key),
    _required("state", Text, comment="pending, open, acknowledged, muted or resolved"),
    Column("reason", Text),
    _required("since_date", BigInteger, comment="when the condition began"),
    Column("due_date", BigInteger, comment="when a pending one opens, or a muted one opens again"),
    Column("open_date", BigInteger),
    _required("last_date", BigInteger),
    _required("count", Integer, comment="how many events it sums up"),
    Column("actor", Text, comment="who acknowledged, muted or resolved it"),
    Column("note", Text),
    Column("resolve_date", BigInteger),
    Index(
        "uq_alert_cause",
        "network_id",
        "device_id",
        "cause",
        unique=True,
        sqlite_where=text("resolve_date IS NULL"),
        postgresql_where=text("resolve_date IS NULL"),
    ),
    Index("ix_alert_state", "network_id", "state", "id"),
    Index("ix_alert_device", "network_id", "device_id", "id"),
    Index("ix_alert_due", "due_date"),
    Index("ix_alert_age", "resolve_date"),
)

alert_window = Table(
    "alert_window",
    metadata,
    _network_id(),
    _id(),
    _required("name", Text),
    Column("filter", Text, comment="an expression of devices"),
    _required("begin_date", BigInteger),
    _required("end_date", BigInteger),
    _required("repeats", Text, comment="never, daily or weekly"),
    _required("author", Text),
    _required("creation_date", BigInteger),
    comment="Times in which alerts about some devices do not open.",
)

notice = Table(
    "notice",
    metadata,
    _network_id(),
    _id(),
    _required("topic", Text),
    _required("cause", Text, server_default="", comment="that of its alert; empty for what no rule wrote"),
    _required("rules", Text, server_default="[]", comment="JSON: ids of the rules whose recipients it is for"),
    _required(
        "earlier", Text, server_default="[]", comment="JSON: ids of rules whose recipients have heard of it already"
    ),
    _required("device_id", BigInteger, comment="0: no device"),
    Column("serial", Text),
    Column("reason", Text),
    _required("date", BigInteger),
    Index("ix_notice_topic", "network_id", "topic", "cause", "date"),
    comment="What mails have to say, until they are written: several notices make one mail.",
)

mail_allowance = Table(
    "mail_allowance",
    metadata,
    _network_id(),
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    _required("since_date", BigInteger),
    _required("sent", Integer),
    _required("omitted", Integer),
    Index("ix_mail_allowance_since", "since_date"),
    comment="How many notices users have got by mail within the hour.",
)

# --- commands to players -------------------------------------------------------------------------------------------

command = Table(
    "command",
    metadata,
    _network_id(),
    _id(),
    _required("device_id", BigInteger),
    _required("serial", Text),
    _required("serial_key", Key),
    _required("name", Key),
    _required("command_group", Key),
    _required("arguments", Text, comment="JSON"),
    _required("state", Key),
    _required("author", Text),
    _required("author_key", Key),
    _required("creation_date", BigInteger),
    Column("release_date", BigInteger, comment="from when on the player gets it; null: its batch has not released it"),
    _required("expiration_date", BigInteger),
    Column("due_date", BigInteger, comment="when time alone changes the state; null: never"),
    Column("sent_date", BigInteger),
    Column("start_date", BigInteger),
    Column("end_date", BigInteger),
    Column("message", Text, comment="what the player or the server says about the outcome"),
    Column("result", Text, comment="JSON"),
    Column("batch_id", BigInteger),
    Index("ix_command_device", "network_id", "device_id", "id"),
    Index("ix_command_creation", "network_id", "creation_date", "id"),
    Index(
        "ix_command_pending",
        "network_id",
        "device_id",
        "id",
        sqlite_where=text("end_date IS NULL"),
        postgresql_where=text("end_date IS NULL"),
    ),
    Index(
        "ix_command_queued",
        "release_date",
        sqlite_where=text("state = 'queued'"),
        postgresql_where=text("state = 'queued'"),
    ),
    Index(
        "ix_command_due",
        "due_date",
        sqlite_where=text("due_date IS NOT NULL"),
        postgresql_where=text("due_date IS NOT NULL"),
    ),
    Index("ix_command_batch", "network_id", "batch_id", "state", "release_date", "id"),
    Index("ix_command_age", "end_date"),
)

command_file = Table(
    "command_file",
    metadata,
    _network_id(),
    Column("command_id", BigInteger, primary_key=True, autoincrement=False),
    Column("name", Key, primary_key=True),
    _required("device_id", BigInteger),
    _required("size", BigInteger),
    _required("media_type", Text),
    _required("blob", Key, comment="its name in the blob store"),
    _required("arrival_date", BigInteger),
)

command_batch = Table(
    "command_batch",
    metadata,
    _network_id(),
    _id(),
    _required("name", Text),
    _required("arguments", Text, comment="JSON"),
    _required("filter", Text),
    _required("author", Text),
    _required("creation_date", BigInteger),
    _required("lifetime", BigInteger, comment="from the release of a command to its expiration"),
    Column("at_once", Integer, comment="how many commands may be unfinished at a time"),
    Column("stop_after", Integer, comment="after how many failures the rest is cancelled"),
    _required("jitter", BigInteger, comment="over how long the commands of one step are spread"),
    _required("state", Text),
    _required("total", BigInteger),
    _required("skipped", BigInteger, comment="devices that have one already, or too many others"),
    _required("last_device_id", BigInteger, comment="up to which device the commands exist"),
    Column("end_date", BigInteger),
    Column("job_id", BigInteger, comment="the mass change that creates the commands"),
    _required("unable", BigInteger, server_default="0", comment="devices that cannot do it"),
    Index("ix_command_batch_job", "network_id", "job_id"),
    Index("ix_command_batch_open", "end_date", "network_id", "id"),
    Index("ix_command_batch_creation", "network_id", "creation_date", "id"),
    comment="Commands to all devices that a filter matched.",
)

command_request = Table(
    "command_request",
    metadata,
    _network_id(),
    Column("key", LargeBinary, primary_key=True, comment="digest of the author and the Idempotency-Key"),
    _required("body", LargeBinary, comment="digest"),
    _required("date", BigInteger),
    Column("command_id", BigInteger),
    Column("batch_id", BigInteger),
    Index("ix_command_request_date", "date"),
    comment="What a repeated request has created.",
)

command_rule = Table(
    "command_rule",
    metadata,
    _network_id(),
    _required("allows_danger", Boolean),
    comment="Networks that allow commands of the group danger.",
)
