"""Files on their way in: sealed piece by piece, known by clean names, never left behind."""

from __future__ import annotations

import errno
import hashlib
import os
import tracemalloc
import uuid
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.engine import make_url

from data import sealed_files
from data.bilingual import both, in_language
from data.count_words import changes_in, counts_in_words
from data.imports.choices import NO_CHOICES, read_choices
from data.processes import is_alive, process_mark
from data.sealed_files import PIECE, DiskFull, FileTooLarge, SealedWriter, read_sealed, require_room
from data.sealing import KeyPair, SealBroken, Sealer
from data.settings import Settings
from data.upload_files import (
    UploadGone,
    clean_name,
    clean_sender,
    ending_of,
    open_upload,
    read_refused,
    seal_refused,
    upload_path,
    upload_writer,
)
from data.uploads import UploadUnfit
from data.work_folders import sweep_work, work_folder
from geo.errors import Text

SEALER = Sealer({1: KeyPair(bytes(range(64)), bytes(32))}, 1)
OTHER_KEY = Sealer({1: KeyPair(bytes(64), bytes(32))}, 1)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    url = make_url("postgresql:///none")
    return Settings(url, url, tmp_path, tmp_path / "keys.json")


def seal(path: Path, content: bytes, *, purpose: str = "a", most: int = 1 << 30, step: int = 70_000) -> bytes:
    writer = SealedWriter(path, SEALER, purpose, most)
    for at in range(0, len(content), step):
        writer.write(content[at : at + step])
    return writer.finish()


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 3 * PIECE + 17])
def test_what_was_sealed_opens_again(tmp_path: Path, size: int) -> None:
    content = os.urandom(size)
    path = tmp_path / "file"
    assert seal(path, content) == hashlib.sha256(content).digest()
    assert b"".join(read_sealed(path, SEALER, "a")) == content
    assert path.stat().st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path) == ["file"]


def test_nothing_of_the_content_can_be_read_on_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "file"
    seal(path, "赵新一,340299199001020008".encode() * 100)
    assert "赵新一".encode() not in path.read_bytes()
    assert b"340299" not in path.read_bytes()


def test_the_same_content_never_looks_the_same(tmp_path: Path) -> None:
    seal(tmp_path / "one", b"x" * 1000)
    seal(tmp_path / "two", b"x" * 1000)
    assert (tmp_path / "one").read_bytes()[-900:] != (tmp_path / "two").read_bytes()[-900:]


def _flip(content: bytes, at: int) -> bytes:
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


SEALED_PIECE = PIECE + 16
DAMAGES = {
    "a bit of the content": lambda b: _flip(b, 100),
    "a bit of the head": lambda b: _flip(b, 10),
    "the number of the key": lambda b: _flip(b, 4),
    "the last byte cut off": lambda b: b[:-1],
    "the last piece cut off": lambda b: b[: 21 + 2 * SEALED_PIECE],
    "a piece left out": lambda b: b[: 21 + SEALED_PIECE] + b[21 + 2 * SEALED_PIECE :],
    "two pieces exchanged": lambda b: (
        b[:21] + b[21 + SEALED_PIECE : 21 + 2 * SEALED_PIECE] + b[21 : 21 + SEALED_PIECE] + b[21 + 2 * SEALED_PIECE :]
    ),
    "bytes added": lambda b: b + b"x",
    "nothing left": lambda b: b"",
    "the head only": lambda b: b[:21],
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=list(DAMAGES))
def test_a_file_that_was_changed_does_not_open(tmp_path: Path, damage) -> None:
    path = tmp_path / "file"
    seal(path, os.urandom(2 * PIECE + 5))
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(SealBroken):
        b"".join(read_sealed(path, SEALER, "a"))


def test_a_file_opens_only_as_what_it_is_and_with_its_key(tmp_path: Path) -> None:
    path = tmp_path / "file"
    seal(path, b"content")
    for sealer, purpose in ((SEALER, "b"), (OTHER_KEY, "a")):
        with pytest.raises(SealBroken):
            b"".join(read_sealed(path, sealer, purpose))


def test_a_file_sealed_with_an_older_key_still_opens(tmp_path: Path) -> None:
    path = tmp_path / "file"
    seal(path, b"content")
    newer = Sealer({1: KeyPair(bytes(range(64)), bytes(32)), 2: KeyPair(os.urandom(64), bytes(32))}, 2)
    assert b"".join(read_sealed(path, newer, "a")) == b"content"


def test_too_much_content_is_refused_and_nothing_is_left(tmp_path: Path) -> None:
    writer = SealedWriter(tmp_path / "file", SEALER, "a", 2 * PIECE)
    writer.write(bytes(2 * PIECE))
    with pytest.raises(FileTooLarge):
        writer.write(b"x")
    assert os.listdir(tmp_path) == []


def test_a_full_disk_is_said_in_words_and_nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = SealedWriter(tmp_path / "file", SEALER, "a", 1 << 30)

    def full(_data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(writer._file, "write", full, raising=False)
    with pytest.raises(DiskFull, match="disk is full"):
        writer.write(bytes(3 * PIECE))
    assert os.listdir(tmp_path) == []


def test_a_file_without_room_is_refused_before_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    require_room(tmp_path, 1)
    usage = sealed_files.shutil.disk_usage(tmp_path)
    monkeypatch.setattr(sealed_files.shutil, "disk_usage", lambda folder: usage._replace(free=300 << 20))
    require_room(tmp_path, 10 << 20)
    with pytest.raises(DiskFull):
        require_room(tmp_path, 100 << 20)


def test_sealing_a_large_file_takes_little_memory(tmp_path: Path) -> None:
    piece = bytes(64 << 10)
    writer = SealedWriter(tmp_path / "file", SEALER, "a", 1 << 30)
    tracemalloc.start()
    for _ in range(60 * 16):
        writer.write(piece)
    writer.finish()
    for _ in read_sealed(tmp_path / "file", SEALER, "a"):
        pass
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 12 << 20


def test_a_working_copy_keeps_only_the_ending_and_is_removed(settings: Settings, tmp_path: Path) -> None:
    key = uuid.uuid4()
    writer = upload_writer(settings, SEALER, key)
    writer.write(b"a,b\n1,2\n")
    writer.finish()
    with work_folder(settings) as folder:
        with open_upload(settings, SEALER, key, "../杏花岭 台账.CSV", folder) as path:
            assert (path.parent, path.name) == (folder, "upload.csv")
            assert path.read_bytes() == b"a,b\n1,2\n"
            assert path.stat().st_mode & 0o777 == 0o600
            assert folder.stat().st_mode & 0o777 == 0o700
        assert list(folder.iterdir()) == []
        with pytest.raises(RuntimeError), open_upload(settings, SEALER, key, "a.csv", folder):
            raise RuntimeError
        assert list(folder.iterdir()) == []
    assert list((tmp_path / "work").iterdir()) == []


def test_a_damaged_upload_leaves_no_working_copy(settings: Settings) -> None:
    key = uuid.uuid4()
    writer = upload_writer(settings, SEALER, key)
    writer.write(os.urandom(2 * PIECE))
    writer.finish()
    path = upload_path(settings, key)
    path.write_bytes(_flip(path.read_bytes(), PIECE + 100))
    with (
        work_folder(settings) as folder,
        pytest.raises(SealBroken),
        open_upload(settings, SEALER, key, "a.csv", folder),
    ):
        pass
    path.unlink()
    with (
        work_folder(settings) as folder,
        pytest.raises(UploadGone),
        open_upload(settings, SEALER, key, "a.csv", folder),
    ):
        pass


def test_refused_rows_are_kept_sealed_and_the_newest_counts(settings: Settings, tmp_path: Path) -> None:
    key, plain = uuid.uuid4(), tmp_path / "plain"
    for content in (b"one", b"two"):
        plain.write_bytes(content)
        seal_refused(settings, SEALER, key, plain)
        assert b"".join(read_refused(settings, SEALER, key)) == content


def test_folders_of_dead_processes_are_swept(settings: Settings) -> None:
    with work_folder(settings) as mine:
        pid = os.fork()
        if pid == 0:
            with work_folder(settings) as folder:
                (folder / "left").write_text("x")
                os._exit(0)
        os.waitpid(pid, 0)
        assert len(list((settings.var / "work").iterdir())) == 2
        assert sweep_work(settings) == 1
        assert list((settings.var / "work").iterdir()) == [mine]


def test_a_process_is_known_by_number_and_start() -> None:
    mine = process_mark()
    assert is_alive(mine)
    number, start = mine.split("-")
    assert not is_alive(f"{number}-{int(start) - 1}")
    assert not is_alive(f"{number}-0")
    assert not is_alive("x")


@pytest.mark.parametrize(
    ("given_name", "kept"),
    [
        ("台账.xlsx", "台账.xlsx"),
        ("C:\\fakepath\\台账.xlsx", "台账.xlsx"),
        ("../../etc/passwd", "passwd"),
        ("a\nb\x00c.csv", "abc.csv"),
        ("\u202egnp.xlsx", "gnp.xlsx"),
        ("  .. ", "file"),
        ("", "file"),
        (None, "file"),
        ("长" * 300 + ".xlsx", "长" * 195 + ".xlsx"),
        ("e\u0301.csv", "é.csv"),
    ],
)
def test_a_name_is_kept_without_path_and_hidden_characters(given_name: str | None, kept: str) -> None:
    assert clean_name(given_name) == kept


@given(st.text(max_size=400))
def test_whatever_a_file_is_called_its_name_is_safe(name: str) -> None:
    kept = clean_name(name)
    assert 0 < len(kept) <= 200
    assert not set(kept) & set("/\\\0\n\r\u202e\u2028")
    assert clean_name(kept) == kept
    kept.encode()


@pytest.mark.parametrize(
    ("name", "ending"), [("a.XLSX", ".xlsx"), ("a.tar.gz", ".gz"), ("a", ""), ("a.表格", ""), ("a./..", "")]
)
def test_an_ending_is_plain_letters(name: str, ending: str) -> None:
    assert ending_of(name) == ending


def test_a_sender_is_one_line() -> None:
    assert clean_sender("  镇建设办 \n\u202e二楼 ") == "镇建设办 二楼"
    assert clean_sender(" \t ") is None
    assert clean_sender(None) is None
    assert len(clean_sender("办" * 500) or "") == 60


def test_choices_stand_at_their_defaults() -> None:
    assert read_choices({}) == NO_CHOICES
    chosen = {"crs": "gcj02", "swapped": True, "mapping": {"户主": "head_name", "备注": "-"}, "round": 2}
    assert read_choices(chosen) == {**NO_CHOICES, **chosen}


@pytest.mark.parametrize(
    "given_choices",
    [
        [],
        "x",
        None,
        {"other": 1},
        {"swapped": 1},
        {"swapped": "yes"},
        {"round": True},
        {"round": 0},
        {"round": 10**9},
        {"crs": ""},
        {"crs": "x" * 2000},
        {"sheet": "a\0b"},
        {"mapping": []},
        {"mapping": {"a": None}},
        {"mapping": {"": "code"}},
        {"mapping": {f"c{n}": "-" for n in range(1001)}},
    ],
)
def test_badly_formed_choices_are_refused(given_choices: object) -> None:
    with pytest.raises(UploadUnfit):
        read_choices(given_choices)


def test_stored_sentences_are_read_in_one_language() -> None:
    stored = {"a": both(Text("甲", "A")), "list": [{"b": both(Text("乙", "B")), "n": 1}], "none": None}
    assert in_language(stored, "zh") == {"a": "甲", "list": [{"b": "乙", "n": 1}], "none": None}
    assert in_language(stored, "en") == {"a": "A", "list": [{"b": "B", "n": 1}], "none": None}


def test_totals_are_told_in_words_and_those_without_words_left_out() -> None:
    counts = {"inserted": 0, "updated": 3, "outside": 0, "moved": 2, "secret": 9, "derived": "x"}
    assert counts_in_words(counts, "en") == [("Added", 0), ("Updated", 3), ("Households that changed their village", 2)]
    assert changes_in({"inserted": 2, "houses_inserted": 1, "updated": 3}) == {
        "restored": 3,
        "removed": 3,
        "returned": 0,
    }
    assert changes_in({}) is None
