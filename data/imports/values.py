"""Cells to values: what a ledger writes for a number, a date, a grade, a telephone; what cannot be read is refused."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from data.formulas import is_guarded
from data.rules.words import KEY_GROUP, METHOD, MODE, OUTCOME, STAGE
from geo.errors import Text

LOCAL_ZONE = ZoneInfo("Asia/Shanghai")
_EXCEL_ZERO = date(1899, 12, 30)
# What stands in a cell that says nothing.
_BLANKS = frozenset({"", "-", "--", "—", "——", "/", "\\", "无", "空", "null", "none", "nan", "n/a", "na", "#n/a"})
_LONGEST_LABEL = 200
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class Cannot(Exception):
    """A cell that cannot be read: what was expected, and why this is not it."""

    def __init__(self, expected: Text, reason: Text) -> None:
        super().__init__(reason.en)
        self.expected = expected
        self.reason = reason


class Doubtful(NamedTuple):
    """A value that is taken as it stands although something about it looks wrong."""

    value: Any
    reason: Text


Parser = Callable[[Any], Any]
"""From a cell that is not blank to its value, None for 'says nothing', or a :class:`Doubtful`; raises Cannot."""


def read_text(cell: Any) -> str | None:
    """Read text: as it is, blank ends cut; a whole number without ``.0``.

    A single quote before a formula's first character, as spreadsheets and our own exports write it, is taken off.
    """
    if isinstance(cell, bool):
        return "1" if cell else "0"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    if isinstance(cell, datetime) and cell.time() == time():
        return cell.date().isoformat()
    text = str(cell).strip()
    if _UNSTORABLE.search(text):
        raise Cannot(Text("文字", "text"), Text("含有不能保存的字符", "it holds characters that cannot be stored"))
    if text.startswith("'") and is_guarded(text[1:]):
        text = text[1:].strip()
    return text or None


def read_label(cell: Any) -> str | None:
    """Read a name of a place: text of at most 200 characters."""
    text = read_text(cell)
    if text and len(text) > _LONGEST_LABEL:
        raise Cannot(Text("不超过200个字符", "at most 200 characters"), Text("名称过长", "the name is too long"))
    return text


def read_name(cell: Any) -> str | None:
    """Read a person's name; a masked one (``赵*顺``), as exports have it, says nothing."""
    name = read_text(cell)
    return None if name and re.fullmatch(r".?\*+.?", name) else name


def plain(cell: Any) -> str:
    """Give a cell's text with full-width characters made plain and blanks taken out, for numbers and codes."""
    text = read_text(cell) or ""
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", text))


def read_code(cell: Any) -> str | None:
    """Read a code: full-width made plain, inner blanks kept out; negative numbers and letters are codes too."""
    text = plain(cell)
    if re.fullmatch(r"\d(\.\d+)?[eE]\+\d+", text):
        raise Cannot(
            Text("按文本保存的编号", "a code kept as text"),
            Text("编号被电子表格改成了科学计数", "a spreadsheet turned the code into a power of ten"),
        )
    if len(text) > _LONGEST_LABEL:
        raise Cannot(Text("不超过200个字符", "at most 200 characters"), Text("编号过长", "the code is too long"))
    return text if text.casefold() not in _BLANKS else None


def read_float(low: float | None = None, high: float | None = None) -> Parser:
    """Make a reader of numbers between two bounds; units after the number (``10.0 m``, ``30分钟``) are left out."""
    expected = _between(Text("数字", "a number"), low, high)

    def read(cell: Any) -> float | None:
        number = _number(cell, expected)
        if number is None:
            return None
        if (low is not None and number < low) or (high is not None and number > high):
            raise Cannot(expected, Text("超出范围", "out of range"))
        return number

    return read


def read_int(low: int | None = None, high: int | None = None) -> Parser:
    """Make a reader of whole numbers between two bounds."""
    expected = _between(Text("整数", "a whole number"), low, high)
    as_float = read_float(low, high)

    def read(cell: Any) -> int | None:
        number = as_float(cell)
        if number is None:
            return None
        if not float(number).is_integer():
            raise Cannot(expected, Text("不是整数", "it is not whole"))
        return int(number)

    return read


def read_year(cell: Any) -> int | None:
    """Read a year from a year or a day (``2017``, ``2017年``, ``2018.5``, ``1990-05``, ``90年代`` is refused)."""
    day = read_date(cell)
    return day.year if day else None


def read_date(cell: Any) -> date | None:
    """Read a day: ``2018-05-01``, ``2018年5月1日``, ``20180501``, a spreadsheet's number; a year or month alone is its
    first day, as ledgers write ``2017``, ``2017年``, ``2018.5``."""
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    expected = Text("日期，如 2018-05-01", "a day such as 2018-05-01")
    text = plain(cell)
    if text.casefold() in _BLANKS:
        return None
    found = re.fullmatch(r"(\d{4})(?:[-./年](\d{1,2})(?:[-./月](\d{1,2})日?|月)?|年)?", text) or re.fullmatch(
        r"(\d{4})(\d{2})(\d{2})", text
    )
    if found and 1800 <= int(found[1]) <= 2200:
        month, day = (int(part) if part else 1 for part in (*found.groups(), None, None)[1:3])
        try:
            return date(int(found[1]), month, day)
        except ValueError:
            raise Cannot(expected, Text("没有这一天", "there is no such day")) from None
    stamped = re.fullmatch(r"(\d{4}[-./年]\d{1,2}[-./月]\d{1,2})日?T?\d{1,2}:\d{2}.*", text)
    if stamped:
        return read_date(stamped[1])
    if re.fullmatch(r"\d{5}(\.\d+)?", text):
        return _EXCEL_ZERO + timedelta(days=int(float(text)))
    raise Cannot(expected, Text("读不出日期", "no day can be read from it"))


def read_moment(cell: Any) -> datetime | time | None:
    """Read a moment; without a zone it is Beijing time. A time of day alone (``9:30``) is given as ``time``, for the
    date beside it; a day alone as its midnight."""
    if isinstance(cell, datetime):
        return cell if cell.tzinfo else cell.replace(tzinfo=LOCAL_ZONE)
    if isinstance(cell, time):
        return cell
    if isinstance(cell, date):
        return datetime(cell.year, cell.month, cell.day, tzinfo=LOCAL_ZONE)
    if isinstance(cell, str) and re.match(r"\d{4}-\d\d-\d\d[ T]", cell):
        try:
            moment = datetime.fromisoformat(cell)
        except ValueError:
            pass  # not quite ISO 8601: read below
        else:
            return moment if moment.tzinfo else moment.replace(tzinfo=LOCAL_ZONE)
    text = unicodedata.normalize("NFKC", read_text(cell) or "").strip()
    if text.casefold() in _BLANKS:
        return None
    clock = re.fullmatch(r"(上午|下午|晚上)?\s*(\d{1,2})[:时点](\d{1,2})?(?:[:分](\d{1,2})?秒?)?", text)
    if clock:
        return _time(clock)
    if re.fullmatch(r"\d{5}\.\d+", text):
        days = float(text)
        start = datetime(_EXCEL_ZERO.year, _EXCEL_ZERO.month, _EXCEL_ZERO.day, tzinfo=LOCAL_ZONE)
        return start + timedelta(seconds=round(days * 86400))
    neat = re.sub(r"[年月./](?=\d)", "-", re.sub(r"^(\d{4})/(\d)", r"\1-\2", text.split(" ")[0].split("T")[0])).rstrip(
        "日"
    )
    rest = text[len(text.split(" ")[0].split("T")[0]) :].strip(" T")
    # ISO 8601 allows a zone of hours alone, which Python's reader takes only with minutes.
    rest = re.sub(r"([+-]\d{2})$", r"\1:00", rest)
    try:
        if rest:
            day = read_date(neat)
            assert day is not None
            moment = datetime.fromisoformat(f"{day.isoformat()}T{_two_digits(rest)}")
            return moment if moment.tzinfo else moment.replace(tzinfo=LOCAL_ZONE)
        day = read_date(text)
        assert day is not None
        return datetime(day.year, day.month, day.day, tzinfo=LOCAL_ZONE)
    except (ValueError, AssertionError, Cannot):
        raise Cannot(
            Text("时间，如 2026-05-01 09:30", "a moment such as 2026-05-01 09:30"),
            Text("读不出时间", "no moment can be read from it"),
        ) from None


def read_grade(cell: Any) -> str | None:
    """Read a grade: ``A``–``D``, ``C级``, ``Ｄ级危房``, ``grade c``; 未鉴定 says nothing."""
    text = plain(cell).upper()
    if text.casefold() in _BLANKS or re.fullmatch(r"(尚?未(鉴定|评定|定级)|待鉴定|NOTAPPRAISED|NONE)", text):
        return None
    found = re.fullmatch(r"(?:GRADE)?([ABCD])(?:级.{0,6}|类.{0,6}|,.*)?", text)
    if not found:
        raise Cannot(
            Text("A、B、C 或 D 级；未鉴定则留空", "A, B, C or D; blank if not appraised"),
            Text("不是鉴定等级", "it is no grade"),
        )
    return found[1]


def read_yes(cell: Any) -> bool | None:
    """Read yes or no: 是, √, 有, 1, yes, true …; 否, ×, 无, 0, no, false."""
    text = plain(cell).casefold()
    if text in {"是", "√", "✓", "✔", "有", "y", "yes", "true", "t", "1", "对"}:
        return True
    if text in {"否", "×", "x", "✗", "✘", "无", "没有", "n", "no", "false", "f", "0", "不"}:
        return False
    if text in _BLANKS:
        return None
    raise Cannot(Text("是或否", "yes or no"), Text("不是“是”或“否”", "it is neither yes nor no"))


def read_word(words: Mapping[str, Text], other: Mapping[str, str], what: Text) -> Parser:
    """Make a reader of one of our own words by its code, its labels or other spellings."""
    known = {code.casefold(): code for code in words}
    known |= {label.zh.casefold(): code for code, label in words.items()}
    known |= {label.en.casefold().replace(" ", ""): code for code, label in words.items()}
    for code, spellings in other.items():
        known |= {spelling.casefold(): code for spelling in spellings.split()}
    expected = Text(what.zh + "：" + "、".join(t.zh for t in words.values()), what.en + ": " + ", ".join(words))

    def read(cell: Any) -> str | None:
        text = plain(cell).casefold()
        if text in known:
            return known[text]
        if text in _BLANKS:
            return None
        raise Cannot(expected, Text("不认识这个词", "this word is not known"))

    return read


read_mode = read_word(
    MODE,
    {
        "home": "入户走访 上门 当面 实地 现场 面访 inperson visit",
        "phone": "电话走访 电话联系 tel telephone call 打电话",
        "wechat": "微信走访 微信联系 视频 微信视频",
        "sms": "短信联系 message",
    },
    Text("走访方式", "way of the visit"),
)
read_outcome = read_word(
    OUTCOME,
    {
        "done": "完成 已完成 已走访 已入户 正常 成功 见面 completed success visited",
        "nobody_home": "无人 不在家 家中无人 没人 锁门 门锁 铁将军 locked no_one_home noone nobody absent",
        "refused": "拒绝 拒绝走访 拒访户 refusal",
        "long_away": "外出 外出务工 长期在外 举家外出 常年外出",
        "demolished": "已拆 已拆除 拆除 房屋拆除",
        "moved": "搬走 搬迁 已搬迁 迁出",
        "not_found": "找不到 未找到 查无此人",
    },
    Text("走访结果", "outcome"),
)
read_method = read_word(
    METHOD,
    {
        "repair": "维修加固 加固 修缮 维修 加固改造 修缮 c级改造",
        "rebuild": "重建 新建 拆旧建新 原址翻建 原址重建 异地新建 选址新建 异地非集中新建 异地相对集中新建 翻建",
        "turn_key": "交钥匙工程 政府代建 统建",
    },
    Text("改造方式", "method"),
)
read_stage = read_word(
    STAGE,
    {
        "found": "排查 已发现 摸底",
        "appraised": "已鉴定 已评定 评定",
        "compared": "已比对 评议 公示 审核",
        "approved": "已批准 审批 已审批 未开工 未开始",
        "started": "已开工 在建 施工中 改造中",
        "completed": "已竣工 完工 已完工",
        "accepted": "已验收 验收合格 竣工已验收",
        "paid": "已发放 已兑付 已拨付 发放 兑付 已打卡",
    },
    Text("进度", "stage"),
)


def read_ruling(cell: Any) -> str | None:
    """Read what a person ruled on a visit: ``false`` (虚假入户, no), ``void`` (作废); 属实 and yes rule nothing."""
    text = plain(cell).casefold()
    if text in {"false", "虚假", "虚假入户", "虚假走访", "不属实", "否", "no", "n", "0", "假"}:
        return "false"
    if text in {"void", "作废", "无效"}:
        return "void"
    if text in _BLANKS or text in {"属实", "真实", "是", "yes", "y", "1", "true"}:
        return None
    raise Cannot(
        Text("虚假入户、作废，或留空", "false, void, or blank"), Text("不认识这个词", "this word is not known")
    )


_GROUPS = read_word(
    KEY_GROUP,
    {
        "party_veteran": "老党员户 partyveteran",
        "hardship": "困难 困难户 困难家庭 低保户 低收入",
        "lone_elder": "孤寡 孤寡老年人 独居老人 loneelder",
        "left_behind_child": "留守 留守孩子 leftbehindchild",
        "petitioner": "上访户 信访老户 信访户",
    },
    Text("重点人群", "key groups"),
)


def read_groups(cell: Any) -> list[str] | None:
    """Read key groups (五个重点访), several parted by 、 , ; | or blanks; sorted, without repeats."""
    text = unicodedata.normalize("NFKC", read_text(cell) or "")
    words = [word for word in re.split(r"[、,;|/\s]+", text.strip("{}[]")) if word]
    found = {group for word in words if (group := _GROUPS(word.strip("\"'")))}
    return sorted(found)


def read_list(cell: Any) -> list[str] | None:
    """Read several names or codes in one cell, parted by 、 , ; | or a line break."""
    parts = [raw.strip() for raw in re.split(r"[、,，;；|\n]+", read_text(cell) or "")]
    return [name for part in parts if part and (name := read_label(part))] or None


def _number(cell: Any, expected: Text) -> float | None:
    if isinstance(cell, bool):
        raise Cannot(expected, Text("不是数字", "it is no number"))
    if isinstance(cell, int | float):
        number = float(cell)
    else:
        text = plain(cell).casefold()
        if text in _BLANKS:
            return None
        found = re.fullmatch(r"([+-]?(?:\d{1,3}(?:,\d{3})+|\d+|(?=\.\d))(?:\.\d*)?(?:e[+-]?\d+)?)[^\d.,]{0,6}", text)
        if not found:
            raise Cannot(expected, Text("读不出数字", "no number can be read from it"))
        number = float(found[1].replace(",", ""))
    if math.isnan(number):
        return None
    if math.isinf(number):
        raise Cannot(expected, Text("不是有限的数", "it is not finite"))
    return number


def _between(kind: Text, low: float | None, high: float | None) -> Text:
    if low is None and high is None:
        return kind
    if high is None:
        return Text(f"{kind.zh}，不小于{low:g}", f"{kind.en}, {low:g} or more")
    return Text(f"{kind.zh}，{low:g} 至 {high:g}", f"{kind.en} from {low:g} to {high:g}")


def _time(found: re.Match[str]) -> time:
    hour, minute, second = (int(part or 0) for part in found.groups()[1:])
    if found[1] in ("下午", "晚上") and hour < 12:
        hour += 12
    try:
        return time(hour, minute, second)
    except ValueError:
        raise Cannot(
            Text("时刻，如 09:30", "a time of day such as 09:30"), Text("没有这个时刻", "there is no such time of day")
        ) from None


def _two_digits(clock: str) -> str:
    return re.sub(r"^(\d):", r"0\1:", clock)
