"""How long the field app takes on a slow phone: opened first, again, without a network, with a week of work in it.

A processor four times slower and a slow 4G line, as Chromium plays them. Times are by the clock of the machine, so they
hold for the load it had; the time the main thread worked is beside them.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, CDPSession, expect
from sqlalchemy import text

from tests.benchmarks.figures import Figure, load_average
from tests.benchmarks.front import find_nginx, fronted
from tests.browser.field import PIN, Phone
from tests.browser.stand import Stand

HOUSEHOLDS, VISITS, PHOTOS_EACH, PHOTO_KB = 300, 100, 2, 200
RUNS = 5
SLOWER = 4
LINE = {"latency": 150, "downloadThroughput": 1.6e6 / 8, "uploadThroughput": 0.75e6 / 8}
GOALS_MS = {"cold": 3000, "again": 1500, "offline": 1500, "week": 2000, "save": 500}
# A week of work, written as the app writes it and with the key that its worker holds, but all at once.
_WEEK = """async ([account, homes, photos, bytes]) => {
    const names = ["store", "keeper", "outbox", "seal", "visit"];
    const [store, keeper, outbox, seal, visit] = await Promise.all(
        names.map((name) => import(`/static/js/field/${name}.js`)));
    const key = await keeper.askKey(account);
    const db = await store.openStore(account);
    const picture = new Uint8Array(bytes);
    const rows = [];
    const kept = [];
    let at = Date.now() - 6 * 86400000;
    for (const id of homes) {
        at += 4000000;
        const book = { campaign: { id: 1, round: 1 }, form: null };
        const draft = { ...visit.newDraft({ id, code: `H${id}` }, book), choice: "well" };
        for (let n = 0; n < photos; n += 1) {
            const told = { sha256: "0".repeat(64), size: bytes, taken_at: visit.isoAt(at), kind: "visit" };
            const photo = { id: crypto.randomUUID(), ...told };
            draft.photos.push({ ...photo, demand: null });
            kept.push({ id: photo.id, of: draft.id, sealed: await seal.seal(key, picture, `photos/${photo.id}`) });
        }
        const body = visit.bodyOf(draft, { home: null, now: at, tick: 0, offset: 0 });
        rows.push(await outbox.freeze(key, draft, body, { now: at, day: visit.dayAt(at), status: 1 }));
    }
    await store.strictly(db, ["outbox", "photos"], async (stores) => {
        for (const row of rows) await outbox.append(stores.outbox, row);
        for (const photo of kept) await stores.photos.put(photo);
    });
    db.close();
}"""
# When a row of the list was first on the screen, counted from the start of the page or from a tap.
_WATCH = """() => {
    window.listed = null;
    const look = () => {
        if (!document.querySelector(".row-button")) return requestAnimationFrame(look);
        requestAnimationFrame(() => { window.listed = performance.now(); });
    };
    addEventListener("submit", () => { window.submitted = performance.now(); }, true);
    look();
}"""
_SAVE = """() => new Promise((done) => {
    const began = performance.now();
    const ended = () => document.querySelector(".saved");
    const look = () => {
        const passed = performance.now() - began;
        if (ended() || passed > 60000) done(passed);
        else requestAnimationFrame(look);
    };
    document.querySelector(".sheet-foot .button.main").click();
    look();
})"""


@dataclass
class Timed:
    """Milliseconds by the clock, and of work on the main thread, of each run."""

    clock: list[float]
    work: list[float]

    def figure(self, what: str, goal: float | None, conditions: str) -> Figure:
        """The medians."""
        work = f"{conditions}; main thread {statistics.median(self.work):.0f} ms, slowest {max(self.clock):.0f} ms"
        return Figure(what, round(statistics.median(self.clock)), "ms", goal, conditions=work)


def measure(browser: Browser, stand: Stand, site: str, folder: Path) -> list[Figure]:
    """All times, with a village of :data:`HOUSEHOLDS` households.

    By TLS and HTTP/2, as phones in the field come, with the first opening by plain HTTP/1.1 beside it; where
    nginx cannot be had, all of them by HTTP/1.1.

    Parameters
    ----------
    site : str
        Address of an application that believes one proxy.
    """
    _fill_village(stand)
    program = find_nginx()
    if program is None:
        return _measure(browser, stand, site, folder, "HTTP/1.1")
    plain = _colds(browser, stand, site, folder / "plain")
    with fronted(program, site, folder) as address:
        found = _measure(browser, stand, address, folder, "HTTP/2")
    plainly = plain.figure("the first opening by HTTP/1.1 without TLS", None, "as no phone in the field comes")
    return [*found, plainly]


def _colds(browser: Browser, stand: Stand, site: str, folder: Path) -> Timed:
    cold = Timed([], [])
    for n in range(RUNS):
        phone = _phone(browser, stand, site, folder / f"cold{n}")
        _cold(phone, cold)
        phone.close()
    return cold


def _measure(browser: Browser, stand: Stand, site: str, folder: Path, by: str) -> list[Figure]:
    cold = _colds(browser, stand, site, folder)
    phone = _phone(browser, stand, site, folder / "warm")
    phone.begin()
    slow = _slowed(phone)
    again = _reloads(phone, slow)
    phone.context.set_offline(True)
    offline = _reloads(phone, slow)
    save = _saves(phone, slow)
    homes = list(stand.town.households.values())[:1] + _extra(stand)[: VISITS - 1]
    # The modules as they are written come over the line, as the app keeps them joined; nothing is sent meanwhile.
    phone.context.route("**/api/**", lambda route: route.abort())
    phone.context.set_offline(False)
    phone.page.evaluate(_WEEK, [stand.accounts["inspector"], homes, PHOTOS_EACH, PHOTO_KB * 1024])
    phone.context.set_offline(True)
    phone.context.unroute("**/api/**")
    week = _reloads(phone, slow)
    expect(phone.page.locator(".pill")).to_contain_text(str(VISITS + RUNS))
    phone.close()
    how = f"{by}, {RUNS} runs, {HOUSEHOLDS} households, processor {SLOWER} times slower; {load_average()}"
    return [
        cold.figure("list usable, first opening over slow 4G, without the typing of a PIN", GOALS_MS["cold"], how),
        again.figure("list usable, opened again over slow 4G", GOALS_MS["again"], how),
        offline.figure("list usable, opened again without a network", GOALS_MS["offline"], how),
        week.figure(f"the same with {VISITS} visits and {VISITS * PHOTOS_EACH} photos unsent", GOALS_MS["week"], how),
        save.figure("from the tap on 保存走访 to the closed sheet", GOALS_MS["save"], how),
    ]


def _phone(browser: Browser, stand: Stand, site: str, profile: Path) -> Phone:
    # Nobody vouches for a certificate of this run.
    phone = Phone(browser, profile, site, stand.tokens["inspector"], ["--ignore-certificate-errors"])
    phone.context.add_init_script(f"({_WATCH})()")
    return phone


def _slowed(phone: Phone) -> CDPSession:
    slow = phone.context.new_cdp_session(phone.page)
    slow.send("Performance.enable")
    slow.send("Network.enable")
    slow.send("Network.emulateNetworkConditions", {"offline": False, **LINE})
    slow.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    return slow


def _worked_ms(slow: CDPSession) -> float:
    told = slow.send("Performance.getMetrics")["metrics"]
    return next(float(one["value"]) for one in told if one["name"] == "TaskDuration") * 1000


def _cold(phone: Phone, into: Timed) -> None:
    slow = _slowed(phone)
    page = phone.page
    before = _worked_ms(slow)
    page.goto("/field/")
    gate = page.locator("input[name=pin]")
    gate.wait_for()
    asked = page.evaluate("performance.now()")
    gate.fill(PIN)
    page.locator("input[name=again]").fill(PIN)
    page.get_by_role("button", name="设定").tap()
    phone.until("window.listed !== null")
    into.clock.append(asked + page.evaluate("window.listed - window.submitted"))
    into.work.append(_worked_ms(slow) - before)


def _reloads(phone: Phone, slow: CDPSession) -> Timed:
    return _timed(slow, lambda: _reload(phone))


def _reload(phone: Phone) -> float:
    phone.page.goto("about:blank")
    phone.page.goto("/field/")
    phone.page.wait_for_selector("input[name=pin], body[data-ready=true]")
    if phone.page.locator("input[name=pin]").count():
        # The browser let the worker go meanwhile; the PIN is the user's time.
        asked = float(phone.page.evaluate("performance.now()"))
        phone.unlock()
        phone.until("window.listed !== null")
        return asked + float(phone.page.evaluate("window.listed - window.submitted"))
    phone.until("window.listed !== null")
    return float(phone.page.evaluate("window.listed"))


def _saves(phone: Phone, slow: CDPSession) -> Timed:
    def save() -> float:
        page = phone.page
        page.locator(".row-button").first.tap()
        page.locator("input[value=well]").check(force=True)
        return float(page.evaluate(_SAVE))

    return _timed(slow, save)


def _timed(slow: CDPSession, act: Callable[[], float]) -> Timed:
    told = Timed([], [])
    for _ in range(RUNS):
        before = _worked_ms(slow)
        told.clock.append(act())
        after = _worked_ms(slow)
        # A page that was left may have taken its process along, with what it had counted.
        told.work.append(after - before if after >= before else after)
    return told


def _fill_village(stand: Stand) -> None:
    """Neighbours of H2, so that the list is that of a real village."""
    with stand.owner.begin() as connection:
        connection.execute(
            text("""
                insert into household (natural_key, code, head_name, people, address, geom, quality, village_id,
                                       grid_id, jur)
                select 'bench:' || n, 'B' || n, '梁测' || n, 3, '路' || n || '号',
                       st_translate(h.geom, (n % 20) * 0.0001, (n / 20) * 0.0001), 3, h.village_id,
                       h.grid_id, h.jur
                  from household h, generate_series(1, :more) n where h.id = :home"""),
            {"more": HOUSEHOLDS - 5, "home": stand.town.households["H2"]},
        )


def _extra(stand: Stand) -> list[int]:
    with stand.owner.connect() as connection:
        return list(connection.scalars(text("select id from household where natural_key like 'bench:%' order by id")))
