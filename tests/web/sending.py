"""Sending files as the page does, and letting the worker do what waits."""

from __future__ import annotations

import io
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from data.settings import Settings
from data.worker import Worker
from tests.township import TOWNSHIP
from tests.web.conftest import Web


class Sender:
    """One account that sends files, by its token and in JSON."""

    def __init__(self, app: Flask, web: Web, account: str) -> None:
        self._client = app.test_client()
        self._headers = {"Authorization": f"Bearer {web.tokens[account]}", "Accept": "application/json"}
        self.web = web

    def call(self, method: str, path: str, **how: Any) -> TestResponse:
        """One request."""
        return self._client.open(path, method=method, headers={**self._headers, **how.pop("headers", {})}, **how)

    def send(self, content: bytes, name: str = "台账.csv", area: str = TOWNSHIP, **form: str) -> TestResponse:
        """Send a file."""
        return self.call(
            "POST",
            "/imports",
            data={"file": (io.BytesIO(content), name), "area": area, **form},
            content_type="multipart/form-data",
        )

    def upload(self, content: bytes, name: str = "台账.csv", **form: str) -> str:
        """Send a file that is taken; gives its address in the API."""
        answer = self.send(content, name, **form)
        assert answer.status_code == 201, answer.text
        return f"/api/v1/imports/{answer.json['id']}"

    def read(self, address: str) -> dict[str, Any]:
        """The JSON of an address."""
        answer = self.call("GET", address)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json
        return found

    def do(self, address: str, act: str) -> dict[str, Any]:
        """Begin a step, let the worker do it, and give the upload."""
        answer = self.call("POST", f"{address}/{act}", json={})
        assert answer.status_code == 200, answer.text
        work(self.web.settings)
        return self.read(address)

    def imported(self, content: bytes, name: str = "台账.csv", **form: str) -> dict[str, Any]:
        """Send a file, try and import it."""
        address = self.upload(content, name, **form)
        work(self.web.settings)
        self.do(address, "trial")
        found = self.do(address, "run")
        assert found["state"] == "imported", found["job"]
        return found


def work(settings: Settings) -> None:
    """Let a worker do everything that waits."""
    Worker(settings).run(until_idle=True)


def row_of(web: Web, table: str, key: str) -> Any:
    """One row of a table by its key, as the owner."""
    with Session(web.owner) as session:
        return session.execute(text(f"select * from {table} where id = :id"), {"id": uuid.UUID(key)}).one()


@contextmanager
def changed(web: Web, statement: str, back: str, **values: Any) -> Iterator[None]:
    """Change something as the owner, and change it back."""
    for sql, before in ((statement, True), (back, False)):
        if not before:
            yield
        with Session(web.owner) as session, session.begin():
            session.execute(text(sql), values)
