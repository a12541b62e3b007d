"""The gates of a renovation (改造环节) in their order, and the classes in which renovations are reported.

The chain is that of the procedure for rural dilapidated houses: found → appraised → compared → democratic review and
public notice → approved → agreement → started → foundation → completed → accepted → paid → moved in → looked back
(发现一户、鉴定一户、比对一户、改造一户; Wuhu 2024, part two, and the county procedures behind it). The database guards
the same order by ``gates_of()`` of migration 0031; a test compares the two.
"""

from __future__ import annotations

from data.rules.words import STAGE

GATES = tuple(STAGE)
# Not built at the household's expense or place: the gates of building are left out.
WITHOUT_BUILDING = ("public_rental", "swap", "rent_subsidy")
# A method that fits the grade of the house before; another one needs a reason (房屋实施精准).
FITTING = {
    "C": ("repair",),
    "D": ("rebuild", "rebuild_elsewhere", "turn_key", *WITHOUT_BUILDING),
    None: ("new", "turn_key", *WITHOUT_BUILDING),
}
# A site that has stood at a gate for longer than this many days has stalled: half a month for each step on paper
# (公示 7 days included), four months for building, a month from acceptance to payment (验收后 30 日内). Once it is
# paid nothing waits that has a day: moving in and looking back are noted when they come.
STALLS_AFTER = {
    "found": 30,
    "appraised": 15,
    "compared": 15,
    "reviewed": 15,
    "approved": 30,
    "agreed": 30,
    "started": 120,
    "foundation": 120,
    "completed": 30,
    "accepted": 30,
}
CLASSES = ("c_repair", "d_rebuild", "turn_key", "other")


def gates_of(method: str) -> tuple[str, ...]:
    """Gates of a method, in their order.

    Parameters
    ----------
    method : str
        A key of ``METHOD`` in :mod:`data.rules.words`. A repair has no foundation of its own; public rental, swap and
        rent subsidy are agreed and accepted without anything built.
    """
    if method == "repair":
        return tuple(gate for gate in GATES if gate != "foundation")
    if method in WITHOUT_BUILDING:
        return tuple(gate for gate in GATES if gate not in ("started", "foundation", "completed"))
    return GATES


def next_gate(method: str, stage: str) -> str | None:
    """The gate after a stage; None at the end of the chain. A stage the method does not have counts as the first."""
    gates = gates_of(method)
    at = gates.index(stage) if stage in gates else 0
    return gates[at + 1] if at + 1 < len(gates) else None


def has_passed(method: str, stage: str, gate: str) -> bool:
    """Whether a site that stands at ``stage`` has ``gate`` behind it."""
    gates = gates_of(method)
    return stage in gates and gate in gates and gates.index(stage) >= gates.index(gate)


def method_fits(grade: str | None, method: str) -> bool:
    """Whether the method is the usual one for the grade before (None: the household has no house)."""
    return method in FITTING.get(grade, ())


def class_of(grade: str | None, method: str) -> str:
    """The class a renovation is reported in, exactly one of :data:`CLASSES`.

    Turn-key houses are a class of their own whatever the grade, since the government builds them; then C repaired and D
    rebuilt; everything else is ``other`` (C级维修加固 227、D级重建 72、交钥匙 42; city summary 2021).
    """
    if method == "turn_key":
        return "turn_key"
    if (grade, method) == ("C", "repair"):
        return "c_repair"
    if grade == "D" and method in ("rebuild", "rebuild_elsewhere"):
        return "d_rebuild"
    return "other"


# The same decision where the database sums by it.
CLASS_SQL = """case when s.method = 'turn_key' then 'turn_key'
    when s.grade_before = 'C' and s.method = 'repair' then 'c_repair'
    when s.grade_before = 'D' and s.method in ('rebuild', 'rebuild_elsewhere') then 'd_rebuild' else 'other' end"""

# A subsidy is paid this many days after acceptance where no plan says another number (验收后 30 日内).
PAY_WITHIN_DAYS = 30
# Once it is paid nothing of a renovation waits for a day.
PAID = GATES[GATES.index("paid") :]


def within_days(alias: str, otherwise: int = PAY_WITHIN_DAYS) -> str:
    """SQL of the days within which a site is paid: by the plan of the smallest area that has one for its year."""
    return f"""coalesce((select r.pay_within_days from renovation_plan r
        where r.year = {alias}.year and r.jur <= {alias}.jur and r.jur_end > {alias}.jur
        order by r.jur_end - r.jur limit 1), {otherwise})"""


# Classes of payments on the map, by the last day each holds: days over the limit of those that wait, and days from
# acceptance to payment of those that were paid. Twins of LATE_DAYS and PAID_DAYS in static/js/map/payments.js.
LATE_DAYS = (30, 90)
PAID_DAYS = (15, 30, 60)
PAYMENT_CLASSES = (
    *(f"late_{n}" for n in range(len(LATE_DAYS), -1, -1)),
    *("due", "undated"),
    *(f"paid_{n}" for n in range(len(PAID_DAYS), -1, -1)),
    "paid_undated",
)


def payment_class(waits: bool, overdue: int | None, days: int | None) -> str:
    """Class of a site that is accepted or further.

    Parameters
    ----------
    waits : bool
        Whether it still waits for its money.
    overdue : int or None
        Days over the limit, 0 or less within it; of one that waits. None if the day of acceptance is not known.
    days : int or None
        Days from acceptance to payment; of one that was paid. None where one of the days is not known, or the payment
        lies before the acceptance.

    Returns
    -------
    str
        One of :data:`PAYMENT_CLASSES`.
    """
    if waits:
        if overdue is None:
            return "undated"
        return "due" if overdue <= 0 else f"late_{sum(overdue > last for last in LATE_DAYS)}"
    return "paid_undated" if days is None or days < 0 else f"paid_{sum(days > last for last in PAID_DAYS)}"
