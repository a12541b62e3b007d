"""Past days on the sample township: reading coverage as of a day, the answer behind the slider, and its steps a second.

    .venv/bin/python -m tests.benchmarks.bench_history [--runs 20] [--steps 60] [--keep]

The sample is put in on one day; here its visits are spread over the days on which they were made, as if each had become
known that evening, so that reading a past day sums as many rows as it would at the end of a real campaign.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright
from sqlalchemy import text
from sqlalchemy.orm import Session

from data.coverage import coverage_by_area, coverage_total
from data.db import app_engine, enter
from data.folding import fold
from tests.benchmarks import bench_first_view
from tests.benchmarks.figures import Figure, load_average, print_figures
from tests.browser.chromium import CHROMIUM
from tests.browser.conftest import ARGUMENTS, DESK
from tests.browser.sample import LEADER, commit_sample
from tests.browser.stand import Stand, served

ABOUT = "Past days on the sample: coverage as of a day, the answer behind the slider, and its steps a second."
LEAST_STEPS = 25
# Each step is over when a frame has passed in which everything it changed was painted.
PLAY = """([steps, longest = 60000]) => new Promise((done) => {
    const { slider } = window.fangtu.page;
    const last = slider.timeline.last;
    let n = 0;
    const begun = performance.now();
    const step = () => {
        const ms = performance.now() - begun;
        if (n === steps || ms > longest) { done([n / ms * 1000, last + 1]); return; }
        slider.go(Math.max(0, last - steps - 1) + n);
        n += 1;
        requestAnimationFrame(() => setTimeout(step, 0));
    };
    step();
})"""


def main() -> int:
    """Measure and print; 1 if a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--keep", action="store_true", help="use the database of the run before")
    chosen = parser.parse_args()
    figures = measure(chosen.runs, chosen.steps, keep=chosen.keep)
    print_figures(figures)
    return int(any(figure.met is False for figure in figures))


def run(households: int | None = None) -> list[Figure]:
    """Measure on the sample, whose size is fixed."""
    return measure(20, 60)


def measure(runs: int, steps: int, *, keep: bool = False) -> list[Figure]:
    """Print how long reading takes, and give the steps a second of each theme."""
    stand = bench_first_view.kept() if keep else commit_sample(bench_first_view.DATABASE)
    # What the background program does within a second of each change.
    while fold(stand.owner):
        pass
    with Session(stand.owner) as session, session.begin():
        spread(session)
    read_past_days(stand, runs)
    with (
        tempfile.TemporaryDirectory() as folder,
        served(stand.settings, Path(folder) / "web.log", workers=2) as site,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        ask_days(browser, site, stand, runs)
        figures = [
            play(browser, f"{site}/map?theme={theme}", stand, theme, steps)
            for theme in ("coverage", "unvisited", "visited")
        ]
        browser.close()
    stand.owner.dispose()
    return figures


def spread(session: Session) -> None:
    """Let each visit have become known on its own day, and the households on the first of them."""
    session.execute(text("delete from coverage_shown_folded"))
    session.execute(
        text("""
            with first as (select campaign_id, round_no, min(day) as day from coverage_day group by 1, 2),
            change as (
                select c.campaign_id, c.round_no, c.jur, c.group_id, f.day, c.eligible, 0 as visited
                  from coverage c join first f using (campaign_id, round_no)
                union all
                select campaign_id, round_no, jur, group_id, day, 0, visited from coverage_day)
            insert into coverage_shown_folded (campaign_id, round_no, jur, group_id, day, eligible, visited)
            select campaign_id, round_no, jur, group_id, day, sum(eligible), sum(visited) from change
             group by 1, 2, 3, 4, 5""")
    )
    session.execute(
        text("""
            update coverage_known k set since = f.day
              from (select campaign_id, round_no, min(day) as day from coverage_shown group by 1, 2) f
             where (f.campaign_id, f.round_no) = (k.campaign_id, k.round_no)""")
    )
    session.execute(text("analyze coverage_shown_folded, coverage_day_folded"))


def read_past_days(stand: Stand, runs: int) -> None:
    """Coverage of the last round as of its middle, as the leader asks for it, beside the present."""
    with Session(app_engine(stand.settings)) as session:
        enter(session, stand.tokens[LEADER])
        campaign, round_no, rows, days, first = session.execute(
            text("""
                select campaign_id, round_no, count(*), count(distinct day), min(day) from coverage_shown
                 group by 1, 2 order by 1 desc, 2 desc limit 1""")
        ).one()
        middle: date = session.scalar(
            text("""
                select percentile_disc(0.5) within group (order by day) from coverage_day
                 where (campaign_id, round_no) = (:campaign, :round)"""),
            {"campaign": campaign, "round": round_no},
        )
        print(f"\nround {round_no}: {rows:,} rows of changes on {days} days since {first}; asked as of {middle}")
        for by in ("township", "village", "group", "grid"):
            then = timed(lambda by=by: coverage_by_area(session, campaign, round_no, by, as_of=middle), runs)
            now = timed(lambda by=by: coverage_by_area(session, campaign, round_no, by), runs)
            print(f"  {by:<10} as of a day {then}   now {now}")
        total = coverage_total(session, campaign, round_no, as_of=middle)
        print(f"  {total.visited:,} of {total.eligible:,} then")


def timed(act: Callable[[], Any], runs: int) -> str:
    """Median and spread of some runs, in milliseconds."""
    act()
    took = []
    for _ in range(runs):
        begun = time.perf_counter()
        act()
        took.append((time.perf_counter() - begun) * 1000)
    return f"{statistics.median(took):6.1f} ms ({min(took):.1f} to {max(took):.1f})"


def ask_days(browser: Browser, site: str, stand: Stand, runs: int) -> None:
    """The one request behind the slider: time until it is answered, and bytes with and without compression."""
    context = browser.new_context()
    context.add_cookies([{"name": "fangtu_session", "value": stand.tokens[LEADER], "url": site}])
    print("days.json")
    for query in ("by=village", "by=village,grid", "by=village&heat=1"):
        address = f"{site}/map/days.json?{query}"
        answer = context.request.get(address)
        sent = int(answer.headers.get("content-length", 0))
        took = timed(lambda address=address: context.request.get(address).body(), runs)
        print(f"  {query:<18} {took}   {len(answer.body()) / 1024:.0f} KB, {sent / 1024:.0f} KB sent")
    context.close()


def play(browser: Browser, address: str, stand: Stand, theme: str, steps: int) -> Figure:
    """Steps a second of the slider as fast as the page paints them."""
    context = browser.new_context(viewport=DESK, locale="zh-CN", timezone_id="Asia/Shanghai")
    context.add_cookies([{"name": "fangtu_session", "value": stand.tokens[LEADER], "url": address}])
    page = context.new_page()
    page.goto(address)
    page.wait_for_selector("body[data-ready=true]")
    page.wait_for_selector("#days[data-state=ready]")
    page.wait_for_timeout(1500)
    page.evaluate(PLAY, [steps])  # warm
    rates = []
    for _ in range(5):
        rate, days = page.evaluate(PLAY, [steps])
        rates.append(rate)
    context.close()
    told = f"{min(rates):.1f} to {max(rates):.1f} over {days} days, {load_average()}"
    name = f"slider, {theme}"
    return Figure(name, statistics.median(rates), "steps/s", LEAST_STEPS, at_least=True, conditions=told)


if __name__ == "__main__":
    sys.exit(main())
