"""Note changes of sessions

SQLite only. It makes an empty table and triggers, so its time does not depend on how many sessions there are.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0047"
down_revision = "0046"

#: Changes that may concern any session. New persons, networks and users have no sessions yet.
OF_ANY = (
    "person_update AFTER UPDATE OF login, is_locked_out ON person",
    "person_delete AFTER DELETE ON person",
    "network_update AFTER UPDATE OF is_locked_out ON network",
    "network_delete AFTER DELETE ON network",
    'user_update AFTER UPDATE OF role_id, is_locked_out ON "user"',
    'user_delete AFTER DELETE ON "user"',
    "permission_insert AFTER INSERT ON permission",
    "permission_delete AFTER DELETE ON permission",
    "network_total_insert AFTER INSERT ON network_total WHEN new.entity = 'permission changes'",
    "network_total_update AFTER UPDATE ON network_total WHEN new.entity = 'permission changes'",
)
NOTE = "BEGIN INSERT INTO session_change (session_id) VALUES (NULL); END"

SQLITE = (
    # Rows go as others come, so the ids stay without gaps; an empty table would begin at 1 again.
    "CREATE TABLE session_change (id INTEGER PRIMARY KEY, session_id BIGINT)",
    """
CREATE TRIGGER session_change_inserted AFTER INSERT ON session_change BEGIN
    DELETE FROM session_change WHERE id <= new.id - 1000;
END""",
    """
CREATE TRIGGER session_updated AFTER UPDATE ON session BEGIN
    INSERT INTO session_change (session_id) VALUES (new.id);
END""",
    """
CREATE TRIGGER session_deleted AFTER DELETE ON session BEGIN
    INSERT INTO session_change (session_id) VALUES (old.id);
END""",
    """
CREATE TRIGGER session_token_updated AFTER UPDATE OF scope, valid_to ON token WHEN old.kind = 'access' BEGIN
    INSERT INTO session_change (session_id) VALUES (old.session_id);
END""",
    """
CREATE TRIGGER session_token_deleted AFTER DELETE ON token WHEN old.kind = 'access' BEGIN
    INSERT INTO session_change (session_id) VALUES (old.session_id);
END""",
    *(f"CREATE TRIGGER session_{change} {NOTE}" for change in OF_ANY),
)


def upgrade() -> None:
    if op.get_context().dialect.name == "sqlite":
        for statement in SQLITE:
            op.execute(sa.text(statement.strip()))
