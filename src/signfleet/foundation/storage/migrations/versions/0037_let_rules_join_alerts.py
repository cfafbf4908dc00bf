"""Let rules join alerts"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0037"
down_revision = "0036"

BATCH = 1000
PROPERTIES = sa.Text().with_variant(postgresql.JSONB(), "postgresql")
#: The causes of the reasons of a health, and of events that say the same.
CAUSES = {
    "neverReported": "contact",
    "silent": "contact",
    "storageReadOnly": "storage",
    "storageFull": "storage",
    "storageNearlyFull": "storage",
    "deviceError": "error",
    "subscriptionSuspended": "subscription",
    "ErrorReported": "error",
}
ALERT = sa.table(
    "alert",
    *(sa.column(name, sa.BigInteger()) for name in ("network_id", "id", "rule_id", "device_id")),
    *(sa.column(name, sa.BigInteger()) for name in ("last_date", "due_date", "resolve_date")),
    *(sa.column(name, sa.Text()) for name in ("rule_name", "state", "reason", "cause", "cause_data")),
    sa.column("rules", PROPERTIES),
)
NOTICE = sa.table(
    "notice",
    *(sa.column(name, sa.BigInteger()) for name in ("network_id", "id", "rule_id")),
    *(sa.column(name, sa.Text()) for name in ("reason", "cause", "rules")),
)
#: Which of several live alerts of one cause remains: what people have done, then what they have seen.
ORDER = ("acknowledged", "muted", "open", "pending")


class Cause(NamedTuple):
    kind: str
    code: str
    subject: str | None = None
    date: str | None = None


def cause_of(reason: str | None) -> Cause:
    """Returns the cause of an alert by the reason that older versions wrote."""
    text = reason or ""
    if text.startswith("last report "):
        date = text.removeprefix("last report ")
        return Cause("contact", "neverReported") if date == "never" else Cause("contact", "silent", date=date)
    if text.startswith("health "):
        code = text.partition(": ")[2]
        return Cause(CAUSES[code], code) if code in CAUSES else Cause("normal", "normal")
    kind, _, subject = text.partition(": ")
    code = "deviceError" if kind == "ErrorReported" else kind
    return Cause(CAUSES.get(kind, kind), code, subject or None)


def upgrade() -> None:
    for column, kind, default, comment in (
        ("cause", sa.Text(), "", "what is wrong: a device has one live alert for each cause"),
        ("cause_data", sa.Text(), "{}", "JSON: the cause as the API shows it"),
        ("rules", PROPERTIES, "{}", "its rules in the order in which they joined"),
    ):
        op.add_column("alert", sa.Column(column, kind, nullable=False, server_default=default, comment=comment))
    for column, default, comment in (
        ("cause", "", "that of its alert; empty for what no rule wrote"),
        ("rules", "[]", "JSON: ids of the rules whose recipients it is for"),
        ("earlier", "[]", "JSON: ids of rules whose recipients have heard of it already"),
    ):
        op.add_column("notice", sa.Column(column, sa.Text(), nullable=False, server_default=default, comment=comment))
    op.drop_index("uq_alert_cause", "alert")
    op.drop_index("ix_notice_topic", "notice")
    _fill_alerts()
    _join_alerts()
    _fill_notices()
    op.drop_column("notice", "rule_id")
    op.create_index("ix_notice_topic", "notice", ["network_id", "topic", "cause", "date"])
    is_live = sa.text("resolve_date IS NULL")
    op.create_index(
        "uq_alert_cause",
        "alert",
        ["network_id", "device_id", "cause"],
        unique=True,
        sqlite_where=is_live,
        postgresql_where=is_live,
    )


def _rules(ids: list[int], names: list[str]) -> Any:
    rules = [{"id": id_, "name": name} for id_, name in zip(ids, names, strict=True)]
    text = json.dumps({"ruleIds": ids, "rules": rules}, separators=(",", ":"))
    return sa.cast(sa.literal(text, sa.Text()), PROPERTIES)


def _fill_alerts() -> None:
    connection = op.get_bind()
    columns = [ALERT.c[name] for name in ("network_id", "id", "rule_id", "rule_name", "reason")]
    page = sa.select(*columns).order_by(ALERT.c.network_id, ALERT.c.id).limit(BATCH)
    after = (0, 0)
    while rows := connection.execute(page.where(sa.tuple_(ALERT.c.network_id, ALERT.c.id) > sa.tuple_(*after))).all():
        for row in rows:
            cause = cause_of(row.reason)
            data = json.dumps(cause._asdict(), separators=(",", ":"))
            rules = _rules([row.rule_id], [row.rule_name])
            connection.execute(sa.update(ALERT).where(_is(row)).values(cause=cause.kind, cause_data=data, rules=rules))
        after = (rows[-1].network_id, rows[-1].id)


def _join_alerts() -> None:
    """Lets one live alert of each cause remain, with the rules of all of them; the others end without a word."""
    connection = op.get_bind()
    live = connection.execute(sa.select(ALERT).where(ALERT.c.resolve_date.is_(None))).all()
    by_cause: dict[tuple[int, int, str], list[Any]] = {}
    for row in sorted(live, key=lambda row: (ORDER.index(row.state), row.id)):
        by_cause.setdefault((row.network_id, row.device_id, row.cause), []).append(row)
    for first, *others in by_cause.values():
        joined = [first, *(row for row in others if row.state != "pending")]
        if len(joined) > 1:
            rules = _rules([row.rule_id for row in joined], [row.rule_name for row in joined])
            connection.execute(sa.update(ALERT).where(_is(first)).values(rules=rules))
        for row in others:
            if row.state == "pending":
                connection.execute(sa.delete(ALERT).where(_is(row)))
            else:
                ended = {"state": "resolved", "resolve_date": row.last_date, "due_date": None}
                connection.execute(sa.update(ALERT).where(_is(row)).values(ended))


def _fill_notices() -> None:
    connection = op.get_bind()
    for row in connection.execute(sa.select(NOTICE).where(NOTICE.c.rule_id != 0)).all():
        here = sa.and_(NOTICE.c.network_id == row.network_id, NOTICE.c.id == row.id)
        values = {"cause": cause_of(row.reason).kind, "rules": f"[{row.rule_id}]"}
        connection.execute(sa.update(NOTICE).where(here).values(values))


def _is(row: Any) -> Any:
    return sa.and_(ALERT.c.network_id == row.network_id, ALERT.c.id == row.id)
