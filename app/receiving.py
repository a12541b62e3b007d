"""Files that come with a form: sealed piece by piece as they arrive, never whole in memory, gone when refused."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import IO, Any, TypeVar, cast

from flask import Flask, Request, current_app, g, request

from app.session import asker, db, release, store
from data.sealed_files import SealedWriter, require_room
from data.upload_files import MOST_BYTES, upload_writer
from data.uploads import UploadUnfit, require_free_place
from geo.errors import Text

View = TypeVar("View", bound=Callable[..., Any])
MARK = "fangtu_takes_file"
# What a form holds besides its file.
_REST_BYTES = 1 << 20


class Received:
    """One file on its way in: a place the form's parser writes to, and the number the upload gets."""

    def __init__(self, name: str | None) -> None:
        self.id = uuid.uuid4()
        self.name = name
        self.is_kept = False
        self._writer: SealedWriter = upload_writer(store().settings, store().sealer, self.id)

    @property
    def size_bytes(self) -> int:
        """Bytes taken so far."""
        return self._writer.size_bytes

    def write(self, data: bytes) -> int:
        """Take the next bytes."""
        return self._writer.write(data)

    def seek(self, _offset: int, _whence: int = 0) -> int:
        """Stay: what was sealed is not read back here."""
        return 0

    def close(self) -> None:
        """Do nothing; the end of the request decides what becomes of the file."""

    def finish(self) -> bytes:
        """Put the file in its place; gives SHA-256 of its content."""
        return self._writer.finish()

    def drop(self) -> None:
        """Remove what was taken."""
        self._writer.drop()


class StreamingRequest(Request):
    """A request whose file, where a view takes one, is sealed while it is read."""

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        if not g.get("takes_file"):
            return super()._get_file_stream(total_content_length, content_type, filename, content_length)
        if "received" in g:
            raise UploadUnfit(
                Text("一次只能上传一个文件。多个文件请打成 zip 包。", "One file at a time; pack several into a zip.")
            )
        g.received = Received(filename)
        return cast("IO[bytes]", g.received)


def takes_file(view: View) -> View:
    """Mark a view as taking one file with its form."""
    setattr(view, MARK, True)
    return view


def open_door() -> None:
    """Let the request bring a large file if its view takes one; called once the asker's role is known.

    The transaction ends before the file is read: that may take minutes, and nothing may wait for it.

    Raises
    ------
    TooManyUploads, DiskFull
        Before anything of the file is read.
    """
    view = current_app.view_functions.get(request.endpoint or "")
    if not getattr(view, MARK, False):
        return
    require_free_place(db(), asker().account_id)
    folder = store().settings.var / "uploads"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    require_room(folder, min(request.content_length or MOST_BYTES, MOST_BYTES))
    release()
    request.max_content_length = MOST_BYTES + _REST_BYTES
    g.takes_file = True


def received_file() -> Received | None:
    """The file of this request's form; None if the form has none."""
    _ = request.files  # reads the form to its end
    found: Received | None = g.get("received")
    return found if found is not None and found.name else None


def init_app(app: Flask) -> None:
    """Use the streaming request, and remove the file of a request that did not keep it."""
    app.request_class = StreamingRequest
    app.teardown_request(_clear)


def _clear(error: BaseException | None) -> None:
    received: Received | None = g.pop("received", None)
    if received is not None and (error is not None or not received.is_kept):
        received.drop()
