"""Baseline"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None

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
    "screenshot",
    "subscription",
    "tag_key",
    "mail",
    "audit",
)


def upgrade() -> None:
    if op.get_context().dialect.name == "postgresql":
        for name in SEQUENCES:
            op.execute(f'CREATE SEQUENCE "{name}_id"')
    op.create_table(
        "audit",
        sa.Column("network_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="0: no network"),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("date", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("actor_key", sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql"), nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("entity_id", sa.BigInteger(), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("name_key", sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql"), nullable=True),
        sa.Column("before", sa.Text(), nullable=True),
        sa.Column("after", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("network_id", "id", name=op.f("pk_audit")),
    )
    op.create_index("ix_audit_age", "audit", ["date"], unique=False)
    op.create_index("ix_audit_date", "audit", ["network_id", "date", "id"], unique=False)
    op.create_table(
        "device",
        sa.Column("network_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("serial", sa.Text(), nullable=False),
        sa.Column("serial_key", sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql"), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("model_key", sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql"), nullable=False),
        sa.Column("family", sa.Text(), nullable=False),
        sa.Column("registration_date", sa.BigInteger(), nullable=False),
        sa.Column(
            "last_modified_date",
            sa.BigInteger(),
            nullable=False,
            comment="settings, tags and permissions; not the status",
        ),
        sa.Column("version", sa.BigInteger(), nullable=False, comment="counts what last_modified_date dates"),
        sa.Column("name_key", sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql"), nullable=False),
        sa.Column("group_id", sa.BigInteger(), nullable=False),
        sa.Column("health", sa.Text(), nullable=False),
        sa.Column("health_due_date", sa.BigInteger(), nullable=True, comment="when the health has to be judged anew"),
        sa.Column("status_date", sa.BigInteger(), nullable=True, comment="the last report"),
        sa.Column(
            "changed_date",
            sa.BigInteger(),
            nullable=False,
            comment="the last change of anything that is answered, status included",
        ),
        sa.Column("report_sequence", sa.BigInteger(), nullable=False, comment="the last report taken"),
        sa.Column("gps_latitude", sa.Float(), nullable=True),
        sa.Column("gps_longitude", sa.Float(), nullable=True),
        sa.Column("location_key", sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql"), nullable=True),
        sa.PrimaryKeyConstraint("network_id", "id", name=op.f("pk_device")),
        sa.UniqueConstraint("serial_key", name=op.f("uq_device_serial_key")),
        comment="Narrow: what is commonly filtered or sorted, so that counting stays fast.",
    )
    op.create_index("ix_device_group", "device", ["network_id", "group_id", "id"], unique=False)
    op.create_index("ix_device_health", "device", ["network_id", "health", "id"], unique=False)
    op.create_index("ix_device_health_due", "device", ["health_due_date"], unique=False)
    op.create_index("ix_device_last_modified", "device", ["network_id", "last_modified_date", "id"], unique=False)
    op.create_index("ix_device_location", "device", ["network_id", "location_key", "id"], unique=False)
    op.create_index("ix_device_model", "device", ["network_id", "model_key", "id"], unique=False)
    op.create_index("ix_device_name", "device", ["network_id", "name_key", "id"], unique=False)
    op.create_index("ix_device_registration", "device", ["network_id", "registration_date", "id"], unique=False)
    op.create_index("ix_device_serial", "device", ["network_id", "serial_key"], unique=False)
    op.create_index("ix_device_status", "device", ["network_id", "status_date", "id"], unique=False)
    op.create_table(
        "device_document",
        sa.Column("network_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("device_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "identity", sa.Text(), nullable=False, comment="the members from id to lastModifiedDate, without braces"
        ),
        sa.Column("settings", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=True, comment="as reported, without its closing brace"),
        sa.Column(
            "status_end",
            sa.Text(),
            nullable=True,
            comment="health, lastModifiedDate and the closing brace, which change by themselves",
        ),
        sa.Column("subscription", sa.Text(), nullable=True),
        sa.Column("tagged_groups", sa.Text(), nullable=False),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.Column("permissions", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("network_id", "device_id", name=op.f("pk_device_document")),
        comment="The parts of the Player entity as they are answered.",
    )
    op.create_table(
        "device_download",
        sa.Column("network_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("device_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("timestamp", sa.BigInteger(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("file_hash", sa.Text(), nullable=True),
        sa.Column("progress", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("network_id", "device_id", "id", name=op.f("pk_device_download")),
    )
    op.create_index("ix_device_download_age", "device_download", ["timestamp"], unique=False)
    op.create_index(
        "ix_device_download_timestamp", "device_download", ["network_id", "device_id", "timestamp", "id"], unique=False
    )
    op.create_table(
        "device_error",
        sa.Column("network_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("device_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("timestamp", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("response_code", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("network_id", "device_id", "id", name=op.f("pk_device_error")),
    )
    op.create_index("ix_device_error_age", "device_error", ["timestamp"], unique=False)
    op.create_index(
        "ix_device_error_timestamp", "device_error", ["network_id", "device_id", "timestamp", "id"], unique=False
    )
    op.create_table(
        "device_group",
        sa.Column("network_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_key", sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql"), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("creation_date", sa.BigInteger(), nullable=False),
        sa.Column("last_modified_date", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("network_id", "id", name=op.f("pk_device_group")),
        sa.UniqueConstraint("network_id", "name_key", name=op.f("uq_device_group_network_id_name_key")),
    )
    op.create_table(
        "device_note",
        sa.Column("network_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("device_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("last_modified_date", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("network_id", "device_id", name=op.f("pk_device_note")),
    )
    op.create_table(
        "device_properties",
        sa.Column("network_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("device_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("properties", sa.Text().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.PrimaryKeyConstraint("network_id", "device_id", name=op.f("pk_device_properties")),
        comment="What has no column of its own, flat and comparable, for filters and sorts.",
    )
    op.create_table(
        "device_tag",
        sa.Column("network_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("device_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("tag_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column(
            "value_key",
            sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql"),
            nullable=True,
            comment="strings, folded",
        ),
        sa.Column("value_number", sa.Float(), nullable=True, comment="numbers, booleans, dates and time spans"),
        sa.PrimaryKeyConstraint("network_id", "device_id", "tag_id", name=op.f("pk_device_tag")),
    )
    op.create_index(
        "ix_device_tag_number", "device_tag", ["network_id", "tag_id", "value_number", "device_id"], unique=False
    )
    op.create_index(
        "ix_device_tag_text", "device_tag", ["network_id", "tag_id", "value_key", "device_id"], unique=False
    )
    op.create_table(
        "device_tag_element",
        sa.Column("network_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("tag_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("device_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("value_key", sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql"), nullable=True),
        sa.Column("value_number", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("network_id", "tag_id", "device_id", "position", name=op.f("pk_device_tag_element")),
        comment="The elements of array-valued tags.",
    )
    op.create_index(
        "ix_device_tag_element_number", "device_tag_element", ["network_id", "tag_id", "value_number"], unique=False
    )
    op.create_index(
        "ix_device_tag_element_text", "device_tag_element", ["network_id", "tag_id", "value_key"], unique=False
    )
    op.create_table(
        "id_sequence",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_id_sequence")),
        comment="The last id given out; SQLite only.",
    )
    op.create_table(
        "location",
        sa.Column("network_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("location_key", sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql"), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False, comment="the names along the path, as a region answers them"),
        sa.PrimaryKeyConstraint("network_id", "location_key", name=op.f("pk_location")),
        comment="The places where a network's devices stand.",
    )
    op.create_table(
        "mail",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        sa.Column("creation_date", sa.BigInteger(), nullable=False),
        sa.Column("next_attempt_date", sa.BigInteger(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail")),
        comment="The outbox: a mail stays until a mail server has taken it.",
    )
    op.create_index(op.f("ix_mail_next_attempt_date"), "mail", ["next_attempt_date"], unique=False)
    op.create_table(
        "network",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_key", sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql"), nullable=False),
        sa.Column("creation_date", sa.BigInteger(), nullable=False),
        sa.Column("last_modified_date", sa.BigInteger(), nullable=False),
        sa.Column("is_locked_out", sa.Boolean(), nullable=False),
        sa.Column("lockout_date", sa.BigInteger(), nullable=True),
        sa.Column("last_lockout_date", sa.BigInteger(), nullable=True),
        sa.Column("user_access_token_lifetime", sa.BigInteger(), nullable=False),
        sa.Column("user_refresh_token_lifetime", sa.BigInteger(), nullable=False),
        sa.Column("device_access_token_lifetime", sa.BigInteger(), nullable=False),
        sa.Column("device_refresh_token_lifetime", sa.BigInteger(), nullable=False),
        sa.Column("device_registration_token_lifetime", sa.BigInteger(), nullable=False),
        sa.Column("automatic_tagged_playlist_approval_enabled", sa.Boolean(), nullable=False),
        sa.Column("settings_last_modified_date", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_network")),
        sa.UniqueConstraint("name_key", name=op.f("uq_network_name_key")),
    )
    op.create_table(
        "network_subscription",
        sa.Column("network_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("creation_date", sa.BigInteger(), nullable=False),
        sa.Column("last_modified_date", sa.BigInteger(), nullable=False),
        sa.Column("expire_date", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("network_id", "id", name=op.f("pk_network_subscription")),
        comment="The newest is in force; the others are its history.",
    )
    op.create_table(
        "network_total",
        sa.Column("network_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("network_id", "entity", name=op.f("pk_network_total")),
        comment="How many instances a network has, kept as they come and go, so that no list has to count.",
    )
    op.create_table(
        "permission",
        sa.Column("network_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("entity_id", sa.BigInteger(), nullable=False, comment="0: every instance"),
        sa.Column("operation_uid", sa.Text(), nullable=False),
        sa.Column("principal_type", sa.Text(), nullable=False, comment="User or Role"),
        sa.Column("principal_id", sa.BigInteger(), nullable=False),
        sa.Column("is_allowed", sa.Boolean(), nullable=False),
        sa.Column("creation_date", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "network_id",
            "entity",
            "entity_id",
            "operation_uid",
            "principal_type",
            "principal_id",
            name=op.f("pk_permission"),
        ),
    )
    op.create_index(
        "ix_permission_principal",
        "permission",
        ["network_id", "principal_type", "principal_id", "entity", "operation_uid", "entity_id", "is_allowed"],
        unique=False,
    )
    op.create_table(
        "person",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("login_key", sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql"), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("first_name", sa.Text(), nullable=True),
        sa.Column("last_name", sa.Text(), nullable=True),
        sa.Column("creation_date", sa.BigInteger(), nullable=False),
        sa.Column("last_modified_date", sa.BigInteger(), nullable=False),
        sa.Column("activation_date", sa.BigInteger(), nullable=True),
        sa.Column("is_locked_out", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
        sa.UniqueConstraint("login_key", name=op.f("uq_person_login_key")),
    )
    op.create_table(
        "role",
        sa.Column("network_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_key", sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql"), nullable=False),
        sa.Column("is_custom", sa.Boolean(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("creation_date", sa.BigInteger(), nullable=False),
        sa.Column("last_modified_date", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("network_id", "id", name=op.f("pk_role")),
        sa.UniqueConstraint("network_id", "name_key", name=op.f("uq_role_network_id_name_key")),
        comment="Custom roles; the six system roles are the same everywhere and stand in the code.",
    )
    op.create_table(
        "screenshot",
        sa.Column("network_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("device_id", sa.BigInteger(), nullable=False),
        sa.Column("serial", sa.Text(), nullable=False),
        sa.Column("serial_key", sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql"), nullable=False),
        sa.Column("group_name", sa.Text(), nullable=True),
        sa.Column(
            "group_name_key", sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql"), nullable=True
        ),
        sa.Column("presentation_name", sa.Text(), nullable=True),
        sa.Column(
            "presentation_name_key", sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql"), nullable=True
        ),
        sa.Column("utc_timestamp", sa.BigInteger(), nullable=False),
        sa.Column(
            "local_timestamp", sa.BigInteger(), nullable=False, comment="the device's wall clock, as if it were UTC"
        ),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("file_size", sa.BigInteger(), nullable=False),
        sa.Column("blob", sa.Text(), nullable=False, comment="the picture's name in the blob store"),
        sa.Column("thumbnail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("network_id", "id", name=op.f("pk_screenshot")),
    )
    op.create_index("ix_screenshot_age", "screenshot", ["utc_timestamp"], unique=False)
    op.create_index(
        "ix_screenshot_device", "screenshot", ["network_id", "device_id", "utc_timestamp", "id"], unique=False
    )
    op.create_index(
        "ix_screenshot_serial", "screenshot", ["network_id", "serial_key", "utc_timestamp", "id"], unique=False
    )
    op.create_index("ix_screenshot_timestamp", "screenshot", ["network_id", "utc_timestamp", "id"], unique=False)
    op.create_table(
        "setting",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_setting")),
        comment="Facts about this installation, such as the key that signs links.",
    )
    op.create_table(
        "subscription",
        sa.Column("network_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("device_id", sa.BigInteger(), nullable=True),
        sa.Column("serial", sa.Text(), nullable=True),
        sa.Column("serial_key", sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql"), nullable=True),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("activity_period", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("creation_date", sa.BigInteger(), nullable=False),
        sa.Column("last_modified_date", sa.BigInteger(), nullable=False),
        sa.Column("activation_date", sa.BigInteger(), nullable=True),
        sa.Column("suspension_date", sa.BigInteger(), nullable=True),
        sa.Column("expiration_date", sa.BigInteger(), nullable=True),
        sa.Column("due_date", sa.BigInteger(), nullable=True, comment="when its status has to be judged anew"),
        sa.PrimaryKeyConstraint("network_id", "id", name=op.f("pk_subscription")),
    )
    op.create_index("ix_subscription_creation", "subscription", ["network_id", "creation_date", "id"], unique=False)
    op.create_index("ix_subscription_device", "subscription", ["network_id", "device_id"], unique=False)
    op.create_index("ix_subscription_due", "subscription", ["due_date"], unique=False)
    op.create_table(
        "tag_key",
        sa.Column("network_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("entity", sa.Text(), nullable=False, comment="Device or Content"),
        sa.Column("is_system", sa.Boolean(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_key", sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql"), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("network_id", "id", name=op.f("pk_tag_key")),
        sa.UniqueConstraint(
            "network_id",
            "entity",
            "is_system",
            "name_key",
            name=op.f("uq_tag_key_network_id_entity_is_system_name_key"),
        ),
        comment="A network spells a tag's name one way: as it was first given.",
    )
    op.create_table(
        "user_notification",
        sa.Column("network_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("last_modified_date", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("network_id", "user_id", name=op.f("pk_user_notification")),
    )
    op.create_table(
        "user_profile",
        sa.Column("network_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("name_key", sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("last_modified_date", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("network_id", "user_id", "name_key", name=op.f("pk_user_profile")),
    )
    op.create_table(
        "application",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("creation_date", sa.BigInteger(), nullable=False),
        sa.Column("last_modified_date", sa.BigInteger(), nullable=False),
        sa.Column("secret_expiration_date", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_application_person_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_application")),
        sa.UniqueConstraint("client_id", name=op.f("uq_application_client_id")),
    )
    op.create_index(op.f("ix_application_person_id"), "application", ["person_id"], unique=False)
    op.create_table(
        "one_time_link",
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False, comment="activate or reset"),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("valid_to", sa.BigInteger(), nullable=False),
        sa.Column("return_url", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_one_time_link_person_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_one_time_link")),
    )
    op.create_index(op.f("ix_one_time_link_person_id"), "one_time_link", ["person_id"], unique=False)
    op.create_table(
        "person_profile",
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("name_key", sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("last_modified_date", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_person_profile_person_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("person_id", "name_key", name=op.f("pk_person_profile")),
    )
    op.create_table(
        "user",
        sa.Column("network_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("role_id", sa.BigInteger(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("creation_date", sa.BigInteger(), nullable=False),
        sa.Column("last_modified_date", sa.BigInteger(), nullable=False),
        sa.Column("last_login_date", sa.BigInteger(), nullable=True),
        sa.Column("is_locked_out", sa.Boolean(), nullable=False),
        sa.Column("last_lockout_date", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_user_person_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("network_id", "id", name=op.f("pk_user")),
        sa.UniqueConstraint("network_id", "person_id", name=op.f("uq_user_network_id_person_id")),
        comment="A person in a network.",
    )
    op.create_index("ix_user_id", "user", ["id"], unique=True)
    op.create_index("ix_user_person_id", "user", ["person_id"], unique=False)
    op.create_table(
        "session",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=True),
        sa.Column("application_id", sa.BigInteger(), nullable=True),
        sa.Column("network_id", sa.BigInteger(), nullable=True),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("device_id", sa.BigInteger(), nullable=True),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("creation_date", sa.BigInteger(), nullable=False),
        sa.Column("last_modified_date", sa.BigInteger(), nullable=False),
        sa.Column("expiration_date", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["application_id"], ["application.id"], name=op.f("fk_session_application_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_session_person_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_session")),
        comment="What a sign-in opened: one access and one refresh token at a time belong to it.",
    )
    op.create_index(op.f("ix_session_application_id"), "session", ["application_id"], unique=False)
    op.create_index("ix_session_expiration_date", "session", ["expiration_date"], unique=False)
    op.create_index(op.f("ix_session_network_id"), "session", ["network_id"], unique=False)
    op.create_index("ix_session_network_id_device_id", "session", ["network_id", "device_id"], unique=False)
    op.create_index(op.f("ix_session_person_id"), "session", ["person_id"], unique=False)
    op.create_table(
        "token",
        sa.Column("hash", sa.LargeBinary(), nullable=False, comment="SHA-256 of the token"),
        sa.Column("kind", sa.Text(), nullable=False, comment="access, refresh or setup"),
        sa.Column("session_id", sa.BigInteger(), nullable=True),
        sa.Column("network_id", sa.BigInteger(), nullable=True),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.BigInteger(), nullable=False),
        sa.Column("valid_to", sa.BigInteger(), nullable=False),
        sa.Column(
            "used_date",
            sa.BigInteger(),
            nullable=True,
            comment="when a refresh token was exchanged; a second use revokes its session",
        ),
        sa.ForeignKeyConstraint(["session_id"], ["session.id"], name=op.f("fk_token_session_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_token")),
    )
    op.create_index(op.f("ix_token_session_id"), "token", ["session_id"], unique=False)
    op.create_index("ix_token_valid_to", "token", ["valid_to"], unique=False)
