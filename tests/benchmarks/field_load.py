"""Many phones at once, in a process of their own: each hands in visits, then photographs, and tries again as told.

Speaks plain HTTP over one kept connection per phone; what it costs itself is told, so that it can be taken off.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
import subprocess
import sys
import time
import uuid
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import urlsplit

from data.settings import ROOT
from tests.benchmarks.figures import Unavailable, p95

_WITHIN_S = 900.0
_WATCH_S = 0.05


@dataclass
class PhoneWork:
    """What one phone has to hand in, and when it comes back.

    Attributes
    ----------
    token : str
        Of its account.
    begins_s : float
        Seconds after the start.
    visits : list of dict
        Bodies without photographs.
    photos : int
        Photographs of each visit.
    """

    token: str
    begins_s: float
    visits: list[dict[str, Any]]
    photos: int = 0


@dataclass
class Handed:
    """What came of it: times of accepted visits and photographs in seconds, how often something was put off, and when
    the last was in; and of the clients themselves, their processor time and how late they woke at the 95th percentile,
    which is in every time they measured."""

    visits: list[float] = field(default_factory=list)
    photos: list[float] = field(default_factory=list)
    shed: int = 0
    put_off: int = 0
    failed: list[str] = field(default_factory=list)
    visits_done_s: float = 0.0
    done_s: float = 0.0
    cpu_s: float = 0.0
    late_s: float = 0.0


def hand_in(site: str, phones: list[PhoneWork], pictures: list[str]) -> Handed:
    """Let all phones hand in at once.

    Parameters
    ----------
    pictures : list of str
        Files of pictures, taken in turn.

    Raises
    ------
    Unavailable
        If the clients break down.
    """
    asked = {"site": site, "phones": [asdict(phone) for phone in phones], "pictures": pictures}
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.field_load"],
        input=json.dumps(asked),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=_WITHIN_S,
        check=False,
    )
    if done.returncode:
        raise Unavailable(f"the clients broke down: {done.stderr.strip()[-500:]}")
    return Handed(**json.loads(done.stdout))


class _Phone:
    def __init__(self, host: str, port: int, work: PhoneWork, pictures: list[bytes], into: Handed) -> None:
        self._where = host, port
        self._work = work
        self._pictures = pictures
        self._into = into
        self._device = str(uuid.uuid4())
        self._line: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._is_new = True

    async def run(self, began: float) -> None:
        await asyncio.sleep(self._work.begins_s)
        waiting: list[tuple[str, bytes]] = []
        for visit in self._work.visits:
            key = str(uuid.uuid4())
            contents = random.sample(self._pictures, self._work.photos)
            photos = {str(uuid.uuid4()): content for content in contents}
            named = [
                {"id": name, "sha256": hashlib.sha256(content).hexdigest(), "size": len(content), "kind": "visit"}
                for name, content in photos.items()
            ]
            body = json.dumps({**visit, "photos": named}, ensure_ascii=False).encode()
            took = await self._until_taken(f"/api/v1/visits/{key}", body, "application/json")
            self._into.visits.append(took)
            waiting += [(f"/api/v1/visits/{key}/photos/{name}", content) for name, content in photos.items()]
        self._into.visits_done_s = max(self._into.visits_done_s, time.perf_counter() - began)
        for path, content in waiting:
            self._into.photos.append(await self._until_taken(path, content, "image/jpeg"))
        self._into.done_s = max(self._into.done_s, time.perf_counter() - began)
        if self._line:
            self._line[1].close()

    async def _until_taken(self, path: str, body: bytes, kind: str) -> float:
        """Seconds of the request that was accepted; those put off are counted."""
        wait_s = 2.0
        while True:
            began = time.perf_counter()
            try:
                status, after = await self._ask(path, body, kind)
            except (OSError, asyncio.IncompleteReadError):
                # A line kept open for long may have been closed on the other side: a new one is tried at once.
                was_new, line, self._line = self._is_new, self._line, None
                if line:
                    line[1].close()
                if not was_new:
                    continue
                status, after = 0, 0.0
            if status in (200, 201):
                return time.perf_counter() - began
            if status == 429:
                self._into.shed += 1
            elif status in (0, 503):
                self._into.put_off += 1
            else:
                self._into.failed.append(f"{status} {path}")
                return time.perf_counter() - began
            await asyncio.sleep(max(after, wait_s) * random.uniform(0.5, 1.5))
            wait_s = min(2 * wait_s, 60.0)

    async def _ask(self, path: str, body: bytes, kind: str) -> tuple[int, float]:
        self._is_new = self._line is None
        if self._line is None:
            self._line = await asyncio.open_connection(*self._where)
        reader, writer = self._line
        head = (
            f"PUT {path} HTTP/1.1\r\nHost: fangtu\r\nAuthorization: Bearer {self._work.token}\r\n"
            f"X-Fangtu-Device: {self._device}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        writer.write(head.encode() + body)
        await writer.drain()
        answer = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in answer[1:])}
        await reader.readexactly(int(fields.get("content-length", 0)))
        if fields.get("connection", "").lower() == "close":
            writer.close()
            self._line = None
        return int(answer[0].split()[1]), float(fields.get("retry-after", 0))


async def _all(asked: dict[str, Any]) -> Handed:
    site, into = urlsplit(asked["site"]), Handed()
    pictures = []
    for name in asked["pictures"]:
        with open(name, "rb") as file:
            pictures.append(file.read())
    began = time.perf_counter()
    late: list[float] = []
    watching = asyncio.create_task(_watch(late))
    phones = [_Phone(site.hostname or "", site.port or 0, PhoneWork(**one), pictures, into) for one in asked["phones"]]
    await asyncio.gather(*(phone.run(began) for phone in phones))
    watching.cancel()
    into.cpu_s = time.process_time()
    into.late_s = p95(late) if late else 0.0
    return into


async def _watch(late: list[float]) -> None:
    """How late the clients wake: what they are late by they would lay to the server's charge."""
    while True:
        began = time.perf_counter()
        await asyncio.sleep(_WATCH_S)
        late.append(time.perf_counter() - began - _WATCH_S)


if __name__ == "__main__":
    json.dump(asdict(asyncio.run(_all(json.load(sys.stdin)))), sys.stdout)
