"""Appraisal (鉴定): the words of its form, and the grade of a house from what was found, by a named standard."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from data.rules.words import GRADE
from geo.errors import FangtuError, Text

GUIDELINE = "guideline_2019"
STANDARD = {
    GUIDELINE: Text("农村住房安全性鉴定技术导则（2019）", "Guideline for rural houses (2019)"),
    "jgjt363": Text("JGJ/T 363-2014 农村住房危险性鉴定标准", "JGJ/T 363-2014, rural houses"),
    "jgj125": Text("JGJ 125-2016 危险房屋鉴定标准", "JGJ 125-2016, dangerous buildings"),
    "guideline_2009": Text("农村危险房屋鉴定技术导则（试行，2009）", "Guideline of 2009 (trial)"),
    "provincial_levels": Text("省定一至三级危房", "Provincial levels one to three"),
}
# Standards whose own grades are A to D with the same meaning; a provincial level is none of them.
LETTERED = ("jgjt363", "jgj125", "guideline_2009")
# As on the real form; houses without such a part have nothing to judge there.
PART = {
    "foundation": Text("地基基础", "Foundation"),
    "walls": Text("承重墙", "Bearing walls"),
    "frame": Text("木柱、梁、檩", "Timber columns, beams, purlins"),
    "roof": Text("楼（屋）盖", "Floors and roof"),
    "enclosure": Text("围护墙", "Enclosing walls"),
}
LEVEL = {
    "a": Text("a 无危险点", "a, no danger point"),
    "b": Text("b 有危险点", "b, danger points"),
    "c": Text("c 局部危险", "c, partly dangerous"),
    "d": Text("d 整体危险", "d, wholly dangerous"),
}
ABSENT = "none"
SITE = {
    "safe": Text("场地安全", "Site is safe"),
    "dangerous": Text("场地危险", "Site is dangerous"),
}
MEASURES = {
    "full": Text("具备防灾措施", "Has measures against disasters"),
    "partial": Text("部分具备防灾措施", "Has some measures against disasters"),
    "none": Text("完全不具备防灾措施", "Has no measures against disasters"),
}
CAUSE = {
    "first": Text("首次鉴定", "First appraisal"),
    "again": Text("复核鉴定", "Appraised again"),
    "disaster": Text("灾后鉴定", "After a disaster"),
    "renovated": Text("改造后鉴定", "After renovation"),
}
DISASTER = {
    "flood": Text("洪涝", "Flood"),
    "storm": Text("台风、暴雨、大风", "Storm"),
    "earthquake": Text("地震", "Earthquake"),
    "landslide": Text("滑坡、泥石流", "Landslide"),
    "snow": Text("雪灾、冰冻", "Snow or ice"),
    "fire": Text("火灾", "Fire"),
    "other": Text("其他灾害", "Other disaster"),
}
MOVE = Text("迁址重建", "Rebuild on another site")
MOST_POINTS = 500
# The rule of the guideline as a table, which the phone is sent as it stands (see rules_told): what decides at once, the
# letter of each level from the mildest to the worst, and which levels have danger points.
AT_ONCE = {"site": ("dangerous", "D", Text("场地危险，直接鉴定为D级", "The site is dangerous: D at once"), MOVE)}
GRADE_OF = {"a": "A", "b": "B", "c": "C", "d": "D"}
WITH_POINTS = ("b", "c", "d")
SITE_NAME = Text("场地", "Site")
# Sentences with the place of what they name.
LACKING = Text("还没有鉴定：{names}；不能推定为安全", "Not judged yet: {names}; not taken for safe")
NO_LEVEL = Text("没有一个组成部分有等级，定不出等级", "No part has a level: no grade follows")
ALL_MILD = Text("各组成部分均为a级", "Every part is a")
OWN_LETTER = Text("按原标准 {raw} 级", "{raw} by that standard")
NO_LETTER = Text(
    "“{raw}”没有对应的A–D级，由鉴定人认定", "'{raw}' has no counterpart in A to D: the appraiser says the grade"
)


class FindingsUnfit(FangtuError):
    """Findings that contradict themselves or are no findings; ``column`` names the field of the form."""

    code = "findings_unfit"


@dataclass(frozen=True)
class Part:
    """What was found on one part of a house: its level ``a`` to ``d``, ``none`` if the house has no such part, and the
    danger points in words."""

    level: str
    points: str = ""


@dataclass(frozen=True)
class Findings:
    """What an appraiser found.

    Attributes
    ----------
    site : str or None
        ``safe`` or ``dangerous``; None if nobody judged it.
    parts : mapping
        :class:`Part` by key of :data:`PART`; one that is missing was not looked at.
    measures : str or None
        Measures against disasters: ``full``, ``partial``, ``none``; a result of its own, no part of the grade.
    raw : str or None
        The grade as another standard has it.
    """

    site: str | None = None
    parts: Mapping[str, Part] = field(default_factory=dict)
    measures: str | None = None
    raw: str | None = None


@dataclass(frozen=True)
class Appraised:
    """The result of :func:`appraise`.

    Attributes
    ----------
    grade : str or None
        ``A`` to ``D``; None where the findings do not settle it, and a person says the grade with a reason.
    reasons : tuple of Text
        Why, one sentence each; of an unsettled one what is lacking.
    lacking : tuple of str
        Fields without a finding: ``site`` and keys of :data:`PART`.
    advice : Text or None
        What the standard itself advises.
    """

    grade: str | None
    reasons: tuple[Text, ...]
    lacking: tuple[str, ...] = ()
    advice: Text | None = None


def appraise(standard: str, findings: Findings) -> Appraised:
    """Grade a house by a standard.

    By the guideline of 2019 (《农村住房安全性鉴定技术导则》, MoHURD, 建村函〔2019〕200号) the site comes first, as its
    first stage: a dangerous one makes the house D at once, with the advice to rebuild elsewhere. In the second stage
    each part that the house has is a, b, c or d, and the house is as its worst part: A if all are a; B, C or D with at
    least one b, c or d. A part nobody looked at is lacking: it is never taken for safe, so the grade stays open unless
    the house is D whatever that part may be. Measures against disasters are a third result and change no grade.

    JGJ/T 363-2014, JGJ 125-2016 and the trial guideline of 2009 (建村函〔2009〕69号) grade A to D themselves: A no
    danger point or dangerous component, B single ones that leave the main structure safe, C partly and D wholly
    dangerous. Their letter stays. Provincial levels (一级、二级、三级危房) have no counterpart that any standard
    defines: a person says the grade.

    Parameters
    ----------
    standard : str
        Key of :data:`STANDARD`.
    findings : Findings
        By the guideline of 2019 ``site`` and ``parts``; by any other ``raw``.

    Returns
    -------
    Appraised

    Raises
    ------
    FindingsUnfit
        If the standard, a part, a level or the raw grade is none, or a part contradicts its danger points.
    """
    if standard not in STANDARD:
        raise _unfit("standard", standard, Text("请选择鉴定标准", "choose the standard"))
    if findings.measures is not None and findings.measures not in MEASURES:
        raise _unfit("measures", findings.measures, Text("请选择防灾措施", "choose the measures against disasters"))
    return _by_parts(findings) if standard == GUIDELINE else _by_raw(standard, findings.raw)


def _by_parts(findings: Findings) -> Appraised:
    if findings.site is not None and findings.site not in SITE:
        raise _unfit("site", findings.site, Text("请选择场地是否安全", "choose whether the site is safe"))
    for key, part in findings.parts.items():
        _check(key, part)
    decisive, grade, why, advice = AT_ONCE["site"]
    if findings.site == decisive:
        return Appraised(grade, (why,), advice=advice)
    judged = {key: part.level for key, part in findings.parts.items() if part.level != ABSENT}
    lacking = tuple(key for key in ("site", *PART) if _is_lacking(key, findings))
    mildest, *_others, gravest = GRADE_OF
    worst = max(judged.values(), key=list(GRADE_OF).index, default=None)
    if worst == gravest:
        return Appraised(GRADE_OF[gravest], _at_level(judged, gravest), lacking)
    if lacking or worst is None:
        return Appraised(None, (_open(lacking),), lacking)
    if worst == mildest:
        return Appraised(GRADE_OF[mildest], (ALL_MILD,))
    return Appraised(GRADE_OF[worst], _at_level(judged, worst))


def _is_lacking(key: str, findings: Findings) -> bool:
    return findings.site is None if key == "site" else key not in findings.parts


def _at_level(judged: Mapping[str, str], level: str) -> tuple[Text, ...]:
    parts = [PART[key] for key in PART if judged.get(key) == level]
    zh, en = "、".join(part.zh for part in parts), ", ".join(part.en for part in parts)
    word = LEVEL[level]
    return (Text(f"{zh}：{word.zh}", f"{en}: {word.en}"),)


def _open(lacking: tuple[str, ...]) -> Text:
    if not lacking:
        return NO_LEVEL
    names = [SITE_NAME if key == "site" else PART[key] for key in lacking]
    zh, en = "、".join(name.zh for name in names), ", ".join(name.en for name in names)
    return Text(LACKING.zh.format(names=zh), LACKING.en.format(names=en))


def _check(key: str, part: Part) -> None:
    if key not in PART:
        raise _unfit(key, key, Text("没有这个组成部分", "there is no such part"))
    name = PART[key]
    if part.level == ABSENT and not part.points:
        return
    if part.level not in LEVEL:
        raise _unfit(key, part.level, Text(f"请选择{name.zh}的等级", f"choose the level of: {name.en}"))
    if part.level not in WITH_POINTS and part.points:
        raise _unfit(
            key,
            part.points,
            Text(
                f"{name.zh}写了危险点，就不是a级（无危险点）",
                f"{name.en}: a means no danger point, and some are noted",
            ),
        )
    if part.level in WITH_POINTS and not part.points:
        raise _unfit(key, "", Text(f"请写明{name.zh}的危险点", f"note the danger points of: {name.en}"))


def _by_raw(standard: str, raw: str | None) -> Appraised:
    if not raw:
        raise _unfit("raw", "", Text("请填写原标准的等级", "fill in the grade of that standard"))
    if standard not in LETTERED:
        return Appraised(None, (_with(NO_LETTER, raw),))
    letter = raw.upper().removesuffix("级").strip()
    if letter not in GRADE:
        raise _unfit("raw", raw, Text("这个标准的等级是 A、B、C、D", "grades of this standard are A, B, C and D"))
    return Appraised(letter, (_with(OWN_LETTER, letter),))


def _with(sentence: Text, raw: str) -> Text:
    return Text(sentence.zh.replace("{raw}", raw), sentence.en.replace("{raw}", raw))


def _unfit(field_: str, found: str, why: Text) -> FindingsUnfit:
    return FindingsUnfit(Text(f"没有保存：{why.zh}。", f"Not saved: {why.en}."), column=field_, found=found)
