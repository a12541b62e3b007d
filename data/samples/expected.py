"""What the product must find in the sample, counted from the records alone and by other means than the product's."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from data.samples.township import TOWNSHIP, Township

_METRES = (111_320.0, 110_950.0)
_FAR_M, _TWO_PLACES_M, _USABLE_M = 500.0, 300.0, 200.0
_MIN_MINUTES = 30.0


@dataclass(frozen=True)
class Expected:
    """Figures of the sample.

    Attributes
    ----------
    coverage : DataFrame
        Indexed by ``round`` and ``code`` (the township and its 43 villages): ``eligible``, ``visited``, ``remaining``,
        ``ratio`` and the number of households in each status (``status_0`` … ``status_7``). The township also counts
        the households outside every village.
    visits : DataFrame
        ``code``, ``household_code``, ``round``, ``verdict`` (valid, too_short, no_reason, not_done, ruled_false),
        ``known`` (whether the household exists), ``far_from_house``, ``two_places``; the last two only where valid.
    outside, unplaced, approximate, unknown : list of str
        Codes of households outside every area, without a position, known only to their natural village, and of visits
        to no known household.
    """

    coverage: pd.DataFrame
    visits: pd.DataFrame
    outside: list[str]
    unplaced: list[str]
    approximate: list[str]
    unknown: list[str]


def expected(sample: Township) -> Expected:
    """Count what a correct import, join and coverage of the sample must give.

    Parameters
    ----------
    sample : Township

    Returns
    -------
    Expected

    Notes
    -----
    A visit is valid if it is not ruled false, was carried out, and took 30 minutes or more in person or, when remote,
    gives a reason. A household counts as visited with one valid visit, however many there are. A valid visit is
    suspect if its position (of 200 m accuracy or better) lies more than 500 m from the house, or if it overlaps in
    time with another visit in person of the same visitor more than 300 m away.
    """
    households = sample.households.set_index("code")
    visits = _judge(sample.visits, households)
    numbers = []
    for number in (1, 2):
        status = _standing(visits[(visits["round"] == number) & visits["known"]], households.index)
        numbers.append(_count(status, households["true_village"]).assign(round=number))
    coverage = pd.concat(numbers).set_index("round", append=True).swaplevel().sort_index()
    quality = households["quality"]
    columns = ["code", "household_code", "round", "verdict", "known", "far_from_house", "two_places"]
    return Expected(
        coverage=coverage,
        visits=visits[columns],
        outside=sorted(households.index[(households["true_village"] == "") & households["lon"].notna()]),
        unplaced=sorted(households.index[households["lon"].isna()]),
        approximate=sorted(households.index[quality.isin([5, 6])]),
        unknown=sorted(visits.loc[~visits["known"], "code"]),
    )


def _judge(visits: pd.DataFrame, households: pd.DataFrame) -> pd.DataFrame:
    judged = visits.copy()
    minutes = (judged["ended_at"] - judged["started_at"]).dt.total_seconds() / 60
    remote = judged["mode"] != "入户"
    judged["verdict"] = np.select(
        [
            judged["ruled"] != "",
            judged["outcome"] != "完成走访",
            ~remote & (minutes < _MIN_MINUTES),
            remote & (judged["reason"] == ""),
        ],
        ["ruled_false", "not_done", "too_short", "no_reason"],
        "valid",
    )
    judged["known"] = judged["household_code"].isin(households.index)
    home = households[["lon", "lat", "quality"]].reindex(judged["household_code"]).reset_index(drop=True)
    away = _distance(
        judged["lon"], judged["lat"], home["lon"].set_axis(judged.index), home["lat"].set_axis(judged.index)
    )
    counted = (judged["verdict"] == "valid") & judged["known"] & ~remote
    judged["far_from_house"] = counted & (away > _FAR_M) & ~(judged["accuracy_m"] > _USABLE_M)
    judged["two_places"] = counted & judged["code"].isin(_double(judged[~remote]))
    return judged


def _double(visits: pd.DataFrame) -> set[str]:
    """Codes of visits that overlap in time with another of the same visitor at a distance."""
    pairs: set[str] = set()
    for _, mine in visits.dropna(subset=["lon"]).groupby("visitor"):
        mine = mine.sort_values("started_at")
        for step in (1, 2, 3):
            later = mine.shift(-step)
            overlap = later["started_at"] < mine["ended_at"]
            distant = _distance(mine["lon"], mine["lat"], later["lon"], later["lat"]) > _TWO_PLACES_M
            both = overlap & distant
            pairs |= set(mine.loc[both, "code"]) | set(later.loc[both, "code"])
    return pairs


def _distance(lon: pd.Series, lat: pd.Series, other_lon: pd.Series, other_lat: pd.Series) -> pd.Series:
    """Metres between pairs of places; unknown where one has no position."""
    east = (lon - other_lon) * _METRES[0] * np.cos(np.radians(lat))
    north = (lat - other_lat) * _METRES[1]
    return pd.Series(np.hypot(east, north), index=lon.index)


def _standing(visits: pd.DataFrame, codes: pd.Index) -> pd.Series:
    """Status of each household in a round, by the words of its visits; a visit ruled false says nothing."""
    said = visits[visits["verdict"] != "ruled_false"].sort_values("ended_at")
    latest = said.drop_duplicates("household_code", keep="last").set_index("household_code")["outcome"]
    status = latest.map({"无人在家": 3, "拒访": 4, "长期外出": 5}).fillna(7).astype(int).reindex(codes, fill_value=0)
    valid = said[said["verdict"] == "valid"]
    sound = valid[~valid["far_from_house"] & ~valid["two_places"]]
    status[status.index.isin(valid["household_code"])] = 6
    status[status.index.isin(sound.loc[sound["mode"] != "入户", "household_code"])] = 2
    status[status.index.isin(sound.loc[sound["mode"] == "入户", "household_code"])] = 1
    return status


def _count(status: pd.Series, villages: pd.Series) -> pd.DataFrame:
    inside = pd.DataFrame({"code": villages, "status": status})
    whole = inside.assign(code=TOWNSHIP)
    everyone = pd.concat([whole, inside[inside["code"] != ""]])
    table = pd.crosstab(everyone["code"], everyone["status"]).reindex(columns=range(8), fill_value=0)
    counts = table.add_prefix("status_")
    counts.insert(0, "eligible", table.sum(axis=1))
    counts.insert(1, "visited", table[[1, 2, 6]].sum(axis=1))
    counts.insert(2, "remaining", counts["eligible"] - counts["visited"])
    counts.insert(3, "ratio", counts["visited"] / counts["eligible"])
    return counts
