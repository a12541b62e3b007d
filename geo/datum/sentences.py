"""The sentences of a verdict: what was found, how far off and where to, what it looks like, how it was judged."""

from __future__ import annotations

import math

from geo.counting import counted, form
from geo.datum.compare import Score
from geo.datum.readings import Reading
from geo.errors import Text

# Fewer places than this are ranked, but raise no alarm.
LEAST_PLACES = 20
# Farther than this from every road and house a place is said to be beside none.
_BESIDE_M = 40.0
# Beyond this the batch is in another township or county, and what it lies beside there is no matter.
_STROLL_M = 5_000.0
_COMPASS = (
    Text("偏北", "north"),
    Text("偏东北", "north-east"),
    Text("偏东", "east"),
    Text("偏东南", "south-east"),
    Text("偏南", "south"),
    Text("偏西南", "south-west"),
    Text("偏西", "west"),
    Text("偏西北", "north-west"),
)
_KINDS = {
    "roads": Text("道路", "roads"),
    "buildings": Text("房屋轮廓", "buildings"),
    "households": Text("已核实的农户", "known households"),
    "centres": Text("村中心", "village centres"),
    "villages": Text("村界", "village boundaries"),
}


Mixture = tuple[tuple[Reading, float], ...]


def bearing_of(east_m: float, north_m: float) -> Text:
    """Say in which of eight directions something lies off."""
    turn = math.degrees(math.atan2(east_m, north_m)) % 360
    return _COMPASS[round(turn / 45) % 8]


def agreement(best: Score, declared: Reading | None, *, certain: bool) -> Text:
    """Say that nothing is wrong, or why nothing can be said."""
    fits, count = best.reading.label, best.n
    if not best.placed:
        return Text(
            "这些数在已知的坐标系里都不是地图上的位置，请核对列。",
            "In no known system are these numbers places on the map; check the columns.",
        )
    if not best.used:
        why = Text("没有道路、房屋或村界可以对照", "There are no roads, houses or village boundaries to compare with")
    elif best.placed < LEAST_PLACES:
        why = Text(
            f"只有 {best.placed} 点，不足 {LEAST_PLACES} 点",
            f"Only {counted(best.placed, 'place')}, fewer than {LEAST_PLACES}",
        )
    elif certain:
        return Text(
            f"按“{fits.zh}”读取，{count:,} 点与周围的{_kinds(best).zh}相符。",
            f"Read as {fits.en}, {counted(f'{count:,}', 'point agrees', 'points agree')} with the "
            f"{_kinds(best).en} around them.",
        )
    else:
        why = Text("不止一种坐标系与周围相符", "More than one coordinate system agrees with what is around")
    taken = Text(f"最相符的是“{fits.zh}”", f"{fits.en} fits best")
    if declared is not None:
        taken = Text(f"暂按“{fits.zh}”读取", f"Read as {fits.en} for now")
    return Text(
        f"{why.zh}，不能确定坐标系。{taken.zh}，请在地图上核对。",
        f"{why.en}, so the system is not certain. {taken.en}; check it on the map.",
    )


def no_places(best: Score, declared: Reading, placed: int) -> Text:
    """Say that the numbers are no places by the declared system."""
    some = Text(f"只有 {placed:,} 点", f"only {placed:,}") if placed else Text("没有一点", "none")
    was = declared.label
    return _joined(
        Text(
            f"按“{was.zh}”读取，{best.n:,} 点中{some.zh}是地图上的位置。",
            f"Read as {was.en}, {some.en} of {counted(f'{best.n:,}', 'point')} "
            f"{form(placed, 'is a place', 'are places')} on the map.",
        ),
        _cause(best.reading, declared),
    )


def off_by(best: Score, said: Score, declared: Reading, shift_m: float, bearing: Text) -> Text:
    """Say how far off the batch lies, and what such a shift comes from."""
    was, off = declared.label, _length(shift_m)
    beside = Text("，不在道路和房屋旁", ", beside no road or house")
    if shift_m >= _STROLL_M or not _beside_nothing(said, best):
        beside = Text("", "")
    return _joined(
        Text(
            f"按“{was.zh}”读取，{best.n:,} 点整体{bearing.zh}约 {off.zh}{beside.zh}。",
            f"Read as {was.en}, {counted(f'{best.n:,}', 'point lies', 'points lie')} about {off.en} too far "
            f"{bearing.en}{beside.en}.",
        ),
        _cause(best.reading, declared),
    )


def with_mixture(sentence: Text, mixed: Mixture) -> Text:
    """Add that two systems occur in one file."""
    zh = "，".join(f"约 {share:.0%} 像“{reading.label.zh}”" for reading, share in mixed)
    en = ", ".join(f"about {share:.0%} look like {reading.label.en}" for reading, share in mixed)
    return _joined(
        sentence,
        Text(
            f"文件里可能混有两种坐标系：{zh}。请分开导入。",
            f"The file may mix two systems: {en}. Import them separately.",
        ),
    )


def evidence_of(best: Score) -> Text:
    """Say which kinds of ground were asked, and about how many of the points each had something near."""
    if not best.used:
        return Text(
            "附近没有可以对照的道路、房屋、村中心或村界。",
            "No roads, houses, village centres or boundaries are near.",
        )
    zh = "、".join(f"{_KINDS[kind].zh}（{best.used[kind]:,} 点）" for kind in _KINDS if kind in best.used)
    en = ", ".join(
        f"{_KINDS[kind].en} ({counted(f'{best.used[kind]:,}', 'point')})" for kind in _KINDS if kind in best.used
    )
    return Text(f"依据：{zh}。", f"Judged by {en}.")


def _cause(fits: Reading, declared: Reading) -> Text:
    zh, en = fits.label
    if fits.swapped != declared.swapped and fits.system.in_degrees:
        return Text(f"经度和纬度写反了，应按“{zh}”读取。", f"Longitude and latitude are swapped; read them as {en}.")
    if fits.swapped != declared.swapped:
        return Text(f"东坐标和北坐标写反了，应按“{zh}”读取。", f"Easting and northing are swapped; read them as {en}.")
    if fits.system.meridian and declared.system.meridian:
        return Text(f"带号或中央经线不对，应为“{zh}”。", f"The zone is not this one; it should be {en}.")
    if declared.system.name in ("wgs84", "cgcs2000") and fits.system.name in ("gcj02", "bd09"):
        return Text(f"这种偏移常见于 {zh}。", f"Such a shift is common with {en}.")
    return Text(f"这些坐标更像“{zh}”。", f"The coordinates look like {en}.")


def _joined(first: Text, second: Text) -> Text:
    return Text(first.zh + second.zh, f"{first.en} {second.en}")


def _beside_nothing(said: Score, best: Score) -> bool:
    if said.median_to_ground_m is None or best.median_to_ground_m is None:
        return False
    return said.median_to_ground_m > max(_BESIDE_M, 2 * best.median_to_ground_m)


def _length(metres: float) -> Text:
    if metres < 950:
        return Text(f"{round(metres, -1):.0f} 米", f"{round(metres, -1):.0f} m")
    kilometres = f"{metres / 1000:.1f}" if metres < 9_950 else f"{metres / 1000:,.0f}"
    return Text(f"{kilometres} 公里", f"{kilometres} km")


def _kinds(score: Score) -> Text:
    kinds = [_KINDS[kind] for kind in _KINDS if kind in score.used]
    return Text("、".join(kind.zh for kind in kinds), ", ".join(kind.en for kind in kinds))
