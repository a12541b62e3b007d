"""Names of places and people in the sample: real unit names, everything else invented."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.optimize import linear_sum_assignment

from data.samples.terrain import Floats

# Where some units should roughly lie, metres from the centre, so that their names fit the land and each other.
_ROUGHLY = {
    "鄌郚村": (150, -250),
    "鄌东村": (1500, -300),
    "北鄌郚村": (100, 1000),
    "白浪河村": (-900, -900),
    "高崖村": (-3300, -1500),
    "湖东新村": (-2200, -2900),
    "汶溪村": (-5000, -2300),
    "汶丰村": (-4700, -4200),
    "杏山村": (-2900, -4700),
    "清风岭村": (-5200, -800),
    "金山村": (-3500, 3400),
    "金山西村": (-5000, 3200),
    "漳河村": (2500, 3000),
    "漳河北村": (2500, 4500),
    "西寺后村": (-2700, 500),
    "东寺后村": (-1400, 500),
    "南洋河村": (1500, -3700),
    "北洋河村": (1500, -2300),
    "东山村": (5000, 4300),
    "河野村": (500, 3200),
    "苇沟村": (5200, 2500),
    "枣园村": (1600, 900),
    "山坡村": (-1300, -4300),
    "孙家沟村": (-500, -3000),
    "刘家沟村": (-1500, -2900),
    "荣山村": (3900, 4600),
    "上河洼村": (3100, 2100),
    "大沟村": (4800, 700),
}
SURNAMES = (
    "王李张刘陈杨赵孙马高徐于曹郭周吕宋丁田韩冯姜秦吴朱崔孟郑夏唐滕葛董袁钟孔魏阎段包时洛任邵梁傅潘史范石尹"
    "卢谭侯鞠解臧逄"
)
SURNAME_WEIGHTS = np.array([1 / (k + 4) ** 0.8 for k in range(len(SURNAMES))])
PLACE_ENDS = (
    "庄",
    "沟",
    "河",
    "埠",
    "洼",
    "岭",
    "官庄",
    "楼",
    "老庄",
    "店",
    "泉",
    "屯",
    "崖",
    "楼子",
    "峪",
    "桥",
    "坡",
)
PLACE_WORDS = (
    "柳树行",
    "石桥头",
    "槐树底",
    "北岭",
    "南坡",
    "龙泉",
    "凤凰台",
    "双泉",
    "马家窑",
    "小河崖",
    "三里屯",
    "枣行",
    "杏花峪",
    "桃园",
    "苹果园",
    "大榆树",
    "芦家营",
    "庙子",
    "羊角沟",
    "石门",
    "响水崖",
    "黑虎石",
    "青石河",
    "红土崖",
)
_RARE = "𬭚㛃"
MEN = "建国德顺永福志强玉海春生明亮学军成林金山宝田爱民守义长江兴旺文斌振东立新光华传家洪涛家瑞世昌克勤广才树森延年保卫"
WOMEN = "秀英桂兰玉梅凤霞淑珍爱华丽萍春花翠莲红艳月娥素云美玲彩琴瑞芳巧香慧敏文静玉洁雪莹"


@dataclass(frozen=True)
class Unit:
    """An official village: 12-digit code, name as listed and short name (民委员会 folded away)."""

    code: str
    raw_name: str
    name: str

    @property
    def stem(self) -> str:
        """The name without 村 or 新村, as its old settlement is called."""
        stem = self.name.removesuffix("村").removesuffix("新")
        return stem if len(stem) > 1 else f"{stem}庄"


def read_units() -> tuple[list[Unit], dict[str, str]]:
    """The 43 official units, and names of the four levels above them by code (from ``units.csv``)."""
    with Path(__file__).with_name("units.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    first = rows[0]
    above = {first[f"{level}_code"]: first[f"{level}_name"] for level in ("province", "city", "county", "town")}
    return [Unit(row["code"], row["raw_name"], row["short_name"]) for row in rows], above


def seat_units(units: list[Unit], seeds: Floats) -> list[Unit]:
    """Give each cell a unit so that units with a known whereabouts come near it.

    Parameters
    ----------
    units : list of Unit
    seeds : ndarray, shape (len(units), 2)
        Middles of the cells, metres.

    Returns
    -------
    list of Unit
        In the order of the cells.
    """
    cost = np.zeros((len(units), len(seeds)))
    for number, unit in enumerate(units):
        if unit.name in _ROUGHLY:
            cost[number] = np.hypot(*(seeds - _ROUGHLY[unit.name]).T) ** 1.3
    by_cell = np.argsort(linear_sum_assignment(cost)[1])
    return [units[number] for number in by_cell]


def name_natural_villages(
    units: list[Unit], centre_village: np.ndarray, rng: np.random.Generator
) -> tuple[list[str], list[str]]:
    """Names and aliases of the natural villages; the first of each unit bears the unit's own name.

    Returns
    -------
    names : list of str
        114 different names.
    aliases : list of str
        Other names, joined by ``、``; mostly empty.
    """
    taken = {unit.stem for unit in units} | {unit.name for unit in units}
    names: list[str] = []
    aliases: list[str] = []
    words = list(rng.permutation(PLACE_WORDS))
    seen: set[int] = set()
    for village in centre_village:
        unit = units[village]
        name = unit.stem
        if village in seen:
            while name in taken:
                chance = rng.random()
                if chance < 0.26 and words:
                    name = str(words.pop())
                elif chance < 0.42:
                    name = str(rng.choice(["小", "西", "东", "后", "前"])) + unit.stem
                else:
                    name = f"{pick_surname(rng)}家{rng.choice(PLACE_ENDS)}"
        seen.add(int(village))
        taken.add(name)
        names.append(name)
        other = ""
        if name == unit.stem and rng.random() < 0.3:
            other = f"{name}老村"
        elif "家" in name and rng.random() < 0.22:
            other = name.replace("家", "", 1) + ("子" if rng.random() < 0.5 else "")
        aliases.append(other if other not in taken else "")
        taken.add(other)
    return names, aliases


def pick_surname(rng: np.random.Generator) -> str:
    """A surname, common ones more often."""
    return SURNAMES[int(rng.choice(len(SURNAMES), p=SURNAME_WEIGHTS / SURNAME_WEIGHTS.sum()))]


def kin_of(place: str, rng: np.random.Generator) -> list[str]:
    """The few surnames most families of a natural village share; one that the place's name tells comes first."""
    own = [place[0]] if place[0] in SURNAMES and "家" in place[:2] else []
    return [*own, *(pick_surname(rng) for _ in range(3 - len(own)))]


def person_name(kin: list[str], woman: bool, rng: np.random.Generator) -> str:
    """An invented name of two or three characters; a rare character now and then."""
    surname = kin[min(int(rng.geometric(0.55)) - 1, 2)] if rng.random() < 0.78 else pick_surname(rng)
    pool = WOMEN if woman else MEN
    first, second = (pool[int(k)] for k in rng.integers(0, len(pool), 2))
    chance = rng.random()
    if chance < 0.003:
        return surname + str(rng.choice(list(_RARE)))
    if chance < 0.22:
        return surname + second
    return surname + first + second
