"""What problems of routes speak of: inspectors and households with their hours, and what binds them to each other.

Times are whole seconds from midnight of their day; places are rows of the travel.
"""

from __future__ import annotations

from dataclasses import dataclass

from geo.errors import FangtuError

# A household's priority is a whole number up to this.
TOP_PRIORITY = 100
# The most one plan takes. Above, plan township by township.
MOST_HOUSEHOLDS = 20_000


class ProblemError(FangtuError):
    """A problem of routes cannot be read, or cannot have a plan whatever is done."""

    code = "route_problem"


@dataclass(frozen=True)
class Window:
    """When a visit may begin.

    Attributes
    ----------
    opens, closes : int
        First and last moment a visit may begin, both included.
    day : int or None
        Position of the day; None for every day.
    """

    opens: int
    closes: int
    day: int | None = None


@dataclass(frozen=True)
class Break:
    """A break (午休) that has to begin between two moments, both included; it may interrupt the way."""

    opens: int
    closes: int
    seconds: int
    day: int | None = None


@dataclass(frozen=True)
class Shift:
    """When an inspector works: he leaves his start no sooner and is at his end no later."""

    begins: int
    ends: int
    day: int | None = None


@dataclass(frozen=True)
class Inspector:
    """Who visits.

    Attributes
    ----------
    start, end : int
        Places.
    mode : int
        Position among the travel's modes.
    shifts : tuple of Shift
        At most one for each day; none that day means absent.
    most_visits : int or None
        A day; None without a limit.
    extra_visits : tuple of (int, int)
        Days on which there may be more than that, and by how many.
    capacity : int or None
        What may be carried in one day, in the unit of the households' loads.
    """

    id: str
    start: int
    end: int
    shifts: tuple[Shift, ...]
    mode: int = 0
    most_visits: int | None = None
    skills: frozenset[str] = frozenset()
    breaks: tuple[Break, ...] = ()
    capacity: int | None = None
    name: str = ""
    extra_visits: tuple[tuple[int, int], ...] = ()

    @property
    def called(self) -> str:
        """Name, or the id without one."""
        return self.name or self.id

    def most_on(self, day: int) -> int | None:
        """The most visits of a day; None without a limit."""
        if self.most_visits is None:
            return None
        return self.most_visits + sum(more for on, more in self.extra_visits if on == day)


@dataclass(frozen=True)
class Household:
    """Who is visited.

    Attributes
    ----------
    priority : int
        0 to :data:`TOP_PRIORITY`. The sum over visited households counts before their number, and that before travel.
    windows : tuple of Window
        Any time if empty.
    skills : frozenset of str
        All of them are needed.
    inspector : str or None
        The only one who may come (指定走访员).
    last_inspector : str or None
        Who came last time; another one is allowed and costs (延续走访员).
    pair : bool
        Whether two have to come together (陪同).
    group : str or None
        Households of one group have one inspector, on whatever days.
    village : str or None
        Where to cut a large problem.
    together : str or None
        Households of one such name are visited in a row (一并走访): by one inspector, on one day, with nobody else
        between them; what is done already does not count. Those that find no room in the row are left out.
    """

    id: str
    place: int
    service_s: int = 1800
    priority: int = 10
    windows: tuple[Window, ...] = ()
    skills: frozenset[str] = frozenset()
    inspector: str | None = None
    last_inspector: str | None = None
    pair: bool = False
    group: str | None = None
    village: str | None = None
    load: int = 0
    name: str = ""
    together: str | None = None

    @property
    def called(self) -> str:
        """Name, or the id without one."""
        return self.name or self.id


@dataclass(frozen=True)
class Pair:
    """Two inspectors who go together: the companion has no route of his own on these days, all if None."""

    lead: str
    companion: str
    days: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Lock:
    """A visit that is settled (锁定): by whom, on which day, at what time; None where that is left open.

    A locked time counts instead of the household's windows. A locked visit is planned before all others.
    """

    household: str
    inspector: str | None = None
    day: int | None = None
    start_s: int | None = None


@dataclass(frozen=True)
class Done:
    """A visit already made: it stands in the plan as it was."""

    household: str
    inspector: str
    day: int
    start_s: int
    leave_s: int


@dataclass(frozen=True)
class Now:
    """The moment of planning, during a day that has begun: nothing is planned before it."""

    day: int
    second: int


def clock(second: int) -> str:
    """A second of the day as ``HH:MM``, with seconds where they are not 0."""
    minutes, seconds = divmod(int(second), 60)
    text = f"{minutes // 60:02d}:{minutes % 60:02d}"
    return f"{text}:{seconds:02d}" if seconds else text
