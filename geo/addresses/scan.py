"""Reading an address from left to right into names of the user's areas, other places, and numbers."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from geo.addresses.divisions import split_divisions
from geo.addresses.endings import (
    BESIDE,
    COMMON,
    ENDING_SIGN,
    ENDINGS,
    ENDS,
    LANDMARK,
    LANE,
    LIKE_VILLAGE,
    LONGER_VILLAGE,
    NAME_GOES_ON,
    PART,
    TELLING_END,
)
from geo.addresses.forms import ENDED
from geo.addresses.nation import stem_of
from geo.addresses.near import OTHER, TELLING, slip
from geo.addresses.old_names import OldNames
from geo.addresses.units import CONTEXT, HAMLETS, TOWNSHIP, Index, Option
from geo.addresses.writing import SEPARATOR


@dataclass(frozen=True)
class Item:
    """A piece of an address.

    ``kind`` is ``unit`` (with what it may mean), ``elsewhere`` (a province, city or county outside), ``part`` (a
    number), or what an unknown piece looks like: ``township``, ``county``, ``village``, ``lane``, ``loose``.
    ``anchored`` is False for a bare stem that unknown text follows; ``near`` for a name that one wrong character
    (陶辛真 for 陶辛镇) follows.
    """

    kind: str
    text: str
    options: tuple[Option, ...] = ()
    anchored: bool = True
    near: bool = False


def scan(text: str, index: Index, old_names: OldNames) -> list[Item]:
    """Split a neat address into items, in order.

    Parameters
    ----------
    text : str
        As :func:`geo.addresses.writing.neat` gives it.
    index : Index
        The user's units.
    old_names : OldNames
        Knows the provinces, cities and counties outside.

    Notes
    -----
    The longest known name counts (李家沟 before 李家), and it must begin where something else ended: after unknown
    letters a name is part of a longer, unknown one (大李家沟 is not 李家沟).
    """
    return _Scanner(text, index, old_names).run()


class _Scanner:
    def __init__(self, text: str, index: Index, old_names: OldNames) -> None:
        self.text, self.index, self.old_names = text, index, old_names
        self.items: list[Item] = []
        self.at = 0
        self.begun = 0  # where the unknown run began that reaches up to `at`

    def run(self) -> list[Item]:
        text = self.text
        while self.at < len(text):
            if text[self.at] == SEPARATOR:
                self._end_run()
                self._skip(1)
            elif self._take_unit() or self._take_part() or self._take_elsewhere() or self._take_lane():
                continue
            else:
                self.at += 1
                self._end_run_at_ending()
        self._end_run()
        return self.items

    def _skip(self, length: int) -> None:
        self.at += length
        self.begun = self.at

    def _take_unit(self) -> bool:
        for length in self.index.lengths.get(self.text[self.at], ()):
            form = self.text[self.at : self.at + length]
            options = self.index.forms.get(form) if len(form) == length else None
            if not options:
                continue
            end = self.at + length
            ended = bool(ENDED.search(form))
            slipped = self._slipped_ending(form, end)
            if not slipped and NAME_GOES_ON.match(self.text, end) and not self._starts_form(end):
                continue
            anchored = bool(slipped) or self._is_anchored(form, end)
            if not anchored:
                # A bare stem before unknown text is no village (李家 in 李家沟), but it may be what stands above.
                options = tuple(option for option in options if option.level in CONTEXT)
                if not options or any(o.level == TOWNSHIP for item in self.items for o in item.options):
                    continue
            elif ended and self._is_longer_village(form, end):
                continue
            if self.at > self.begun and not self._run_is_ending() and not self._run_is_explained(form, options):
                return False
            self._end_run()
            if LANDMARK.match(self.text, end) and any(item.kind == "unit" for item in self.items):
                self.items.append(Item("loose", form))
            else:
                self.items.append(
                    Item("unit", self.text[self.at : end + slipped], options, anchored, near=bool(slipped))
                )
            self._skip(length + slipped)
            return True
        return False

    def _slipped_ending(self, form: str, end: int) -> int:
        """Length of an ending with one slip after a known name (沙墩|世区, 沙墩|材), 0 if there is none."""
        text = self.text
        if self._is_border(end):
            return 0
        if ENDED.search(form):
            if form.endswith("街道") and slip(text[end : end + 3], "办事处"):
                return 3
            doubled = text[end : end + 1] == form[-1] and form[-1] in "镇乡县市区省村"
            return 1 if doubled and (self._is_border(end + 1) or self._starts_form(end + 1)) else 0
        for length in range(8, 0, -1):
            piece = text[end : end + length]
            if len(piece) < length or not (self._is_border(end + length) or self._starts_form(end + length)):
                continue
            if piece in LIKE_VILLAGE or piece in ("社", "区"):
                return 1
            if length == 1 or COMMON.search(piece) or TELLING_END.search(piece):
                continue
            if any(slip(piece, ending) not in (None, OTHER) for ending in ENDINGS):
                return length
        return 0

    def _is_border(self, at: int) -> bool:
        """Whether a name must end here: before the end, a separator or a number."""
        return at >= len(self.text) or self.text[at] == SEPARATOR or bool(PART.match(self.text, at))

    def _is_anchored(self, form: str, end: int) -> bool:
        if self._is_border(end) or ENDED.search(form):
            return True
        return bool(
            BESIDE.match(self.text, end)
            or LANE.match(self.text, end)
            or self._starts_form(end)
            or self._near_hamlet_at(form, end)
        )

    def _near_hamlet_at(self, form: str, end: int) -> bool:
        """Whether all that follows the bare stem of a village is a slip of the name of one of its hamlets."""
        length = next((n for n in range(2, 7) if self._is_border(end + n)), 0)
        keys = {option.key for option in self.index.forms[form]}
        near = self.index.near_hamlets.find(self.text[end : end + length]) if length else []
        return any(self.index.village[key] in keys and len(name) >= 3 for how, name, key in near if how != OTHER)

    def _is_longer_village(self, form: str, end: int) -> bool:
        """Whether a village's name goes on with one character and 村: 潘村 in 潘村山村."""
        if not form.endswith(("村", "社区")) or not LONGER_VILLAGE.match(self.text, end):
            return False
        return not self._starts_form(end) and self.text[end] not in "村委居社"

    def _starts_form(self, start: int, depth: int = 3) -> bool:
        """Whether a known name begins here that has its ending, or ends at a border or where the next begins."""
        for length in self.index.lengths.get(self.text[start], ()) if start < len(self.text) else ():
            form, end = self.text[start : start + length], start + length
            if form not in self.index.forms or NAME_GOES_ON.match(self.text, end):
                continue
            if ENDED.search(form) or self._is_border(end) or (depth and self._starts_form(end, depth - 1)):
                return True
        return False

    def _run_is_ending(self) -> bool:
        """Whether the unknown text is one wrong character in the place of 镇, 区 … (陶辛真沙墩村)."""
        run = self.text[self.begun : self.at]
        before = self.items[-1] if self.items else None
        if before is None or before.kind != "unit" or before.anchored or len(run) != 1 or run in TELLING:
            return False
        if ENDED.search(before.text):
            return False
        self.items[-1] = replace(before, text=before.text + run, near=True)
        self.begun = self.at
        return True

    def _run_is_explained(self, form: str, options: tuple[Option, ...]) -> bool:
        """Whether the unknown text before a known name can be something else than the name's beginning.

        A slip of an upper name can, and of a village's before its hamlet; before a village, a short one only if it is
        its own township's.
        """
        run, index = self.text[self.begun : self.at], self.index
        if len(run) < 2:
            return False
        towns = {key for how, _, key in index.near_towns.find(run) if how != OTHER}
        upper = any(option.level in CONTEXT for option in options)
        if (upper or len(run) >= 3) and (towns or index.near_upper.find(run)):
            return True
        if towns & {index.township[option.key] for option in options if option.key is not None}:
            self._end_run(TOWNSHIP)
            return True
        above = {index.village[option.key] for option in options if option.key is not None and option.level in HAMLETS}
        if above & {key for how, _, key in index.near_villages.find(run) if how != OTHER}:
            return True
        return all(option.level in CONTEXT for option in options) and len(form) >= 3 and bool(ENDED.search(form))

    def _take_part(self) -> bool:
        found = PART.match(self.text, self.at)
        if not found:
            return False
        self._end_run()
        self.items.append(Item("part", found[0]))
        self._skip(len(found[0]))
        return True

    def _take_elsewhere(self) -> bool:
        if self.at > self.begun or not self.index.knows_uppers:
            return False
        name = self.old_names.elsewhere(self.text, self.at)
        if not name or COMMON.search(name) or re.match(r"[镇乡街村]|社区", self.text[self.at + len(name) :]):
            return False
        self.items.append(Item("elsewhere", name))
        self._skip(len(name))
        return True

    def _take_lane(self) -> bool:
        if self.at > self.begun:
            return False
        found = LANE.match(self.text, self.at)
        if not found or any(sign in found[0] for sign in "镇乡村县区市"):
            return False
        self.items.append(Item("lane", found[0]))
        self._skip(len(found[0]))
        return True

    def _end_run_at_ending(self) -> None:
        """End the unknown run if it ends like a name and does not go on like one."""
        if self.text[self.at - 1] not in ENDING_SIGN:
            return
        if self.text.startswith("事处", self.at) or (
            LONGER_VILLAGE.match(self.text, self.at) and not self._starts_form(self.at)
        ):
            return
        following = self.text[self.at : self.at + 1]
        if following and (
            following in "镇乡县村委居办"
            or (self.text[self.at - 1] == "街" and following == "道")
            or self.text.startswith(("街道", "社区", "市区"), self.at)
        ):
            return
        run = self.text[self.begun : self.at]
        if len(run) >= 2 and any(pattern.search(run) for _, pattern in ENDS):
            self._end_run()

    def _end_run(self, kind: str = "") -> None:
        run = self.text[self.begun : self.at]
        self.begun = self.at
        if not run:
            return
        kind = kind or next((kind for kind, pattern in ENDS if pattern.search(run)), "loose")
        if kind in (TOWNSHIP, "county") and (COMMON.search(run) or (len(run) > 6 and "自治" not in run)):
            kind = "loose"
        if kind == "loose" and not self.items and self._is_elsewhere(run):
            kind = "elsewhere"
        self.items.append(Item(kind, run))

    def _is_elsewhere(self, run: str) -> bool:
        """Whether unknown text at the beginning starts with bare names from outside (合肥肥东, 浙江杭州)."""
        if not self.index.knows_uppers:
            return False
        found = split_divisions(run, towns=False, renew=True)
        upper = found.province and stem_of(found.province)
        return bool(upper) and len(found.detail) <= len(run) - 2 and upper not in self.index.forms
