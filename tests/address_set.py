"""Labelled addresses of villages, with the slips and habits of real ledgers, for measuring the gazetteer.

Village, township and county names are real; natural villages, groups and numbers are invented. What is right is
decided here, by what was written and what else the same letters could have come from, never by asking the matcher:

* an address that could have been written for two villages of the user's area is ambiguous,
* a slip that leaves a name one letter (plain edit distance) from a second village in reach is ambiguous as well,
* a slip that happens to give the very name of another place is drawn again,
* everything that is not in the user's area has no answer, however near its name may be.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import pairwise

from geo.addresses.gazetteer import Unit

SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎"
    "余潘杜戴夏钟汪田任姜范方石姚"
)
ENDS = (
    "家", "庄", "塘", "冲", "湾", "岗", "咀", "坝", "垅", "榨", "铺", "桥头", "大院", "老屋", "家湾", "家冲",
    "家塘", "家庄", "村",
)  # fmt: skip
# What a slip puts in: any of the commonest characters, or one that looks or sounds alike.
COMMON = (
    "的一是在人有我他这中大来上国和地到以说时要就出会可也你对生能而子那得于着下自之年发后作里用道行所然家"
    "种事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日军者意无力"
    "它与长把机十民第公此已工使情明性知全三又关点正业外将两高间由问很最重并物手应战向头文体政美相见被利什"
    "二等产或新己制身果加西斯月话合回特代内信表化老给世位次度门任常先海通教儿原东声提立及比员解水名真论处"
    "走义各入几口认条平系气题活尔更别打女变四神总何电数安少报才结反受目太量再感建务做接必场件计管期市直德"
    "资命山金指克许统区保至队形社便空决治展马科司五基眼书非则听白却界达光放强即像难且权思王象完设式色路记"
    "南品住告类求据程北边死张该交规万取拉格望觉术领共确传师观清今切院让识候带导争运"
)
SIMILAR = (
    "墩敦 辛幸 沟勾 塘唐 沚止 繁樊 昌倡 寨塞 河何 溪西 坝坎 坡波 桥侨 杆干 洼哇 岭领 庄桩 店点 "
    "湾弯 郎朗 铺捕 杨扬 泉全 汤烫 港巷 圩圬 城诚 阳杨 清青 福副 兴新 芦卢 殷般 孙逊 张章 李季 "
    "王玉 陈阵 徐除 黄横 高搞 吴昊 朱未 太大 平萍 双又 丰奉 民氏 永水 安按 红虹 星呈 光先 友支 "
    "谊宜 联连 胜性 东冻 南男 北比 山仙 石右 龙尤 凤风 马吗 牛午 云运 竹行 梅海 柳卯 松讼 林木 "
    "井开 寺侍 庙苗 楼搂 营莹 旗其 镇真 乡香 村材 "
)
OLD_COUNTIES = {"湾沚区": "芜湖县", "繁昌区": "繁昌县", "无为市": "无为县", "安徽芜湖三山经济开发区": "三山区"}
ELSEWHERE = (
    "浙江省杭州市临安区", "江苏省南京市江宁区", "安徽省合肥市肥东县", "安徽省马鞍山市和县",
    "河南省信阳市光山县", "湖北省襄樊市谷城县", "四川省成都市新津县", "山东省济南市长清区",
    "湖南省长沙市宁乡县", "江西省上饶市鄱阳县", "上海市浦东新区", "重庆市巫山县", "肥西县", "泾县", "当涂县",
    "桓台县", "安丘市", "临朐县", "平昌县", "通江县",
)  # fmt: skip
REMARKS = (
    "已拆迁", "空关房", "常年在外", "东头第一家", "村部旁边", "靠近水库", "大塘边上", "小学对面", "新建两层楼",
    "户主外出务工", "与儿子同住", "老房子已倒", "路口左拐", "旧宅", "租住", "国道边",
)  # fmt: skip
NONSENSE = (
    "同上", "无", "不详", "本村", "自己家", "在外打工", "13800000000", "新房子后面", "老屋基", "租房居住",
    "镇上", "县城买房", "敬老院", "未知", "见附表", "5号", "3组", "三组12号", "阳光花园小区3栋2单元501室",
    "人民路18号", "建设路农贸市场旁", "工业园区宿舍", "学校宿舍楼", "跟女儿住", "-",
)  # fmt: skip


@dataclass(frozen=True)
class Village:
    """A row of the list of villages."""

    code: str
    name: str
    town: str
    town_code: str
    county: str
    county_code: str
    city: str
    province: str

    @property
    def stem(self) -> str:
        name = re.sub(r"(村民委员会|居民委员会|村委会|居委会|居委)$", "", self.name)
        return re.sub(r"(?<=..)(社区|村)$", "", name)

    @property
    def is_community(self) -> bool:
        return bool(re.search(r"(社区|居民委员会|居委会|居委)$", self.name))

    def forms(self) -> list[str]:
        """The ways people write it: official, short, with the committee, and bare."""
        ends = (
            ("社区", "居委会", "社区居委会", "社区居民委员会")
            if self.is_community
            else ("村", "村委会", "村村民委员会", "村村委会")
        )
        return list(
            dict.fromkeys([self.name, *(self.stem + end for end in ends), *([self.stem] if len(self.stem) > 1 else [])])
        )


@dataclass(frozen=True)
class Hamlet:
    """An invented natural village."""

    name: str
    village: Village

    def forms(self) -> list[str]:
        return [self.name, self.name + "自然村"]


@dataclass(frozen=True)
class Case:
    """One address for one user. ``answer``: code of the village, ``ambiguous``, or empty for none of the area."""

    user: str
    address: str
    answer: str
    kind: str
    village: Village | None = None
    names_county: bool = False


@dataclass
class Land:
    """All villages, with invented hamlets; users are counties and townships."""

    villages: list[Village]
    hamlets: dict[str, list[Hamlet]] = field(default_factory=dict)
    users: dict[str, list[Village]] = field(default_factory=dict)

    def units(self, user: str) -> list[Unit]:
        """Units of a user's area, with township and county above, keyed by their codes."""
        found: dict[int, Unit] = {}
        for village in self.users[user]:
            county, town, key = int(village.county_code), int(village.town_code), int(village.code)
            found[county] = Unit(county, "county", village.county, None, _aliases(village), (village.county_code,))
            found[town] = Unit(town, "township", village.town, county, (), (village.town_code,))
            found[key] = Unit(key, "village", village.name, town, (), (village.code,))
            for number, hamlet in enumerate(self.hamlets[village.code]):
                found[key * 1000 + number] = Unit(key * 1000 + number, "natural_village", hamlet.name, key)
        return list(found.values())


def make_land(rows: Iterable[dict[str, str]], seed: int) -> Land:
    """Read rows of the list of villages and invent two to six natural villages for each."""
    rng = random.Random(seed)
    land = Land(
        [
            Village(
                r["village_code12"], r["village_name"], r["town_name"], r["town_code9"], r["county_name"],
                r["county_code6"], r["city_name"], r["prov_name"],
            )
            for r in rows
        ]
    )  # fmt: skip
    users: dict[str, list[Village]] = defaultdict(list)
    for village in land.villages:
        users[village.county_code].append(village)
        users[village.town_code].append(village)
        names = {rng.choice(SURNAMES) + rng.choice(ENDS) for _ in range(rng.randint(2, 6))}
        land.hamlets[village.code] = [Hamlet(name, village) for name in sorted(names)]
    land.users = {user: villages for user, villages in users.items() if len(villages) >= 4}
    return land


def make_cases(land: Land, count: int, seed: int) -> list[Case]:
    """Draw as many different cases; the same for the same seed."""
    rng = random.Random(seed)
    maker = _Maker(land, rng)
    kinds: list[tuple[Callable[[str], Case | None], float]] = [
        (maker.own, 0.72),
        (maker.twin, 0.06),
        (maker.other_township, 0.05),
        (maker.other_county, 0.05),
        (maker.unlisted, 0.04),
        (maker.longer_name, 0.04),
        (maker.nonsense, 0.04),
    ]
    makers, weights = [kind for kind, _ in kinds], [weight for _, weight in kinds]
    counties = sorted(user for user in land.users if len(user) == 6)
    towns = sorted(user for user in land.users if len(user) == 9)
    cases: dict[tuple[str, str], Case] = {}
    while len(cases) < count:
        user = rng.choice(counties if rng.random() < 0.5 else towns)
        case = rng.choices(makers, weights)[0](user)
        if case is not None and case.address:
            cases.setdefault((user, case.address), case)
    return list(cases.values())


class _Maker:
    def __init__(self, land: Land, rng: random.Random) -> None:
        self.land, self.rng = land, rng
        self._forms: dict[str, dict[str, set[str]]] = {}
        for user, villages in land.users.items():
            meant: dict[str, set[str]] = defaultdict(set)
            for village in villages:
                for form in village.forms():
                    meant[form].add(village.code)
                for hamlet in land.hamlets[village.code]:
                    for form in hamlet.forms():
                        meant[form].add(village.code)
            self._forms[user] = meant
        self._by_code = {village.code: village for village in land.villages}

    def own(self, user: str, village: Village | None = None, *, town: bool | None = None) -> Case | None:
        """An address of the user's own area, with noise."""
        rng = self.rng
        village = village or rng.choice(self.land.users[user])
        form = (
            rng.choice(village.forms())
            if rng.random() < 0.6
            else village.stem + ("社区" if village.is_community else "村")
        )
        uppers = self._uppers(village, town)
        names_town = any(kind == "town" for kind, _ in uppers)
        hamlet = rng.choice(self.land.hamlets[village.code]) if rng.random() < 0.35 else None
        only_hamlet = hamlet is not None and rng.random() < 0.2
        names = [("village", form)] if not only_hamlet else []
        if hamlet:
            names.append(("hamlet", rng.choice(hamlet.forms()) if rng.random() < 0.2 else hamlet.name))
        meant = self._meant(user, names, village.town_code if names_town else "")
        answer = village.code if meant == {village.code} else "ambiguous"
        kind = "hamlet only" if only_hamlet else "own"
        if rng.random() < 0.22:
            slipped = self._slip(user, village, uppers, names, names_town)
            if slipped is None:
                return None
            uppers, names, tie = slipped
            answer = "ambiguous" if tie else answer
            kind = "slip"
        pieces = self._double([*uppers, *names])
        order = rng.random() < 0.07 and len(pieces) > 1
        address = self._write(pieces, order)
        county = any(kind in ("county", "city", "province") for kind, _ in uppers)
        return Case(user, address, answer, "ambiguous" if answer == "ambiguous" else kind, village, county)

    def twin(self, user: str) -> Case | None:
        """A name that two villages of the area share, without what tells them apart."""
        shared = sorted(form for form, codes in self._forms[user].items() if len(codes) > 1)
        if not shared:
            return None
        form = self.rng.choice(shared)
        codes = self._forms[user][form]
        village = self._by_code[sorted(codes)[0]]
        uppers = [p for p in self._uppers(village, False) if p[0] != "town"]
        return Case(user, self._write([*uppers, ("village", form)], False), "ambiguous", "ambiguous", village)

    def other_township(self, user: str) -> Case | None:
        """An address that names another township, half of them with a village name of the user's own."""
        if len(user) != 9:
            return None
        rng = self.rng
        own = rng.choice(self.land.users[user])
        others = [v for v in self.land.villages if v.county_code == own.county_code and v.town_code != user]
        if not others:
            return None
        other = rng.choice(others)
        named = own if rng.random() < 0.5 else other
        uppers = [p for p in self._uppers(other, True) if p[0] != "town"] + [("town", other.town)]
        return Case(user, self._write([*uppers, ("village", rng.choice(named.forms()))], False), "", "other township")

    def other_county(self, user: str) -> Case:
        """An address in another county, of the four areas or anywhere, half of them with a name of the user's own."""
        rng = self.rng
        own = rng.choice(self.land.users[user])
        if rng.random() < 0.5:
            other = rng.choice([v for v in self.land.villages if v.county != own.county and "开发区" not in v.county])
            uppers = [("county", other.county), ("town", other.town)]
            if rng.random() < 0.5:
                uppers = [("province", other.province), ("city", other.city), *uppers]
        else:
            town = rng.choice(SURNAMES) + rng.choice(("集", "店", "桥", "山", "河")) + rng.choice(("镇", "乡"))
            uppers = [("county", rng.choice(ELSEWHERE)), *([("town", town)] if rng.random() < 0.7 else [])]
            other = rng.choice(self.land.villages)
        named = own if rng.random() < 0.5 else other
        return Case(user, self._write([*uppers, ("village", rng.choice(named.forms()))], False), "", "other county")

    def unlisted(self, user: str) -> Case | None:
        """A village of elsewhere, with nothing or with the user's own township before it."""
        rng = self.rng
        other = rng.choice(self.land.villages)
        form = rng.choice(other.forms())
        if any(form == known or _bare(form) == _bare(known) for known in self._forms[user]):
            return None
        own = rng.choice(self.land.users[user])
        uppers = [("town", own.town)] if rng.random() < 0.4 else []
        return Case(user, self._write([*uppers, ("village", form)], False), "", "unlisted village")

    def longer_name(self, user: str) -> Case | None:
        """A name that contains one of the area's (李家沟 beside 李家), but is not that name with a letter twice."""
        rng = self.rng
        stem = rng.choice(self.land.users[user]).stem
        name = (
            stem + rng.choice("沟桥湾山塘坝岭河口") if rng.random() < 0.5 else rng.choice("大小上下东西新老前后") + stem
        )
        twice = any(a == b for a, b in pairwise(name))
        if twice or any(_bare(name) == _bare(known) for known in self._forms[user]):
            return None
        own = rng.choice(self.land.users[user])
        uppers = [("town", own.town)] if rng.random() < 0.4 else []
        return Case(user, self._write([*uppers, ("village", name + "村")], False), "", "longer name")

    def nonsense(self, user: str) -> Case:
        """Text that names no village."""
        rng = self.rng
        text = rng.choice(NONSENSE)
        return Case(user, text if rng.random() < 0.5 else f"{text}{rng.choice(REMARKS)}", "", "nonsense")

    def _uppers(self, village: Village, town: bool | None) -> list[tuple[str, str]]:
        """Levels above the village: all, from the county, only the township, none, or any of them."""
        rng = self.rng
        county = OLD_COUNTIES.get(village.county, village.county) if rng.random() < 0.3 else village.county
        form = village.town
        if form.endswith("街道") and rng.random() < 0.2:
            form += "办事处"
        elif form.endswith("镇") and rng.random() < 0.05:
            form = form[:-1] + "乡"
        bare = rng.random() < 0.12
        levels = [("province", village.province), ("city", village.city), ("county", county), ("town", form)]
        if bare:
            levels = [(kind, _bare_upper(text)) for kind, text in levels]
        mode = rng.random()
        if mode < 0.3:
            kept = levels
        elif mode < 0.45:
            kept = levels[2:]
        elif mode < 0.7:
            kept = levels[3:]
        elif mode < 0.88:
            kept = []
        else:
            kept = [level for level in levels if rng.random() < 0.5]
        if town is False:
            kept = [level for level in kept if level[0] != "town"]
        if town and all(kind != "town" for kind, _ in kept):
            kept = [*kept, levels[3]]
        return kept

    def _meant(self, user: str, names: list[tuple[str, str]], town: str) -> set[str]:
        """Codes of all villages for which the same names could have been written."""
        found = [{code for code in self._forms[user].get(text, ()) if code.startswith(town)} for _, text in names]
        both = set.intersection(*found) if found else set()
        if both or len(found) < 2:
            return both
        return found[0]

    def _slip(
        self, user: str, village: Village, uppers: list[tuple[str, str]], names: list[tuple[str, str]], names_town: bool
    ) -> tuple[list[tuple[str, str]], list[tuple[str, str]], bool] | None:
        """Change one character of one name; says whether a second village is now as near as the one meant."""
        rng = self.rng
        at_upper = bool(uppers) and rng.random() < 0.35
        pieces = uppers if at_upper else names
        place = rng.randrange(len(pieces))
        kind, text = pieces[place]
        changed = self._change(text)
        known = self._forms[user]
        if changed == text or changed in known or _bare(changed) in {_bare(k) for k in known} - {_bare(text)}:
            return None
        tie = False
        if not at_upper:
            town = village.town_code if names_town else ""
            reach = {
                code
                for form, codes in known.items()
                if _distance(_bare(changed), _bare(form)) <= 1
                for code in codes
                if code.startswith(town)
            }
            rest = [name for at, name in enumerate(names) if at != place]
            tie = bool((reach & self._meant(user, rest, town) if rest else reach) - {village.code})
        pieces = [*pieces[:place], (kind, changed), *pieces[place + 1 :]]
        return (pieces, names, tie) if at_upper else (uppers, pieces, tie)

    def _change(self, text: str) -> str:
        rng = self.rng
        at = rng.randrange(len(text))
        how = rng.random()
        if how < 0.35:
            similar = next((p.replace(text[at], "") for p in SIMILAR.split() if text[at] in p), "")
            return text[:at] + (similar or rng.choice(COMMON)) + text[at + 1 :]
        if how < 0.6:
            return text[:at] + rng.choice(COMMON) + text[at + 1 :]
        if how < 0.8:
            return text[:at] + text[at + 1 :]
        return text[:at] + text[at] + text[at:]

    def _double(self, pieces: list[tuple[str, str]]) -> list[tuple[str, str]]:
        rng = self.rng
        if rng.random() < 0.08 and pieces:
            at = rng.randrange(len(pieces))
            return [*pieces[: at + 1], pieces[at], *pieces[at + 1 :]]
        return pieces

    def _write(self, pieces: list[tuple[str, str]], disorder: bool) -> str:
        """Put pieces and numbers together, with spaces, full-width digits and remarks."""
        rng = self.rng
        texts = [text for _, text in pieces]
        numbers = self._numbers()
        if disorder:
            texts = [*texts, numbers]
            rng.shuffle(texts)
            address = (" " if rng.random() < 0.5 else "，").join(text for text in texts if text)
        else:
            address = ("" if rng.random() < 0.93 else " ").join(texts) + numbers
        if rng.random() < 0.1:
            remark = rng.choice(REMARKS)
            address += rng.choice((f"（{remark}）", f" {remark}", f"，{remark}"))
        if rng.random() < 0.08 and len(address) > 3:
            at = rng.randrange(1, len(address))
            address = address[:at] + rng.choice((" ", "　", "  ")) + address[at:]
        if rng.random() < 0.1:
            address = address.translate({ord("0") + digit: "０１２３４５６７８９"[digit] for digit in range(10)})
        return address

    def _numbers(self) -> str:
        rng = self.rng
        group, house = rng.randint(1, 20), rng.randint(1, 300)
        chinese = ["", *"一二三四五六七八九", "十", *("十" + d for d in "一二三四五六七八九"), "二十"]
        return rng.choice(
            (
                "", "", f"{group}组", f"{chinese[group]}组", f"{house}号", f"{group}组{house}号",
                f"第{chinese[group]}村民小组", f"第{group}村民小组{house}号", f"{house}号附{group}号",
                f"{group}栋{rng.randint(1, 4)}单元{house}室", f"{group}-{house}号", f"{group}队",
                f"{chinese[group]}社{house}号",
            )
        )  # fmt: skip


def _aliases(village: Village) -> tuple[str, ...]:
    """The zone's older name, which no national list connects with it."""
    old = OLD_COUNTIES.get(village.county)
    return (old,) if old and village.county.endswith("开发区") else ()


def _bare(form: str) -> str:
    bare = re.sub(r"(村民委员会|居民委员会|村委会|居委会|自然村)$", "", form)
    return re.sub(r"(?<=.)(社区|村)$", "", bare)


def _bare_upper(text: str) -> str:
    bare = re.sub(r"(街道办事处|街道|省|市|(?<!发)(?<!园)区|县|镇|乡)$", "", text)
    return bare if len(bare) > 1 else text


def _distance(a: str, b: str) -> int:
    """Plain edit distance (Levenshtein), up to 2."""
    if abs(len(a) - len(b)) > 1:
        return 2
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        row, before = [i], row
        for j, y in enumerate(b, 1):
            row.append(min(before[j] + 1, row[-1] + 1, before[j - 1] + (x != y)))
    return min(row[-1], 2)
