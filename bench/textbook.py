"""The service as a textbook has it: FastAPI, the asynchronous ORM, one transaction per callback.

It does the same for a callback as ours: a receipt once by fingerprint, the task moved, a line of
history. On SQLite it begins IMMEDIATE, so that its writers wait instead of failing.
"""

import hashlib
import hmac
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from fastapi import FastAPI, HTTPException
from fastapi import Request as HttpRequest
from sqlalchemy import ForeignKey, LargeBinary, UniqueConstraint, event, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

SECRET = b"a secret for measuring only"
URL = os.environ["DATABASE_URL"].replace("sqlite://", "sqlite+aiosqlite://")
IS_SQLITE = URL.startswith("sqlite")
RANK = {"queued": 0, "submitted": 1, "processing": 2, "succeed": 3, "failed": 3}


class Base(DeclarativeBase):
    """All tables."""


class Task(Base):
    """One generation."""

    __tablename__ = "task"
    id: Mapped[str] = mapped_column(primary_key=True)
    status: Mapped[str]
    version: Mapped[int] = mapped_column(default=1)
    provider_task_id: Mapped[str | None]
    result: Mapped[str | None]
    updated_at: Mapped[datetime | None]


class Receipt(Base):
    """One callback."""

    __tablename__ = "receipt"
    id: Mapped[int] = mapped_column(primary_key=True)
    task_id: Mapped[str] = mapped_column(ForeignKey("task.id"), index=True)
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    body: Mapped[bytes] = mapped_column(LargeBinary)
    received_at: Mapped[datetime]


class Change(Base):
    """One line of history."""

    __tablename__ = "change"
    __table_args__ = (UniqueConstraint("task_id", "version"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    task_id: Mapped[str] = mapped_column(ForeignKey("task.id"))
    version: Mapped[int]
    status: Mapped[str]
    at: Mapped[datetime]


engine = create_async_engine(URL)
sessions = async_sessionmaker(engine, expire_on_commit=False)

if IS_SQLITE:

    @event.listens_for(engine.sync_engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=15000"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def _begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
    """Make the tables."""
    async with engine.begin() as db:
        await db.run_sync(Base.metadata.create_all)
    yield
    await engine.dispose()


app = FastAPI(lifespan=lifespan)


@app.get("/ready")
async def ready() -> dict[str, str]:
    """It serves."""
    return {"status": "ok"}


@app.post("/tasks/{count}")
async def make(count: int) -> dict[str, int]:
    """Tasks to be called back about: 0 … count-1."""
    async with sessions() as db:
        db.add_all(Task(id=str(number), status="queued") for number in range(count))
        await db.commit()
    return {"made": count}


@app.post("/callbacks/{task_id}/{token}")
async def receive(task_id: str, token: str, request: HttpRequest) -> dict[str, str]:
    """One callback, one transaction."""
    expected = hmac.new(SECRET, task_id.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected, token):
        raise HTTPException(404)
    body = await request.body()
    said = await request.json()
    async with sessions() as db:
        try:
            verdict = await _apply(db, task_id, body, said)
            await db.commit()
        except IntegrityError:
            await db.rollback()
            verdict = "duplicate"
    return {"verdict": verdict}


async def _apply(db: AsyncSession, task_id: str, body: bytes, said: dict[str, Any]) -> str:
    now = datetime.now(UTC).replace(tzinfo=None)
    task = await db.scalar(select(Task).where(Task.id == task_id).with_for_update())
    if task is None:
        raise HTTPException(404)
    mark = hashlib.sha256(task_id.encode() + body).digest()
    db.add(Receipt(task_id=task_id, fingerprint=mark, body=body, received_at=now))
    await db.flush()
    status = said["task_status"]
    if RANK[status] <= RANK[task.status]:
        return "stale"
    task.status, task.version, task.updated_at = status, task.version + 1, now
    task.provider_task_id = said["task_id"]
    task.result = str(said.get("task_result"))
    db.add(Change(task_id=task_id, version=task.version, status=status, at=now))
    return "advanced"
