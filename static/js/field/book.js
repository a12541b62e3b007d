/*
 * The book: campaign, questionnaire and households of the person's duty, as the server gave them last. Kept sealed as one
 * thing, so that it is always whole: an interrupted download goes on where it stopped, and nothing of two days is mixed.
 */

import { sealJson, unsealJson } from "./seal.js";
import { getMeta, putMeta } from "./store.js";

const NAME = "book";
const PLACE = "meta/book";
export const EMPTY = { at: null, since: null, after: null, campaign: null, form: null, households: {}, route: [] };

/** The book, or an empty one. */
export async function readBook(db, key) {
  const sealed = await getMeta(db, NAME);
  return sealed ? unsealJson(key, sealed, PLACE) : EMPTY;
}

/** What one answer makes of the book. Pure. */
export function withPage(book, page, whole) {
  const households = whole ? {} : { ...book.households };
  for (const one of page.households) households[one.id] = one;
  for (const id of page.gone || []) delete households[id];
  const last = !page.more;
  return {
    at: page.at,
    since: last ? page.since : book.since,
    after: page.more,
    campaign: page.campaign,
    form: page.form,
    households,
    route: page.route || [],
  };
}

/**
 * Bring the book up to date, page by page; each page is kept as it comes.
 * @param {(method: string, path: string, options?: object) => Promise<object>} ask see net.js
 * @param {object} headers who asks, see net.js
 * @param {(book: object) => void} [onPage] the book as it is now, before it is on the disk: it can be shown meanwhile
 * @returns {Promise<{book: object, state: "ok"|"again"|"sign-in"|"revoked"|"no-campaign"}>}
 */
export async function updateBook(db, key, { ask, headers, onPage = () => {} }) {
  let book = await readBook(db, key);
  for (;;) {
    const query = new URLSearchParams();
    if (book.since) query.set("since", book.since);
    if (book.after) query.set("after", book.after);
    const words = query.toString();
    const answer = await ask("GET", `/api/v1/pull${words ? `?${words}` : ""}`, { headers });
    const { status, body } = answer;
    if (status === 401) return { book, state: "sign-in" };
    if (status === 404 && body?.error) return { book, state: "no-campaign" };
    if (status === 403) return { book, state: body?.error === "device_revoked" ? "revoked" : "sign-in" };
    // The server knows these marks no more: begin anew. What is held stays until the first page is here.
    if ((status === 400 || status === 410 || status === 422) && (book.since || book.after) && body?.error) {
      book = { ...book, since: null, after: null };
      continue;
    }
    if (status !== 200 || !Array.isArray(body?.households)) return { book, state: "again" };
    book = withPage(book, body, body.full && !book.after);
    onPage(book);
    await putMeta(db, NAME, await sealJson(key, book, PLACE));
    if (!body.more) return { book, state: "ok" };
  }
}
