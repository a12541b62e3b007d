/* Where somebody else visited the same household in the round. Both records are kept; who was there says what they are. Pure. */

import { isVisited } from "./nearby.js";
import { dayAt } from "./visit.js";

const FLAG = "duplicate";

/** May there be something to ask about this row? Needs nothing that is sealed. */
export function isAskable(row, household, me) {
  if (row.kind !== "visit" || row.practice || row.settled || !isVisited(row.status)) return false;
  return row.flags.includes(FLAG) || isOther(household?.last, me);
}

function isOther(last, me) {
  return Boolean(last?.visitor) && last.visitor !== me && last.outcome === "done";
}

/**
 * Who else was there.
 * @param {object} row of the outbox, askable
 * @param {object} body its frozen bytes, read
 * @param {object} known `others` as the server named them with its answer, `household` as the book has it, or undefined;
 *   `campaign` of the book; `me` the own name
 * @returns {{visitor: string|null, at: string|null, together: boolean}|null} `together` if it was on the same day, so that they
 *   may have been there together; visitor null where the server did not say who; null if there is nothing to ask
 */
export function conflictOf(row, body, { others = [], household, campaign, me }) {
  const told = (other) => ({ visitor: other.visitor, at: other.at, together: dayAt(Date.parse(other.at)) === row.day });
  const named = others.filter((one) => one.visitor !== me && !body.companions.includes(one.visitor));
  if (named.length) return told(named.find((one) => told(one).together) || named[0]);
  const sameRound = campaign?.id === body.campaign && campaign?.round === body.round;
  const other = sameRound && isOther(household?.last, me) ? household.last : null;
  if (other) return body.companions.includes(other.visitor) ? null : told(other);
  // A correction that names who came along has answered, as far as the server said anything.
  if (!row.flags.includes(FLAG) || (row.supersedes && body.companions.length)) return null;
  return { visitor: null, at: null, together: true };
}
