"""Moving a renovation site from gate to gate (环节): each act is a row that stays, the site shows where they led."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Row, insert, select, text
from sqlalchemy.orm import Session

from data.askers import Asker, RecordUnknown
from data.audit import record
from data.renovation.checks import site_checks
from data.renovation.eligibility import what_stops
from data.renovation.steps import (
    expect_no_money,
    expect_open,
    expect_revision,
    fit_day,
    locked_site,
    locked_sites,
    not_next,
    stated_reason,
    write_act,
)
from data.renovation.unfit import RenovationUnfit, clean_words, judged, lacking
from data.rules.gates import has_passed, next_gate
from data.rules.words import STAGE
from data.tables import SiteGate
from geo.counting import counted
from geo.errors import Text

ENDINGS = ("rejected", "withdrawn")


def advance(
    session: Session,
    asker: Asker | None,
    site_id: int,
    gate: str,
    *,
    on_day: date | None = None,
    note: str | None = None,
    household_present: bool | None = None,
    override: str | None = None,
    revision: int | None = None,
    uid: uuid.UUID | None = None,
) -> str:
    """Pass the next gate of a site.

    Parameters
    ----------
    gate : str
        A key of ``STAGE``: it must be the next one of the site's method. ``paid`` is passed by the bank's answer alone.
    on_day : date, optional
        Today by default; not before the gate before it, not in the future.
    household_present : bool, optional
        Whether the household took part (质量监督、竣工验收 with the household, Wuhu 2024).
    override : str, optional
        The reason why a household that is excluded, or that a list speaks against, passes ``compared`` (or
        ``approved``) all the same, or a site ``accepted`` with an objection open; it stays with the step.
    revision : int, optional
        The revision the page showed; somebody else's step meanwhile is never passed over.
    uid : UUID, optional
        Made by the client: the same step sent twice is taken once.

    Returns
    -------
    str
        The stage the site stands at now.

    Raises
    ------
    RecordUnknown
        If the asker sees no such site.
    RenovationUnfit
        If the gate is not the next one, the site is closed, or a check before approval is open; it says which.
    """
    site = locked_site(session, site_id)
    if uid and session.scalar(select(SiteGate.id).where(SiteGate.uid == uid, SiteGate.site_id == site_id)):
        return str(site.stage)
    expect_revision(site, revision)
    day = _fit(site, gate, on_day, _lacks(session, [site_id], gate, passing=bool(override and override.strip())))
    reason = _passed_over(session, site_id, gate, day, override)
    if gate == "appraised":
        _take_grades(session, [site_id])
    write_act(
        session,
        asker,
        site,
        "passed",
        gate,
        day,
        noted_as="site_pass",
        details={"gate": gate},
        note=clean_words(note),
        reason=reason,
        household_present=household_present,
        uid=uid,
    )
    return gate


def _lacks(session: Session, site_ids: Sequence[int], gate: str, *, passing: bool = False) -> dict[int, list[Text]]:
    """What the checks before approval still lack, by site; nothing for other gates.

    ``passing``: a reason comes with the step, so that what stops a household at the gate is not asked a second time.
    """
    if gate != "approved":
        return {}
    found = site_checks(session, site_ids)
    stopped = what_stops(session, site_ids, gate) if passing else {}
    return {
        site: [check.why for check in checks if not check.met and not (check.name == "identity" and site in stopped)]
        for site, checks in found.items()
    }


def _passed_over(session: Session, site_id: int, gate: str, day: date, override: str | None) -> str | None:
    """The reason for which a household passes a gate that would stop it; refused without one, None if nothing stops."""
    stopped = what_stops(session, [site_id], gate, day).get(site_id)
    if stopped is None:
        return None
    reason = clean_words(override)
    if not reason or len(reason) < 2:
        raise _stop(stopped, gate)
    return reason


def _stop(why: Text, gate: str) -> RenovationUnfit:
    if gate == "accepted":
        return RenovationUnfit(
            Text(
                f"没有保存：{why.zh}。请先答复；如确应验收，请写明理由。",
                f"Not saved: {why.en}. Answer first; if it should be accepted all the same, give the reason.",
            ),
            column="override",
        )
    return RenovationUnfit(
        Text(
            f"没有保存：这一户不能通过比对：{why.zh}。如确应通过，请写明理由。",
            f"Not saved: the household does not pass: {why.en}. If it should all the same, give the reason.",
        ),
        column="override",
    )


def _fit(site: Row[Any], gate: str, on_day: date | None, lacks: dict[int, list[Text]]) -> date:
    """The day on which a site passes a gate; refused where it may not."""
    expect_open(site)
    wanted = next_gate(site.method, site.stage)
    if gate not in STAGE:
        raise lacking("gate", f"没有环节“{gate}”", f"there is no gate '{gate}'", found=gate, expected=list(STAGE))
    if gate != wanted:
        raise not_next(site, gate, wanted)
    if gate == "paid":
        raise RenovationUnfit(
            Text(
                "没有保存：“打卡发放”由银行回盘确认，不能手工登记。请在资金页列入批次。",
                "Not saved: 'paid' is confirmed by the bank's return file and is not set by hand. List it in a batch.",
            ),
            found=gate,
        )
    if gate == "appraised" and site.house_id is not None and site.graded is None:
        raise RenovationUnfit(
            Text(
                "没有保存：房屋还没有鉴定，请先登记鉴定。",
                "Not saved: the house is not appraised; enter its appraisal first.",
            ),
            column="gate",
        )
    if missing := lacks.get(site.id):
        raise RenovationUnfit(
            Text(
                f"没有保存：审批前还差 {len(missing)} 项：{'；'.join(one.zh for one in missing)}。",
                f"Not saved: before approval {counted(len(missing), 'point is', 'points are')} open: "
                f"{'; '.join(one.en for one in missing)}.",
            ),
            column="gate",
        )
    return fit_day(on_day, site.latest)


def _take_grades(session: Session, site_ids: Sequence[int]) -> None:
    """The grade before is that of the house's latest appraisal."""
    session.execute(
        text("""
            update renovation_site s set grade_before = h.grade from house h
             where s.id = any (:ids) and h.id = s.house_id and s.grade_before is distinct from h.grade"""),
        {"ids": list(site_ids)},
    )


@dataclass(frozen=True)
class Moved:
    """What came of a step of many sites: how many took it, and each that did not with its reason."""

    moved: int
    left_out: list[tuple[int, Text]]


def advance_many(
    session: Session,
    asker: Asker | None,
    site_ids: Sequence[int],
    gate: str,
    *,
    on_day: date | None = None,
    note: str | None = None,
) -> Moved:
    """Pass one gate for many sites, as after a session of reviews or a day of acceptances.

    Each site is asked as by :func:`advance`; those that cannot pass are left as they are and said, the others pass.
    """
    sites, rows, left_out = fitting(session, asker, site_ids, gate, on_day=on_day, note=note)
    if rows:
        if gate == "appraised":
            _take_grades(session, [row["site_id"] for row in rows])
        with judged(session):
            session.execute(insert(SiteGate).inline(), rows)
        # One line of the log in each jurisdiction: whoever answers for a village reads what was done in it.
        passed: dict[int, list[int]] = {}
        for row in rows:
            passed.setdefault(sites[row["site_id"]].jur, []).append(row["site_id"])
        for jur, keys in sorted(passed.items()):
            record(
                session,
                act="site_pass_many",
                object_kind="renovation_site",
                details={"gate": gate, "sites": keys},
                jur=jur,
            )
    return Moved(len(rows), left_out)


def fitting(
    session: Session,
    asker: Asker | None,
    site_ids: Sequence[int],
    gate: str,
    *,
    on_day: date | None = None,
    note: str | None = None,
    hold: bool = True,
) -> tuple[dict[int, Row[Any]], list[dict[str, Any]], list[tuple[int, Text]]]:
    """Ask which of many sites may pass a gate; nothing is written, and the sites are held
    until the transaction ends, unless ``hold`` is False.

    Returns
    -------
    tuple
        The sites by key as :func:`data.renovation.steps.locked_sites` gives them; the rows of ``site_gate`` of those
        that may pass; and each of the others with its reason.
    """
    wanted = sorted(set(site_ids))
    sites = locked_sites(session, wanted, hold=hold)
    lacks = _lacks(session, wanted, gate)
    stopped = what_stops(session, wanted, gate, on_day)
    rows, left_out = [], [(site, RecordUnknown().text) for site in wanted if site not in sites]
    for site in sites.values():
        try:
            day = _fit(site, gate, on_day, lacks)
            if site.id in stopped:
                raise _stop(stopped[site.id], gate)
        except RenovationUnfit as refusal:
            left_out.append((site.id, refusal.text))
            continue
        rows.append(
            {
                "site_id": site.id,
                "jur": site.jur,
                "no": 0,  # the database numbers it
                "act": "passed",
                "gate": gate,
                "on_day": day,
                "note": clean_words(note),
                "account_id": asker.account_id if asker else None,
            }
        )
    return sites, rows, left_out


def end_site(
    session: Session,
    asker: Asker | None,
    site_id: int,
    act: str,
    reason: str,
    *,
    on_day: date | None = None,
    revision: int | None = None,
) -> None:
    """End a renovation at the gate before which it stands: ``rejected`` (未通过) or ``withdrawn`` (农户放弃).

    Raises
    ------
    RenovationUnfit
        Without a reason, for a closed site, and where money is paid or on its way.
    """
    if act not in ENDINGS:
        raise lacking(
            "act", "请选择终止方式", "say whether it was rejected or withdrawn", found=act, expected=list(ENDINGS)
        )
    site = locked_site(session, site_id)
    expect_revision(site, revision)
    expect_open(site)
    expect_no_money(site)
    words = stated_reason(reason)
    gate = next_gate(site.method, site.stage) or site.stage
    day = fit_day(on_day, site.latest)
    write_act(session, asker, site, act, gate, day, noted_as="site_end", details={"how": act}, reason=words)


def resume_site(
    session: Session,
    asker: Asker | None,
    site_id: int,
    reason: str,
    *,
    on_day: date | None = None,
    revision: int | None = None,
) -> None:
    """Take an ended renovation up again, where it stood."""
    site = locked_site(session, site_id)
    expect_revision(site, revision)
    if site.state == "open":
        raise RenovationUnfit(Text("没有保存：这处改造没有终止。", "Not saved: this renovation has not ended."))
    day, words = fit_day(on_day, site.latest), stated_reason(reason)
    write_act(session, asker, site, "resumed", site.stage, day, noted_as="site_resume", reason=words)


def send_back(
    session: Session,
    asker: Asker | None,
    site_id: int,
    gate: str,
    reason: str,
    *,
    on_day: date | None = None,
    revision: int | None = None,
) -> None:
    """Send a renovation back to an earlier gate, as when an acceptance did not hold (验收不合格).

    Raises
    ------
    RenovationUnfit
        If the gate is not behind the site, or the site would fall back behind its acceptance while money is paid or on
        its way.
    """
    site = locked_site(session, site_id)
    expect_revision(site, revision)
    expect_open(site)
    if gate == site.stage or not has_passed(site.method, site.stage, gate):
        raise lacking("gate", "只能退回到已通过的环节", "it can be sent back to a gate it has passed", found=gate)
    if not has_passed(site.method, gate, "accepted"):
        expect_no_money(site)
    day, words = fit_day(on_day, site.latest), stated_reason(reason)
    write_act(session, asker, site, "returned", gate, day, noted_as="site_back", details={"gate": gate}, reason=words)
