"""Rows of whole numbers come as one array, or not at all."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from data.whole_numbers import read_bytes, read_numbers


def test_rows_come_as_they_are_in_the_session_s_own_transaction(owner: Session) -> None:
    owner.execute(text("create temporary table made (a bigint, b bigint) on commit drop"))
    owner.execute(text("insert into made values (1, -1), (999999999999999, -9223372036854775808)"))
    found = read_numbers(owner, "select a, b from made where a >= :low and 10 % 3 = 1 order by a", {"low": 0}, 2)
    assert found.tolist() == [[1, -1], [999999999999999, -9223372036854775808]]
    assert read_numbers(owner, "select a, b from made where a > :low", {"low": 10**18}, 2).shape == (0, 2)


@pytest.mark.parametrize("query", ["select 1", "select null::bigint", "select 1::bigint, 2::bigint", "select 'a'"])
def test_what_is_no_bigint_is_refused(owner: Session, query: str) -> None:
    with pytest.raises(ValueError, match="bigint"):
        read_numbers(owner, query, {}, 1)


def test_values_are_quoted(owner: Session) -> None:
    found = read_numbers(owner, "select length(:name)::bigint", {"name": "'); drop table made; --%s"}, 1)
    assert found.tolist() == [[25]]


def test_one_value_of_bytes_comes_as_it_is(owner: Session) -> None:
    whole = bytes(range(256))
    assert bytes(read_bytes(owner, "select decode(:hex, 'hex')", {"hex": whole.hex()})) == whole
    assert bytes(read_bytes(owner, "select ''::bytea", {})) == b""


@pytest.mark.parametrize(
    "query",
    ["select null::bytea", "select ''::bytea where false", "select ''::bytea, ''::bytea", "values ('a'), ('b')"],
)
def test_what_is_not_one_value_is_refused(owner: Session, query: str) -> None:
    with pytest.raises(ValueError, match="not one row"):
        read_bytes(owner, query, {})
