"""The SQL of notices and of their recipients."""

from __future__ import annotations

from typing import Protocol

from sqlalchemy import Integer, and_, bindparam, func, select

from signfleet.fleet.devices.store import DOCUMENT, DOCUMENT_OF_DEVICE, STATUS_OF_DEVICE
from signfleet.foundation.expressions.sql import NETWORK
from signfleet.foundation.storage.query import Query, among, as_bytes
from signfleet.foundation.storage.tables import (
    device,
    device_document,
    device_secret,
    device_status,
    mail_allowance,
    notice,
    person,
    user,
    user_notification,
)


class Waiting(Protocol):
    """The notices of one topic and cause; dates in ms."""

    network_id: int
    topic: str
    cause: str
    first: int
    last: int


class NoticeRow(Protocol):
    id: int
    #: JSON
    rules: str
    #: JSON
    earlier: str
    device_id: int
    serial: str | None
    reason: str | None
    date: int


class Recipient(Protocol):
    """A user who may sign in, with the notification settings as JSON."""

    id: int
    person_id: int
    role_id: int | None
    login: str
    first_name: str | None
    document: str | None


class DeviceFacts(Protocol):
    id: int
    serial: str
    model: str
    address: str | None
    #: JSON
    document: bytes


class MailAllowance(Protocol):
    network_id: int
    user_id: int
    #: ms
    since_date: int
    sent: int
    omitted: int


INSERT = Query(notice.insert())
WAITING = Query(
    select(
        notice.c.network_id,
        notice.c.topic,
        notice.c.cause,
        func.min(notice.c.date).label("first"),
        func.max(notice.c.date).label("last"),
    ).group_by(notice.c.network_id, notice.c.topic, notice.c.cause),
    Waiting,
)
_together = and_(
    notice.c.network_id == bindparam("network_id"),
    notice.c.topic == bindparam("topic"),
    notice.c.cause == bindparam("cause"),
)
TAKE = Query(
    select(notice).where(_together).order_by(notice.c.id).limit(bindparam("count", type_=Integer())), NoticeRow
)
DELETE = Query(notice.delete().where(notice.c.network_id == bindparam("network_id"), among(notice.c.id, "ids")))
RECIPIENTS = Query(
    select(
        user.c.id, user.c.person_id, user.c.role_id, person.c.login, person.c.first_name, user_notification.c.document
    )
    .select_from(user)
    .join(person, person.c.id == user.c.person_id)
    .outerjoin(
        user_notification,
        and_(user_notification.c.network_id == user.c.network_id, user_notification.c.user_id == user.c.id),
    )
    .where(
        user.c.network_id == bindparam("network_id"),
        person.c.activation_date.is_not(None),
        ~person.c.is_locked_out,
        ~user.c.is_locked_out,
    )
    .order_by(user.c.id)
    .limit(2000),
    Recipient,
)
FACTS = Query(
    select(
        device.c.id,
        device.c.serial,
        device.c.model,
        device_secret.c.address,
        as_bytes(DOCUMENT).label("document"),
    )
    .select_from(device)
    .join(device_document, DOCUMENT_OF_DEVICE)
    .join(device_status, STATUS_OF_DEVICE)
    .outerjoin(
        device_secret,
        and_(device_secret.c.network_id == device.c.network_id, device_secret.c.device_id == device.c.id),
    )
    .where(device.c.network_id == NETWORK, among(device.c.id, "ids")),
    DeviceFacts,
)
_allowance = and_(
    mail_allowance.c.network_id == bindparam("in_network"), mail_allowance.c.user_id == bindparam("of_user")
)
ALLOWANCE = Query(select(mail_allowance).where(_allowance).with_for_update(), MailAllowance)
INSERT_ALLOWANCE = Query(mail_allowance.insert())
COUNT_MAIL = Query(
    mail_allowance.update()
    .where(_allowance)
    .values(sent=mail_allowance.c.sent + bindparam("more"), omitted=mail_allowance.c.omitted + bindparam("fewer"))
)
DELETE_ALLOWANCE = Query(mail_allowance.delete().where(_allowance))
ENDED_ALLOWANCES = Query(
    select(mail_allowance).where(mail_allowance.c.since_date <= bindparam("before")).limit(500), MailAllowance
)
