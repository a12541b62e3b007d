"""Whether a household may get help with its house on a day: one pure function with its reasons and sources."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from data.rules.aid_groups import UNTIL, is_decided_by, is_same_group
from data.rules.words import AID_GROUP, EXCLUSION, OFFICE
from geo.errors import Text

# Verdicts that stop a renovation at the gate of comparison unless a reason is given.
STOPPING = ("excluded", "contradicted", "older_group")


@dataclass(frozen=True)
class Exclusion:
    """What keeps a household out: a key of ``EXCLUSION``, from a day on, until it is lifted.

    ``why`` says more than the kind, where it is known by itself from the store's own records.
    """

    kind: str
    from_on: date
    lifted_on: date | None = None
    why: Text | None = None

    def holds_on(self, day: date) -> bool:
        """Whether it holds on a day; the day on which it is lifted is free again."""
        return self.from_on <= day and (self.lifted_on is None or day < self.lifted_on)


@dataclass(frozen=True)
class Listing:
    """A list of an office as it concerns one household.

    Attributes
    ----------
    list_id : int
    office : str
        A key of ``OFFICE``.
    on_day : date
        The day as of which the office made the list.
    groups : sequence of str
        The groups that stand in the list: of others it says nothing.
    listed : bool
        Whether the household is on it, found by ID number or confirmed by a person.
    group : str or None
        The group the list gives it, if it is on it.
    valid_from, valid_until : date or None
        Days between which it is valid for the household, both included; open where None.
    monitored : str or None
        A key of ``MONITORED``.
    """

    list_id: int
    office: str
    on_day: date
    groups: Sequence[str]
    listed: bool
    group: str | None = None
    valid_from: date | None = None
    valid_until: date | None = None
    monitored: str | None = None

    def is_valid_on(self, day: date) -> bool:
        """Whether the household's row of the list is valid on a day."""
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_until is None or day <= self.valid_until
        )


@dataclass(frozen=True)
class Eligibility:
    """A verdict (a key of ``ELIGIBILITY``) with its reasons, and the list it rests on."""

    verdict: str
    reasons: tuple[Text, ...]
    source: Listing | None = None
    monitored: str | None = None
    # Whether an earlier help within the years of the policy is among the reasons.
    repeated: bool = False

    @property
    def stops(self) -> bool:
        """Whether a renovation passes the gate of comparison only with a reason."""
        return self.verdict in STOPPING


def eligibility_on(
    day: date, group: str | None, listings: Sequence[Listing], exclusions: Sequence[Exclusion]
) -> Eligibility:
    """Judge a household by its group, the lists of offices and what excludes it.

    Parameters
    ----------
    day : date
        The day asked about; lists made later and exclusions that hold on other days are left aside.
    group : str or None
        A key of ``AID_GROUP``; None if nobody has determined one.
    listings : sequence of Listing
        Lists whose area holds the household. Of each office the newest that names the group, or the household, counts.
    exclusions : sequence of Exclusion

    Returns
    -------
    Eligibility
        ``excluded`` before anything else; ``no_group`` without one; ``older_group`` for a group that ended; then
        ``eligible`` or ``contradicted`` by the newest list of an office that decides the group, and ``unproven`` where
        none speaks of it: not compared is not refused (domain E3; 比对一户, Wuhu 2024, part two).
    """
    holding = [one for one in exclusions if one.holds_on(day)]
    known = sorted((one for one in listings if one.on_day <= day), key=lambda one: (one.on_day, one.list_id))[::-1]
    if holding:
        return Eligibility(
            "excluded",
            tuple(one.why or EXCLUSION[one.kind] for one in holding),
            repeated=any(one.why is not None for one in holding),
        )
    if group is None:
        return _without_group(day, known)
    if group in UNTIL and day > UNTIL[group]:
        return _older(day, group, known)
    deciding = _newest_of_each_office([one for one in known if is_decided_by(group, one.office)], group)
    on_it = [one for one in deciding if one.listed]
    agreeing = [one for one in on_it if is_same_group(group, one.group or "")]
    valid = [one for one in agreeing if one.is_valid_on(day)]
    if valid:
        return _agrees(valid[0])
    if agreeing:
        return _lapsed(agreeing[0], day)
    # An office that decides another group may have the household under that one.
    elsewhere = [one for one in known if one.listed and _decides(one) and one.is_valid_on(day)]
    elsewhere = [one for one in (*on_it, *elsewhere) if not is_same_group(group, one.group or "")]
    if elsewhere:
        return _says(elsewhere[0], group)
    if deciding:
        name = _named(deciding[0])
        return Eligibility("contradicted", (Text(f"不在{name.zh}", f"not in {name.en}"),), deciding[0])
    return Eligibility("unproven", (Text("没有认定单位的名单可比", "no list of an office that decides the group"),))


def _newest_of_each_office(known: Sequence[Listing], group: str) -> list[Listing]:
    """Of each office its newest list that speaks of the group; of several of one day that with the household on it."""
    found: dict[str, Listing] = {}
    for one in known:
        if not _speaks_of(one, group):
            continue
        before = found.get(one.office)
        if before is None or (before.on_day == one.on_day and one.listed and not before.listed):
            found[one.office] = one
    return list(found.values())


def _speaks_of(one: Listing, group: str) -> bool:
    """Whether a list says anything of a household of the group: it is on it, or such households are."""
    return (one.listed and one.group is not None) or any(is_same_group(group, other) for other in one.groups)


def _label(group: str | None) -> Text:
    """What a group is called; a word that is none of ours as it is."""
    return AID_GROUP.get(group or "", Text(group or "", group or ""))


def _decides(one: Listing) -> bool:
    return one.group is not None and is_decided_by(one.group, one.office)


def _named(one: Listing) -> Text:
    office = OFFICE[one.office]
    return Text(f"{office.zh} {one.on_day} 的名单", f"the list of {office.en} of {one.on_day}")


def _agrees(one: Listing) -> Eligibility:
    name = _named(one)
    why = Text(f"与{name.zh}一致", f"agrees with {name.en}")
    return Eligibility("eligible", (why,), one, one.monitored)


def _lapsed(one: Listing, day: date) -> Eligibility:
    name = _named(one)
    start, end = one.valid_from or "…", one.valid_until or "…"
    why = Text(
        f"{name.zh}的有效期（{start} 至 {end}）不含 {day}", f"{name.en} holds from {start} to {end}, not on {day}"
    )
    return Eligibility("contradicted", (why,), one, one.monitored)


def _says(one: Listing, group: str) -> Eligibility:
    name, theirs, ours = _named(one), _label(one.group), _label(group)
    why = Text(
        f"{name.zh}为“{theirs.zh}”，本户登记为“{ours.zh}”",
        f"{name.en} says '{theirs.en}', the household is '{ours.en}'",
    )
    return Eligibility("contradicted", (why,), one, one.monitored)


def _without_group(day: date, known: Sequence[Listing]) -> Eligibility:
    why = Text("农户的对象类别没有认定", "the household's group is not determined")
    one = next((one for one in known if one.listed and _decides(one) and one.is_valid_on(day)), None)
    if one is None:
        return Eligibility("no_group", (why,))
    name, theirs = _named(one), _label(one.group)
    said = Text(f"{name.zh}为“{theirs.zh}”", f"{name.en} says '{theirs.en}'")
    return Eligibility("no_group", (why, said), one, one.monitored)


def _older(day: date, group: str, known: Sequence[Listing]) -> Eligibility:
    """A group that ended: the newest list that gives the household a group of today is its word now."""
    now = next(
        (one for one in known if one.listed and _decides(one) and one.group not in UNTIL and one.is_valid_on(day)),
        None,
    )
    if now is not None and is_same_group(group, now.group or ""):
        return _agrees(now)
    if now is not None:
        return _says(now, group)
    ours = _label(group)
    why = Text(
        f"“{ours.zh}”到 {UNTIL[group]} 为止，须按现行六类重新认定",
        f"'{ours.en}' ended on {UNTIL[group]}: determine its group anew",
    )
    return Eligibility("older_group", (why,))
