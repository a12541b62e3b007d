"""Passwords: what is accepted, how it is hashed, and a check that takes as long for a name nobody has."""

from __future__ import annotations

import re
import secrets
import string
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from geo.errors import FangtuError, Text

LEAST_LENGTH = 10
MOST_LENGTH = 200
LEAST_CLASSES = 3
# Words that stay guessable whatever digits and signs are put around them.
COMMON = frozenset(
    re.findall(
        r"\w+",
        """abc abcabc abcd abcdefg admin administrator asdf asdfgh changeme changle demo dragon fangtu fangtuadmin
        fangtudemo fangtuuser football guest hello huanying iloveyou inspector leader letmein login master monkey pass
        password passwort passwd princess qazwsx qazwsxedc qq qwer qwert qwerty qwertyuiop root secret shandong
        supervisor tangwu test temp user weifang welcome woaini woaizhongguo xiangcun zaq zhongguo zxcvbnm""",
    )
)
LETTERS_FOR_SIGNS = str.maketrans("013457@$!", "oieastasi")

_hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)


class PasswordUnfit(FangtuError):
    """A new password is too short, too plain or too well known."""

    code = "password_unfit"


def hash_password(password: str) -> str:
    """Hash with argon2id (19 MiB, two passes: about 50 ms)."""
    return _hasher.hash(password)


def password_matches(stored: str | None, password: str) -> bool:
    """Whether a password belongs to a stored hash.

    Parameters
    ----------
    stored : str or None
        None (no such account, or no password yet) takes the same time and gives False.
    """
    try:
        _hasher.verify(stored or _nobodys_hash(), password[: MOST_LENGTH + 1])
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None


def check_new_password(password: str, username: str = "") -> None:
    """Refuse a password that is easy to guess.

    The rule: at least 10 characters; three of capital letters, small letters, digits, other signs; not a well-known
    word with digits around it; not the sign-in name.

    Raises
    ------
    PasswordUnfit
        With the one thing to change.
    """
    if len(password) < LEAST_LENGTH:
        raise PasswordUnfit(
            Text(
                f"密码至少 {LEAST_LENGTH} 个字符，现在是 {len(password)} 个。",
                f"A password has at least {LEAST_LENGTH} characters; this one has {len(password)}.",
            ),
            found=len(password),
            expected=LEAST_LENGTH,
        )
    if len(password) > MOST_LENGTH:
        raise PasswordUnfit(
            Text(f"密码最多 {MOST_LENGTH} 个字符。", f"A password has at most {MOST_LENGTH} characters."),
            expected=MOST_LENGTH,
        )
    if _classes(password) < LEAST_CLASSES:
        raise PasswordUnfit(
            Text(
                "密码要含大写字母、小写字母、数字、其他符号中的三种。",
                "A password needs three of: capital letters, small letters, digits, other signs.",
            ),
            found=_classes(password),
            expected=LEAST_CLASSES,
        )
    if username and username.lower() in password.lower():
        raise PasswordUnfit(
            Text("密码不能包含登录名。", "A password must not contain the sign-in name."),
        )
    if _is_common(password) or len(set(password)) < 5:
        raise PasswordUnfit(
            Text(
                "这个密码太常见，容易被猜到。请换一个。",
                "This password is well known and easy to guess. Choose another.",
            ),
        )


def make_password() -> str:
    """A random password of 14 characters that keeps the rule, without letters that look alike."""
    letters = "abcdefghjkmnpqrstuvwxyz"
    alphabet = letters + letters.upper() + "23456789"
    while True:
        password = "-".join("".join(secrets.choice(alphabet) for _ in range(4)) for _ in range(3))
        if _classes(password) == 4:
            return password


def _classes(password: str) -> int:
    return sum(
        any(test(letter) for letter in password)
        for test in (
            lambda letter: letter in string.ascii_uppercase,
            lambda letter: letter in string.ascii_lowercase,
            lambda letter: letter in string.digits,
            lambda letter: letter not in string.ascii_letters + string.digits,
        )
    )


def _is_common(password: str) -> bool:
    small = password.lower()
    core = re.sub(r"^[\W\d_]+|[\W\d_]+$", "", small)
    return any(re.sub(r"[\W\d_]", "", form) in COMMON for form in (small, core.translate(LETTERS_FOR_SIGNS)))


@cache
def _nobodys_hash() -> str:
    return _hasher.hash(secrets.token_hex(16))
