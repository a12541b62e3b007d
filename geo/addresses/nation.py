"""The nation's provinces, cities and counties, those of today and those there were, by name.

Codes, names and years come with python-stdnum (``cn/loc.dat``), renamed units from ``renamed_units.tsv``, what both
lack from ``facts.toml``.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

LEVELS = ("province", "city", "county")
_PEOPLES = (
    "蒙古族|蒙古|回族|藏族|维吾尔族|维吾尔|苗族|彝族|壮族|布依族|朝鲜族|满族|侗族|瑶族|白族|土家族|哈尼族|哈萨克族|哈萨克|傣族|黎族|"
    "傈僳族|佤族|畲族|拉祜族|水族|东乡族|纳西族|景颇族|柯尔克孜族|柯尔克孜|土族|达斡尔族|仫佬族|羌族|布朗族|撒拉族|毛南族|仡佬族|"
    "锡伯族|锡伯|普米族|塔吉克族|塔吉克|怒族|鄂温克族|德昂族|保安族|裕固族|独龙族|鄂伦春族|各族"
)
_KIND = re.compile(
    r"(特别行政区|自治区|自治州|自治县|自治旗|地区|林区|特区|新区|行政委员会|群岛|省|市|区|县|旗|盟|州)$"
)
_NO_UNIT = re.compile(r"^(市辖区|市区|县|.*直辖.*)$")
_ENTRY = re.compile(r"(?:\[(\d*)-(\d*)\])?([^,\[\]]+)")


@dataclass(frozen=True)
class Division:
    """A province, city or county, of today (``current``) or of former times.

    Attributes
    ----------
    name, level : str
        Full name; ``province``, ``city`` or ``county``.
    province, city : str
        Full names of those above, its own name at its own level; ``city`` is empty where a county has none, and the
        name of the province in the four municipalities (直辖市).
    code : str
        Six digits of GB/T 2260, empty where the list has none.
    """

    name: str
    level: str
    province: str
    city: str
    code: str
    current: bool


def stem_of(name: str) -> str:
    """Leave out what kind of unit it is; names of which one character would be left stay whole.

    >>> [stem_of(name) for name in ("繁昌县", "巴音郭楞蒙古自治州", "广西壮族自治区", "横县")]
    ['繁昌', '巴音郭楞', '广西', '横县']
    """
    bare = _KIND.sub("", name)
    if bare != name and name.endswith(("自治区", "自治州", "自治县", "自治旗")):
        bare = re.sub(rf"(?<=..)({_PEOPLES})+$", "", bare)
    return bare if len(bare) >= 2 else name


class Nation:
    """All divisions by full name and by stem, and what became of the former ones."""

    def __init__(self) -> None:
        facts = tomllib.loads(files(__package__).joinpath("facts.toml").read_text(encoding="utf-8"))
        self.zones: tuple[str, ...] = tuple(facts["zones"]["names"])
        self.by_name: dict[str, list[Division]] = {}
        self.by_stem: dict[str, list[Division]] = {}
        self.by_code: dict[str, Division] = {}
        for division in (*_listed(facts["spelling"]), *_added(facts["added"])):
            self._add(division)
        for added in facts["added"]:
            for short, name in added.get("short", {}).items():
                self.by_stem.setdefault(short, []).extend(self.find(name, added["province"]))
        self._renamed = dict(_renamed()) | {tuple(pair["old"]): tuple(pair["new"]) for pair in facts["renamed"]}

    def _add(self, division: Division) -> None:
        self.by_name.setdefault(division.name, []).append(division)
        stem = stem_of(division.name)
        if stem != division.name:
            self.by_stem.setdefault(stem, []).append(division)
        if division.code and (division.current or division.code not in self.by_code):
            self.by_code[division.code] = division

    def find(self, name: str, province: str = "", city: str = "", *, level: str = "") -> list[Division]:
        """Give the divisions of that full name, of today before former ones, inside a province and city if stated."""
        found = [
            d
            for d in self.by_name.get(name, ())
            if province in ("", d.province) and city in ("", d.city) and level in ("", d.level)
        ]
        return [d for d in found if d.current] or found

    def now(self, division: Division) -> Division:
        """Give what a former division is today; itself if it is current or nothing is known of it.

        A listed renaming counts first, then a later name of the same code, then a unit of the same stem in the same
        city, then in the same province if there is only one.
        """
        if division.current:
            return division
        county = (division.name,) if division.level == "county" else ()
        renamed = self._renamed.get((division.province, division.city, *county))
        if renamed:
            found = self.find(renamed[-1], renamed[0], level=LEVELS[len(renamed) - 1])
            if found:
                return found[0]
        later = self.by_code.get(division.code)
        if later and later.current:
            return later
        stem = stem_of(division.name)
        heirs = [d for d in self.by_stem.get(stem, ()) if d.current and d.province == division.province]
        close = [d for d in heirs if d.city == division.city and d.level == division.level]
        best = close or heirs
        return best[0] if len(best) == 1 else division

    def moved(self, province: str, city: str, county: str) -> Division | None:
        """Give where a county is today that is stated with a city it no longer belongs to, None if not listed."""
        renamed = self._renamed.get((province, city, county))
        found = self.find(renamed[-1], renamed[0], level="county") if renamed else []
        return found[0] if found else None

    def same_stem(self, name: str) -> list[Division]:
        """Give the counties and cities that have the stem of a full name, whatever kind they are."""
        return [d for d in self.by_stem.get(stem_of(name), ()) if stem_of(d.name) == stem_of(name)]


@cache
def nation() -> Nation:
    """The one table of the nation, read on first use."""
    return Nation()


def _listed(spelling: dict[str, str]) -> Iterator[Division]:
    """Read the list of codes: lines ``34 province="…"`` and under each ``  0222 county="[1983-2020]繁昌县,…"``."""
    entries: list[tuple[str, str, bool]] = []
    prefix = ""
    for line in files("stdnum.cn").joinpath("loc.dat").read_text(encoding="utf-8").splitlines():
        found = re.match(r'(\s*)(\d+) (?:province|county)="([^"]*)"', line)
        if not found:
            continue
        if not found[1]:
            prefix = found[2]
            continue
        spans = _ENTRY.findall(found[3])
        for number, (_, ended, name) in enumerate(spans):
            current = not ended and number == len(spans) - 1
            entries.append((prefix + found[2], spelling.get(name, name), current))
    latest = {code: name for code, name, _ in entries}
    for code, name, current in entries:
        province = latest[code[:2] + "0000"]
        above = latest.get(code[:4] + "00", "")
        city = province if _NO_UNIT.match(above) and code[2:4] in ("01", "02") else above
        city = "" if _NO_UNIT.match(city) else city
        if _NO_UNIT.match(name):
            continue
        if code.endswith("0000"):
            yield Division(name, "province", name, "", code, current)
            if name.endswith("市"):
                yield Division(name, "city", name, name, "", current)
        elif code.endswith("00"):
            yield Division(name, "city", province, name, code, current)
        else:
            yield Division(name, "county", province, city, code, current)


def _added(groups: Iterable[dict[str, Any]]) -> Iterator[Division]:
    for group in groups:
        province, city = group["province"], group.get("city", "")
        if city and city == stem_of(province):
            yield Division(city, "city", province, city, "", True)
        for name in group.get("cities", ()):
            yield Division(name, "city", province, name, "", True)
        for name in group["counties"]:
            yield Division(name, "county", province, city, "", True)


def _renamed() -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Read the renamed units: columns day, authority, then name and stem of each level, ``=>`` and the new names."""
    for line in files(__package__).joinpath("renamed_units.tsv").read_text(encoding="utf-8").splitlines():
        if line.startswith("#") or "=>" not in line:
            continue
        old, new = line.split("=>")
        yield tuple(old.split("\t")[2::2]), tuple(new.split("\t"))
