"""Assigning large rounds in the background: seen or done by the worker, within the duty of whoever asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy.orm import Session

from data.askers import Asker
from data.assigning import BY_GRID, grid_kind, lock_round, propose_by_grid, propose_by_rule
from data.assigning_acts import write_proposal
from data.assigning_words import counts_words, unmet_words
from data.bilingual import both
from data.rules.visitors import kinds_of
from data.tables import Campaign
from geo.counting import counted
from geo.errors import Text

# Sentences about what cannot be met that are kept with a job; a page shows no more.
_MOST_UNMET = 20


def assign_as_asked(
    session: Session,
    asker: Asker,
    within: tuple[int, int],
    wanted: Mapping[str, Any],
    say: Callable[[Text], None] = lambda words: None,
) -> dict[str, Any]:
    """Work out what assigning by rule or by grid changes, and write it if that is wanted.

    Parameters
    ----------
    session : Session
        As the owner, in a transaction. Who may be assigned is held to the asker's duty here, as no policy does it.
    asker : Asker
        Who answers for the whole range; the caller has checked that.
    within : (int, int)
        Range of jurisdiction numbers.
    wanted : mapping
        ``campaign``, ``round`` (numbers), ``by`` (``rule`` or ``grid``), ``kind`` (with ``grid``, or None) and
        ``write`` (False: nothing is written).
    say : callable
        Gets a sentence for each step.

    Returns
    -------
    dict
        ``households``, ``changes``, ``act`` (None if nothing was written), ``message``, ``unmet``; sentences in both
        languages.
    """
    campaign = session.get_one(Campaign, int(wanted["campaign"]))
    kinds = kinds_of(campaign.plan)
    round_no = int(wanted["round"])
    lock_round(session, campaign.id, round_no)
    say(Text("按方案和辖区划分农户", "Sharing out the households"))
    if wanted["by"] == BY_GRID:
        kind = grid_kind(kinds, wanted["kind"])
        found = propose_by_grid(session, campaign.id, round_no, kinds, within, kind, duty=asker.duty)
    else:
        found = propose_by_rule(session, campaign.id, round_no, kinds, within, duty=asker.duty)
    act = None
    if wanted["write"]:
        n = len(found.changes)
        say(Text(f"写入 {n} 处变化", f"Writing {counted(n, 'change')}"))
        act = write_proposal(session, asker, campaign.id, round_no, wanted["by"], found)
    return {
        "households": found.households,
        "changes": len(found.changes),
        "act": act,
        "message": both(counts_words(found.counts())),
        "unmet": [{"message": both(unmet_words(one, kinds))} for one in found.unmet[:_MOST_UNMET]],
    }
