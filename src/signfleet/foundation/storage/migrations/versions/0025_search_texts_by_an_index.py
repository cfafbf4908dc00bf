"""Search texts by an index"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0025"
down_revision = "0024"

KEY = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")

#: Triggers write a device's own columns and its tags, the code its description.
SQLITE = (
    """
INSERT INTO device_text
SELECT device.network_id, device.id, name_key, serial_key,
    (SELECT json_extract(properties, '$."settings.description"') FROM device_properties
        WHERE network_id = device.network_id AND device_id = device.id),
    (SELECT group_concat(value_key, char(10)) FROM device_tag
        WHERE network_id = device.network_id AND device_id = device.id)
FROM device""",
    """
CREATE TRIGGER device_text_insert AFTER INSERT ON device BEGIN
    INSERT INTO device_text (network_id, device_id, name_key, serial_key)
    VALUES (new.network_id, new.id, new.name_key, new.serial_key);
END""",
    """
CREATE TRIGGER device_text_update AFTER UPDATE OF name_key ON device WHEN old.name_key <> new.name_key BEGIN
    UPDATE device_text SET name_key = new.name_key WHERE network_id = new.network_id AND device_id = new.id;
END""",
    """
CREATE TRIGGER device_text_delete AFTER DELETE ON device BEGIN
    DELETE FROM device_text WHERE network_id = old.network_id AND device_id = old.id;
END""",
    """
CREATE TRIGGER device_text_tag_insert AFTER INSERT ON device_tag WHEN new.value_key IS NOT NULL BEGIN
    UPDATE device_text SET tags_key = (SELECT group_concat(value_key, char(10)) FROM device_tag
        WHERE network_id = new.network_id AND device_id = new.device_id)
    WHERE network_id = new.network_id AND device_id = new.device_id;
END""",
    """
CREATE TRIGGER device_text_tag_update AFTER UPDATE OF value_key ON device_tag BEGIN
    UPDATE device_text SET tags_key = (SELECT group_concat(value_key, char(10)) FROM device_tag
        WHERE network_id = new.network_id AND device_id = new.device_id)
    WHERE network_id = new.network_id AND device_id = new.device_id;
END""",
    """
CREATE TRIGGER device_text_tag_delete AFTER DELETE ON device_tag WHEN old.value_key IS NOT NULL BEGIN
    UPDATE device_text SET tags_key = (SELECT group_concat(value_key, char(10)) FROM device_tag
        WHERE network_id = old.network_id AND device_id = old.device_id)
    WHERE network_id = old.network_id AND device_id = old.device_id;
END""",
    """
CREATE VIRTUAL TABLE device_search USING fts5 (name_key, serial_key, description_key, tags_key,
    content='device_text', content_rowid='device_id', tokenize='trigram case_sensitive 1')""",
    "INSERT INTO device_search (device_search) VALUES ('rebuild')",
    """
CREATE TRIGGER device_search_insert AFTER INSERT ON device_text BEGIN
    INSERT INTO device_search (rowid, name_key, serial_key, description_key, tags_key)
    VALUES (new.device_id, new.name_key, new.serial_key, new.description_key, new.tags_key);
END""",
    """
CREATE TRIGGER device_search_delete AFTER DELETE ON device_text BEGIN
    INSERT INTO device_search (device_search, rowid, name_key, serial_key, description_key, tags_key)
    VALUES ('delete', old.device_id, old.name_key, old.serial_key, old.description_key, old.tags_key);
END""",
    """
CREATE TRIGGER device_search_update AFTER UPDATE ON device_text BEGIN
    INSERT INTO device_search (device_search, rowid, name_key, serial_key, description_key, tags_key)
    VALUES ('delete', old.device_id, old.name_key, old.serial_key, old.description_key, old.tags_key);
    INSERT INTO device_search (rowid, name_key, serial_key, description_key, tags_key)
    VALUES (new.device_id, new.name_key, new.serial_key, new.description_key, new.tags_key);
END""",
)
POSTGRESQL = (
    """
INSERT INTO device_text
SELECT device.network_id, device.id, name_key, serial_key,
    (SELECT properties ->> 'settings.description' FROM device_properties
        WHERE network_id = device.network_id AND device_id = device.id),
    (SELECT string_agg(value_key, chr(10)) FROM device_tag
        WHERE network_id = device.network_id AND device_id = device.id)
FROM device""",
    """
CREATE FUNCTION device_texted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO device_text (network_id, device_id, name_key, serial_key)
        VALUES (new.network_id, new.id, new.name_key, new.serial_key);
    ELSIF TG_OP = 'UPDATE' THEN
        UPDATE device_text SET name_key = new.name_key WHERE network_id = new.network_id AND device_id = new.id;
    ELSE
        DELETE FROM device_text WHERE network_id = old.network_id AND device_id = old.id;
    END IF;
    RETURN NULL;
END $$""",
    "CREATE TRIGGER device_texted AFTER INSERT OR DELETE ON device FOR EACH ROW EXECUTE FUNCTION device_texted()",
    """
CREATE TRIGGER device_texted_update AFTER UPDATE OF name_key ON device FOR EACH ROW
WHEN (old.name_key <> new.name_key) EXECUTE FUNCTION device_texted()""",
    """
CREATE FUNCTION device_tag_texted() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE changed device_tag := CASE WHEN TG_OP = 'DELETE' THEN old ELSE new END;
BEGIN
    UPDATE device_text SET tags_key = (SELECT string_agg(value_key, chr(10)) FROM device_tag
        WHERE network_id = changed.network_id AND device_id = changed.device_id)
    WHERE network_id = changed.network_id AND device_id = changed.device_id;
    RETURN NULL;
END $$""",
    """
CREATE TRIGGER device_tag_texted AFTER INSERT OR UPDATE OR DELETE ON device_tag
FOR EACH ROW EXECUTE FUNCTION device_tag_texted()""",
    # Only where the extension can be had; without it the same statements read all texts.
    """
DO $$ BEGIN
    CREATE EXTENSION IF NOT EXISTS pg_trgm;
    CREATE INDEX device_search ON device_text USING gin (name_key gin_trgm_ops, serial_key gin_trgm_ops,
        description_key gin_trgm_ops, tags_key gin_trgm_ops);
EXCEPTION WHEN OTHERS THEN NULL;
END $$""",
)


def upgrade() -> None:
    op.create_table(
        "device_text",
        sa.Column("network_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("device_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name_key", KEY, nullable=False),
        sa.Column("serial_key", KEY, nullable=False),
        sa.Column("description_key", KEY, nullable=True),
        sa.Column("tags_key", KEY, nullable=True, comment="all values that are text, a line each"),
        sa.PrimaryKeyConstraint("network_id", "device_id", name="pk_device_text"),
        comment="The texts of a device that filters search; the index of the store is device_search.",
    )
    op.create_index("ix_device_text_device_id", "device_text", ["device_id"])
    for statement in POSTGRESQL if op.get_context().dialect.name == "postgresql" else SQLITE:
        op.execute(sa.text(statement.strip().replace(":", "\\:")))
