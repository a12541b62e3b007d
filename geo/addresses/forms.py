"""The ways one area's name is written: with and without its ending, with the committee's, in full or as a stem."""

from __future__ import annotations

import re

from geo.addresses.writing import neat

# By kind: a village and its committee (村民委员会), a community and its committee (居民委员会).
_OF_VILLAGE = (
    "村", "村委会", "村民委员会", "村委", "村村委会", "村村民委员会", "村村委", "行政村", "村行政村", "村村", "大队",
    "村大队", "生产大队",
)  # fmt: skip
_OF_COMMUNITY = (
    "社区", "社区居委会", "社区居民委员会", "社区居委", "居委会", "居民委员会", "居委", "社区委员会", "社区社区",
)  # fmt: skip
_OF_BOTH = (
    "村社区",
    "村居委会",
    "村居民委员会",
    "村社区居委会",
    "村社区居民委员会",
    "社区村委会",
    "社区村民委员会",
    "社区村",
)
_VILLAGE_END = re.compile(
    r"(村民委员会|居民委员会|村委会|居委会|社区委员会|村委|居委|委员会|行政村|生产大队|大队|社区|村)$"
)
_TOWN_END = re.compile(r"(街道办事处|街道办|街道|办事处|街办|民族乡|镇|乡)$")
_TOWN_KINDS = (
    "镇",
    "乡",
    "街道",
    "街道办事处",
    "街道办",
    "办事处",
    "街办",
    "镇人民政府",
    "乡人民政府",
    "镇政府",
    "乡政府",
)
_HAMLET_END = re.compile(r"(自然村|村民小组|村民组|小组|自然屯|组)$")
# A name that ends like this is recognisable as one, whatever follows.
ENDED = re.compile(
    r"(村|社区|委会|委员会|居委|大队|镇|乡|街道|街道办|办事处|街办|政府|自然村|组|县|区|市|省|旗|州|盟)$"
)
# A form's tier: as listed; other endings of the same kind; a bare stem or the other kind; stem of a stem.
AS_LISTED, SAME_KIND, FOLDED, DEEP = range(4)


def village_stem(name: str) -> tuple[str, str]:
    """Split a village's name into stem and kind: ``村``, ``社区`` or empty.

    >>> village_stem("旗杆村村民委员会"), village_stem("方塘社区居民委员会"), village_stem("刘村委会")
    (('旗杆', '村'), ('方塘', '社区'), ('刘', '村'))
    """
    found = _VILLAGE_END.search(name)
    if not found or found.start() == 0:
        return name, ""
    stem, end = name[: found.start()], found[0]
    kind = "社区" if end.startswith(("社区", "居")) else "村"
    if end != kind and end != "大队" and len(stem) > 1:
        # The committee's ending comes on top of the village's own: 旗杆村 + 村民委员会.
        own = "社区" if stem.endswith("社区") else "村" if stem.endswith("村") and len(stem) > 2 else ""
        if own:
            return stem[: -len(own)], kind if end != "委员会" else own
    return stem, kind


def village_forms(name: str) -> dict[str, int]:
    """All forms of a village's name, each with its tier; bare stems of one character are left out."""
    name = neat(name)
    forms = {name: AS_LISTED}
    stem, kind = village_stem(name)
    _put(forms, [stem + end for end in _OF_VILLAGE if kind != "社区"], SAME_KIND)
    _put(forms, [stem + end for end in _OF_COMMUNITY if kind != "村"], SAME_KIND)
    _put(forms, [stem, *(stem + end for end in (*_OF_VILLAGE, *_OF_COMMUNITY, *_OF_BOTH))], FOLDED)
    inner, _ = village_stem(stem)
    if inner != stem:
        _put(forms, [inner, *(inner + end for end in (*_OF_VILLAGE, *_OF_COMMUNITY))], DEEP)
    return forms


def hamlet_forms(name: str) -> dict[str, int]:
    """All forms of a natural village's or village group's name, each with its tier."""
    name = neat(name)
    forms = {name: AS_LISTED}
    stem = hamlet_stem(name)
    _put(forms, [stem + "自然村", name + "自然村", stem + "村民组", stem + "组", stem + "村民小组"], SAME_KIND)
    _put(forms, [stem, stem + "村" if not stem.endswith("村") else stem], FOLDED)
    if stem.endswith("村"):
        _put(forms, [stem[:-1]], DEEP)
    return forms


def hamlet_stem(name: str) -> str:
    """Leave out 自然村 and 组: ``王家庄自然村`` becomes ``王家庄``."""
    return _HAMLET_END.sub("", name) or name


def town_forms(name: str) -> dict[str, int]:
    """All forms of a township's name, each with its tier; a changed kind (乡, now 镇) is folded."""
    name = neat(name)
    forms = {name: AS_LISTED}
    stem = town_stem(name)
    if stem != name:
        same = ("街道", "街道办事处", "街道办", "办事处", "街办") if "街道" in name else ("镇政府", "镇人民政府")
        _put(forms, [stem + end for end in same], SAME_KIND)
        _put(forms, [stem, *(stem + end for end in _TOWN_KINDS)], FOLDED)
    return forms


def town_stem(name: str) -> str:
    """Leave out 镇, 乡, 街道: ``许镇镇`` becomes ``许镇``."""
    return _TOWN_END.sub("", name) or name


def _put(forms: dict[str, int], more: list[str], tier: int) -> None:
    for form in more:
        if len(form) >= 2:
            forms.setdefault(form, tier)
