"""Devices on FastAPI and SQLAlchemy's ORM, as its tutorials do it: `uvicorn fastapi_orm:app`.

`COMPARE_DATA` names the database and a JSON file of devices that fills it at the first start.
"""

# No `from __future__ import annotations`: FastAPI reads the annotations.
import hashlib
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel
from sqlalchemy import JSON, String, create_engine, event, func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

FOLDER = Path(os.environ["COMPARE_DATA"])
TOKEN = "compare"
PARTS = ("settings", "status", "subscription", "taggedGroups", "tags", "permissions")

engine = create_engine(f"sqlite:///{FOLDER}/fastapi.db", connect_args={"check_same_thread": False})
sessions = sessionmaker(engine, expire_on_commit=False)


@event.listens_for(engine, "connect")
def use_wal(connection: Any, _record: Any) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")


class Base(DeclarativeBase):
    pass


class Token(Base):
    __tablename__ = "token"
    hash: Mapped[str] = mapped_column(String, primary_key=True)
    login: Mapped[str]


class Audit(Base):
    __tablename__ = "audit"
    id: Mapped[int] = mapped_column(primary_key=True)
    login: Mapped[str]
    device_id: Mapped[int]
    changes: Mapped[Any] = mapped_column(JSON)


class Device(Base):
    __tablename__ = "device"
    id: Mapped[int] = mapped_column(primary_key=True)
    serial: Mapped[str] = mapped_column(unique=True)
    model: Mapped[str] = mapped_column(index=True)
    family: Mapped[str]
    name: Mapped[str] = mapped_column(index=True)
    registration_date: Mapped[str]
    last_modified_date: Mapped[str]
    settings: Mapped[Any] = mapped_column(JSON)
    status: Mapped[Any] = mapped_column(JSON)
    subscription: Mapped[Any] = mapped_column(JSON)
    tagged_groups: Mapped[Any] = mapped_column(JSON)
    tags: Mapped[Any] = mapped_column(JSON)
    permissions: Mapped[Any] = mapped_column(JSON)


class Model(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, from_attributes=True)


class DeviceAnswer(Model):
    id: int
    serial: str
    model: str
    family: str
    registration_date: str
    last_modified_date: str
    settings: dict[str, Any]
    status: dict[str, Any] | None
    subscription: dict[str, Any] | None
    tagged_groups: list[Any]
    tags: dict[str, Any]
    permissions: list[Any]


class PageAnswer(Model):
    items: list[DeviceAnswer]
    total_item_count: int
    matching_item_count: int


class Change(Model):
    description: str


def fill() -> None:
    Base.metadata.create_all(engine)
    with sessions() as session:
        if session.scalar(select(func.count()).select_from(Device)):
            return
        session.add(Token(hash=hashlib.sha256(TOKEN.encode()).hexdigest(), login="admin@example.com"))
        for device in json.loads((FOLDER / "devices.json").read_text()):
            parts = {("tagged_groups" if part == "taggedGroups" else part): device[part] for part in PARTS}
            session.add(
                Device(
                    id=device["id"],
                    serial=device["serial"],
                    model=device["model"],
                    family=device["family"],
                    name=device["name"],
                    registration_date=device["registrationDate"],
                    last_modified_date=device["lastModifiedDate"],
                    **parts,
                )
            )
        session.commit()


fill()
app = FastAPI()
bearer = HTTPBearer()


def get_session() -> Iterator[Session]:
    with sessions() as session:
        yield session


Db = Annotated[Session, Depends(get_session)]


def get_login(session: Db, given: Annotated[HTTPAuthorizationCredentials, Depends(bearer)]) -> str:
    token = session.get(Token, hashlib.sha256(given.credentials.encode()).hexdigest())
    if token is None:
        raise HTTPException(401, "The token is unknown.")
    return token.login


Login = Annotated[str, Depends(get_login)]


def find(session: Session, serial: str) -> Device:
    device = session.scalar(select(Device).where(Device.serial == serial))
    if device is None:
        raise HTTPException(404, "There is no such device.")
    return device


@app.get("/ready")
def ready() -> dict[str, str]:
    return {}


@app.get("/devices/{serial}", response_model=DeviceAnswer)
def get_device(session: Db, _login: Login, serial: str) -> Device:
    return find(session, serial)


@app.get("/devices", response_model=PageAnswer)
def list_devices(
    session: Db, _login: Login, model_ne: str | None = None, sort: str = "id", offset: int = 0, limit: int = 100
) -> dict[str, Any]:
    query = select(Device)
    if model_ne is not None:
        query = query.where(Device.model != model_ne)
    matching = session.scalar(select(func.count()).select_from(query.subquery()))
    order = {"id": Device.id, "name": Device.name}[sort]
    items = session.scalars(query.order_by(order, Device.id).offset(offset).limit(limit)).all()
    total = session.scalar(select(func.count()).select_from(Device))
    return {"items": items, "total_item_count": total, "matching_item_count": matching}


@app.patch("/devices/{serial}", status_code=204)
def patch_device(session: Db, login: Login, serial: str, change: Change) -> None:
    device = find(session, serial)
    device.settings = {**device.settings, "description": change.description}
    device.last_modified_date = datetime.now(UTC).isoformat()
    session.add(Audit(login=login, device_id=device.id, changes=change.model_dump()))
    session.commit()
