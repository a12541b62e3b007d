"""Near spellings: one character wrong, missing or written twice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

# These tell neighbours apart (东李家, 西李家; 上河, 下河; 一村, 二村): another of them is another place, not a slip.
TELLING = frozenset("东西南北中上下前后左右里外内大小新老旧一二三四五六七八九十")
# So do family names (李家沟, 王家沟): the hundred commonest, and those frequent in names of villages.
SURNAMES = frozenset(
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏"
    "钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文毕"
)
# Half the villages have one of these; what is left of a short name after a slip has to tell more.
GENERIC = frozenset("家庄村塘冲湾岗沟河山桥店子湖洼埠坝岭口屯")
OTHER = "other"


def slip(written: str, name: str) -> str | None:
    """Say by what single slip a name came to be written so.

    Parameters
    ----------
    written, name : str
        What stands in the address, and the name it may mean.

    Returns
    -------
    str or None
        ``wrong``, ``missing``, ``doubled``, ``swapped`` (two neighbours), or ``short`` where the missing character is
        one that tells neighbours apart (李家 for 东李家). ``other`` for names one character apart that are likelier
        two places: a telling character or family name in the place of another (东李家 and 西李家), a telling character
        where there is none (太平新 and 太平桥), a character more that repeats none beside it (大李家 and 李家).
        None for equal strings and anything further.
    """
    if written == name:
        return None
    if len(written) == len(name):
        places = [i for i, (a, b) in enumerate(zip(written, name, strict=True)) if a != b]
        if len(places) == 1:
            a, b = written[places[0]], name[places[0]]
            return OTHER if a in TELLING or (a in SURNAMES and b in SURNAMES) else "wrong"
        if len(places) == 2 and places[1] == places[0] + 1:
            i = places[0]
            return "swapped" if written[i] == name[i + 1] and written[i + 1] == name[i] else None
        return None
    if len(written) == len(name) - 1:
        for i in range(len(name)):
            if name[:i] + name[i + 1 :] == written:
                return "short" if name[i] in TELLING else "missing"
        return None
    if len(written) == len(name) + 1:
        for i in range(len(written)):
            if written[:i] + written[i + 1 :] == name:
                # Of two equal neighbours the first is met first.
                return "doubled" if written[i] == written[i + 1 : i + 2] else OTHER
    return None


class NearIndex:
    """Names found by any string that is one slip away, through what is left when one character is taken out."""

    def __init__(self, names: Iterable[tuple[str, int]]) -> None:
        self._keys: dict[str, set[int]] = {}
        self._by_rest: dict[str, set[str]] = {}
        for name, key in names:
            if len(name) < 2:
                continue
            if name not in self._keys:
                for rest in _shorter(name):
                    self._by_rest.setdefault(rest, set()).add(name)
            self._keys.setdefault(name, set()).add(key)

    def find(self, written: str) -> list[tuple[str, str, int]]:
        """Give ``(slip, name, key)`` of every name one slip away."""
        near = {name for rest in _shorter(written) for name in self._by_rest.get(rest, ())}
        slips = ((slip(written, name), name) for name in sorted(near))
        return [(how, name, key) for how, name in slips if how for key in sorted(self._keys[name])]


def _shorter(name: str) -> Iterator[str]:
    yield name
    for i in range(len(name)):
        yield name[:i] + name[i + 1 :]
