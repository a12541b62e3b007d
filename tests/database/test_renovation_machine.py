"""No order of operations pays before acceptance, pays twice or loses history: random acts on three sites."""

from __future__ import annotations

import tempfile
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
from hypothesis import HealthCheck
from hypothesis import settings as bounded
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from data.local_time import today
from data.renovation.bank_files import reference_of, write_bank_file
from data.renovation.funds import entitle
from data.renovation.gates import advance, end_site, resume_site, send_back
from data.renovation.payments import cancel_batch, cancel_line, list_sites, open_batch
from data.renovation.unfit import RenovationUnfit
from data.rules.gates import GATES
from data.sealing import Sealer, load_sealer
from data.settings import Settings
from tests.renovation import DAY, YEAR, answer, book, new_site, settle
from tests.township import TOWNSHIP, make_township

HOMES = ("H2", "H3", "H5")
SITES = st.integers(0, len(HOMES) - 1)


class Renovating(RuleBasedStateMachine):
    """Acts as people make them, most of which are refused; the invariants look at the tables alone."""

    engine: Engine
    sealer: Sealer
    most_paid = 0  # so that the invariants are known to have seen money go

    @initialize(stage=st.sampled_from(("accepted", "approved", "found")))
    def begin(self, stage: str) -> None:
        self.connection = self.engine.connect()
        self.outer = self.connection.begin()
        self.session = Session(self.connection, join_transaction_mode="create_savepoint")
        self.town = make_township(self.session)
        settle(self.session, self.town, self.sealer)
        self.sites = [new_site(self.session, self.town, home, stage) for home in HOMES]
        self.batches: list[int] = []
        self.seen: list[tuple[Any, ...]] = []

    def teardown(self) -> None:
        if hasattr(self, "session"):
            try:
                # However the acts went, what is due at their end is paid, and that holds as well.
                self.the_usual_way()
                self.the_bank_pays()
                self.nothing_is_paid_before_acceptance_or_twice()
                self.history_only_grows()
                self.what_was_booked_is_what_the_rows_of_returns_say()
            finally:
                self.close()

    def close(self) -> None:
        """Leave nothing behind."""
        if hasattr(self, "session"):
            self.session.close()
            self.outer.rollback()
            self.connection.close()

    def attempt(self, act: Any) -> None:
        """Do something that may be refused; a refusal leaves nothing behind."""
        try:
            with self.session.begin_nested():
                act()
        except RenovationUnfit:
            pass

    @rule(at=SITES, gate=st.sampled_from(GATES), later=st.integers(-1, 3))
    def any_gate(self, at: int, gate: str, later: int) -> None:
        day = min(today(), DAY + timedelta(days=later))
        self.attempt(lambda: advance(self.session, None, self.sites[at], gate, on_day=day))

    @rule(at=SITES)
    def next_gate(self, at: int) -> None:
        row = self.session.execute(
            text("""
                select (gates_of(method))[array_position(gates_of(method), stage) + 1] as gate from renovation_site
                 where id = :id"""),
            {"id": self.sites[at]},
        ).one()
        if row.gate:
            self.attempt(lambda: advance(self.session, None, self.sites[at], row.gate))

    @rule(at=SITES, gate=st.sampled_from(GATES))
    def back(self, at: int, gate: str) -> None:
        self.attempt(lambda: send_back(self.session, None, self.sites[at], gate, "试一试"))

    @rule(at=SITES, act=st.sampled_from(("rejected", "withdrawn")))
    def end(self, at: int, act: str) -> None:
        self.attempt(lambda: end_site(self.session, None, self.sites[at], act, "试一试"))

    @rule(at=SITES)
    def resume(self, at: int) -> None:
        self.attempt(lambda: resume_site(self.session, None, self.sites[at], "试一试"))

    @rule(at=SITES, fen=st.sampled_from((None, 0, 1, 7_500_00, 30_000_00)))
    def entitle(self, at: int, fen: int | None) -> None:
        self.attempt(lambda: entitle(self.session, None, self.sites[at], fen=fen, reason=None if fen is None else "试"))

    @rule(some=st.lists(SITES, max_size=4))
    def batch(self, some: list[int]) -> None:
        made = open_batch(
            self.session, None, area_id=self.town.areas[TOWNSHIP], year=YEAR, name=f"第 {len(self.batches)} 批"
        )
        self.batches.append(made)
        self.attempt(lambda: list_sites(self.session, None, made, [self.sites[at] for at in some]))

    @rule()
    def the_usual_way(self) -> None:
        """What is accepted is entitled by its rate, listed and sent, so that banks have something to answer."""
        for site in self.sites:
            self.attempt(partial(entitle, self.session, None, site))
        self.batch(list(range(len(self.sites))))
        self.attempt(lambda: write_bank_file(self.session, self.batches[-1], self.sealer, ".csv"))

    @rule()
    def the_bank_pays(self) -> None:
        """Every line the bank has is answered as paid."""
        lines = self.session.execute(
            text("select batch_id, line_no, fen from payment where state = 'sent' order by id")
        ).all()
        for batch in {line.batch_id for line in lines}:
            rows = [
                (reference_of(batch, line.line_no), f"{line.fen / 100:.2f}", "成功", "")
                for line in lines
                if line.batch_id == batch
            ]
            with tempfile.TemporaryDirectory() as folder:
                path = answer(Path(folder), rows)
                self.attempt(partial(book, self.session, batch, path, self.sealer))

    @rule(data=st.data())
    def list_all(self, data: st.DataObject) -> None:
        if self.batches:
            chosen = data.draw(st.sampled_from(self.batches))
            self.attempt(lambda: list_sites(self.session, None, chosen))

    @rule(data=st.data(), whole=st.booleans())
    def take_out(self, data: st.DataObject, whole: bool) -> None:
        lines = self.session.execute(text("select id, batch_id from payment where state = 'listed' order by id")).all()
        if lines:
            line = data.draw(st.sampled_from(lines))
            if whole:
                self.attempt(lambda: cancel_batch(self.session, line.batch_id))
            else:
                self.attempt(lambda: cancel_line(self.session, line.batch_id, line.id))

    @rule(data=st.data())
    def send(self, data: st.DataObject) -> None:
        if self.batches:
            chosen = data.draw(st.sampled_from(self.batches))
            self.attempt(lambda: write_bank_file(self.session, chosen, self.sealer, ".csv"))

    @rule(data=st.data(), extra=st.booleans())
    def bank_answers(self, data: st.DataObject, extra: bool) -> None:
        """A return file of random lines and verdicts, some of them wrong, double or of another batch."""
        if not self.batches:
            return
        chosen = data.draw(st.sampled_from(self.batches[::-1]))
        lines = self.session.execute(
            text("select batch_id, line_no, fen from payment where state <> 'cancelled' order by id desc")
        ).all()
        rows = (
            [
                (
                    reference_of(line.batch_id, line.line_no),
                    f"{(line.fen + data.draw(st.sampled_from((0, 0, 0, 1)))) / 100:.2f}",
                    data.draw(st.sampled_from(("成功", "成功", "失败", "？"))),
                    "户名不符",
                )
                for line in data.draw(st.lists(st.sampled_from(lines), max_size=5)) or ()
            ]
            if lines
            else []
        )
        if extra:
            rows.append((reference_of(chosen, 999), "1.00", "成功", ""))
        with tempfile.TemporaryDirectory() as folder:
            path = answer(Path(folder), rows)
            self.attempt(lambda: book(self.session, chosen, path, self.sealer))

    @invariant()
    def nothing_is_paid_before_acceptance_or_twice(self) -> None:
        if not hasattr(self, "session"):
            return
        rows = self.session.execute(
            text("""
                select s.id, s.stage, s.state, s.entitled_fen, gates_of(s.method) as chain,
                       coalesce(sum(p.fen) filter (where p.state in ('listed', 'sent', 'paid')), 0) as gone,
                       coalesce(sum(p.fen) filter (where p.state = 'paid'), 0) as paid,
                       count(*) filter (where p.state in ('listed', 'sent')) as under_way,
                       exists (select 1 from site_gate g where g.site_id = s.id and g.gate = 'accepted'
                                  and g.act = 'passed') as accepted,
                       (select e.fen from entitlement e join site_gate g on g.site_id = e.site_id
                         where e.site_id = s.id and g.gate = 'paid' and g.act = 'passed' and e.at <= g.at
                         order by g.no desc, e.id desc limit 1) as owed
                  from renovation_site s left join payment p on p.site_id = s.id
                 where s.id = any (:ids) group by s.id"""),
            {"ids": self.sites},
        ).all()
        for row in rows:
            at = row.chain.index(row.stage)
            if row.gone:
                assert row.accepted
                assert at >= row.chain.index("accepted")
                assert row.state == "open"
                assert row.gone <= row.entitled_fen
            assert row.under_way <= 1
            if at >= row.chain.index("paid"):
                # In full as it stood then; what is added later is paid later.
                assert row.paid >= row.owed
                assert row.paid <= row.entitled_fen

    @invariant()
    def history_only_grows(self) -> None:
        if not hasattr(self, "session"):
            return
        now = [
            tuple(row)
            for row in self.session.execute(
                text("""
                    select id, site_id, no, act, gate, on_day, reason from site_gate
                     where site_id = any (:ids) order by id"""),
                {"ids": self.sites},
            )
        ]
        assert now[: len(self.seen)] == self.seen
        self.seen = now

    @invariant()
    def what_was_booked_is_what_the_rows_of_returns_say(self) -> None:
        if not hasattr(self, "session"):
            return
        paid = self.session.scalar(text("select coalesce(sum(fen), 0) from payment where state = 'paid'"))
        booked = self.session.scalar(text("select coalesce(sum(fen), 0) from bank_return_row where outcome = 'paid'"))
        assert paid == booked
        type(self).most_paid = max(self.most_paid, int(paid or 0))


def test_random_acts(engine: Engine, settings: Settings) -> None:
    Renovating.engine = engine
    Renovating.sealer = load_sealer(settings.key_file)
    run_state_machine_as_test(
        Renovating,
        settings=bounded(
            max_examples=14,
            stateful_step_count=40,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert Renovating.most_paid > 0
