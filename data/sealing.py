"""Sealed personal numbers: AES-SIV with the place of the value bound in, and keyed hashes for exact search.

The keys lie in one file outside the database (``var/secrets/keys.json`` or ``FANGTU_KEY_FILE``). Each sealed value
begins with one byte that names its key, so that keys can change without touching what older keys sealed.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from data.numbers import normalise
from geo.errors import FangtuError, Text


class KeysUnfit(FangtuError):
    """The key file is missing or does not hold what it must."""

    code = "keys_unfit"


class SealBroken(FangtuError):
    """A sealed value does not open: another key, another row, or changed bytes."""

    code = "seal_broken"


@dataclass(frozen=True)
class SealedField:
    """Where one kind of personal number is kept.

    Attributes
    ----------
    name : str
        Name of the field for programs (``phone``).
    column : str
        Sealed column of the table ``household``; part of what is bound into the seal.
    index : str
        Column of its keyed hash.
    """

    name: str
    column: str
    index: str


SEALED_FIELDS = {
    "id_number": SealedField("id_number", "id_sealed", "id_index"),
    "phone": SealedField("phone", "phone_sealed", "phone_index"),
    "bank_card": SealedField("bank_card", "card_sealed", "card_index"),
}


@dataclass(frozen=True)
class KeyPair:
    """One generation of keys: 64 bytes to seal, 32 bytes to index."""

    seal: bytes
    index: bytes


class Sealer:
    """Seals, opens and indexes personal numbers with the keys of one file.

    Parameters
    ----------
    keys : mapping of int to KeyPair
        All generations that may still be met, by number 1–255.
    current : int
        The generation new values are sealed with.
    """

    def __init__(self, keys: Mapping[int, KeyPair], current: int) -> None:
        self._keys = dict(keys)
        self._current = current
        self._ciphers = {number: AESSIV(pair.seal) for number, pair in self._keys.items()}

    def seal(self, value: str, place: str, row_id: int) -> bytes:
        """Seal a value for one place.

        Parameters
        ----------
        value : str
            The number as people wrote it (normalise first if that is what should come back).
        place : str
            ``table.column``, such as ``household.phone_sealed``.
        row_id : int
            Key of the row; a value copied to another row or column does not open there.

        Returns
        -------
        bytes
            Key number (1 byte), tag (16 bytes) and ciphertext (as long as the UTF-8 value).
        """
        return self.seal_bytes(value.encode(), place, row_id)

    def seal_bytes(self, value: bytes, place: str, row_id: int) -> bytes:
        """Seal bytes, which may be no text, as :meth:`seal` seals a text."""
        sealed = self._ciphers[self._current].encrypt(value, [_bound(place, row_id)])
        return bytes([self._current]) + sealed

    def open(self, sealed: bytes, place: str, row_id: int) -> str:
        """Open what :meth:`seal` made for the same place and row.

        Raises
        ------
        SealBroken
            If the key is not in the file, or the bytes belong to another place or were changed.
        """
        try:
            return self.open_bytes(sealed, place, row_id).decode()
        except ValueError as error:
            raise _broken(place, row_id) from error

    def open_bytes(self, sealed: bytes, place: str, row_id: int) -> bytes:
        """Open what :meth:`seal_bytes` made for the same place and row.

        Raises
        ------
        SealBroken
            As for :meth:`open`.
        """
        sealed = bytes(sealed)
        cipher = self._ciphers.get(sealed[0]) if sealed else None
        try:
            if cipher is None:
                raise InvalidTag
            return cipher.decrypt(sealed[1:], [_bound(place, row_id)])
        except InvalidTag as error:
            raise _broken(place, row_id) from error

    def is_current(self, sealed: bytes) -> bool:
        """Whether a value is sealed with the newest key; if not, open it and seal it again."""
        return bytes(sealed[:1]) == bytes([self._current])

    @property
    def newest(self) -> int:
        """Number of the key that new values are sealed with."""
        return self._current

    def file_key(self, purpose: str, salt: bytes, number: int) -> bytes:
        """Derive a key of 32 bytes for one file (HKDF with SHA-256, RFC 5869).

        Parameters
        ----------
        purpose : str
            What the file is and its number; another purpose gives another key.
        salt : bytes
            Random bytes kept with the file, so that no two files share a key.
        number : int
            Which key of the key file to derive from; :attr:`newest` for a new file.

        Raises
        ------
        SealBroken
            If the key file has no key of that number.
        """
        pair = self._keys.get(number)
        if pair is None:
            raise _broken(purpose, None)
        return HKDF(hashes.SHA256(), 32, salt, purpose.encode()).derive(pair.seal)

    def index(self, value: str, kind: str) -> bytes:
        """Keyed hash of a normalised value under the newest key, to be stored beside the sealed one.

        Parameters
        ----------
        value : str
            The number; :func:`data.numbers.normalise` is applied here.
        kind : str
            ``id_number``, ``phone`` or ``bank_card``; equal digits of two kinds get different hashes.

        Returns
        -------
        bytes
            Key number (1 byte) and HMAC-SHA256 (32 bytes).
        """
        return self._index(self._current, value, kind)

    def indexes(self, value: str, kind: str) -> list[bytes]:
        """The hashes a stored value may have, newest key first; search with all of them."""
        numbers = sorted(self._keys, key=lambda number: number != self._current)
        return [self._index(number, value, kind) for number in numbers]

    def _index(self, number: int, value: str, kind: str) -> bytes:
        message = f"{kind}:{normalise(value, kind)}".encode()
        return bytes([number]) + hmac.new(self._keys[number].index, message, hashlib.sha256).digest()


def _broken(place: str, row_id: int | None) -> SealBroken:
    return SealBroken(
        Text(
            f"加密内容打不开（{place}）。请核对密钥文件与备份是否配套。",
            f"A sealed value does not open ({place}). Check that the key file belongs to this database.",
        ),
        place=place,
        row=row_id,
    )


def _bound(place: str, row_id: int) -> bytes:
    return f"{place}:{row_id}".encode()


def load_keys(path: Path) -> dict[str, object]:
    """Read the key file as it stands.

    Raises
    ------
    KeysUnfit
        If it is missing or not JSON.
    """
    try:
        keys = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise KeysUnfit(
            Text(
                f"读不到密钥文件 {path}。请运行 ./fangtu upgrade 生成，或从保管处取回。",
                f"Cannot read the key file {path}. Run ./fangtu upgrade to make one, or bring it back.",
            ),
            found=str(path),
        ) from error
    if not isinstance(keys, dict):
        raise _unfit(path)
    return keys


def load_sealer(path: Path) -> Sealer:
    """Sealer with the keys of a file ``{"current": "1", "keys": {"1": {"seal": hex, "index": hex}}}``.

    Raises
    ------
    KeysUnfit
        If the file is missing, or a key has the wrong length or number.
    """
    keys = load_keys(path)
    try:
        stored = keys["keys"]
        assert isinstance(stored, dict)
        pairs = {
            int(number): KeyPair(bytes.fromhex(pair["seal"]), bytes.fromhex(pair["index"]))
            for number, pair in stored.items()
        }
        current = int(str(keys["current"]))
    except (KeyError, TypeError, ValueError, AssertionError) as error:
        raise _unfit(path) from error
    right = all(1 <= number <= 255 and len(pair.seal) == 64 and len(pair.index) == 32 for number, pair in pairs.items())
    if not right or current not in pairs:
        raise _unfit(path)
    return Sealer(pairs, current)


def load_secret(path: Path, name: str) -> bytes:
    """One of the file's other keys: ``session`` signs sessions, ``flask`` signs forms (at least 32 bytes each).

    Raises
    ------
    KeysUnfit
        If it is missing or too short.
    """
    try:
        secret = bytes.fromhex(str(load_keys(path)[name]))
    except (KeyError, ValueError) as error:
        raise _unfit(path) from error
    if len(secret) < 32:
        raise _unfit(path)
    return secret


def _unfit(path: Path) -> KeysUnfit:
    return KeysUnfit(
        Text(
            f"密钥文件 {path} 不完整。请从保管处取回原文件；不要手工修改。",
            f"The key file {path} is not complete. Bring back the original from safe keeping; do not edit it by hand.",
        ),
        found=str(path),
    )
