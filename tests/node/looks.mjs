/*
 * The end of a game: everything works again, each phone is opened once more and left to send. Then what each screen said is
 * compared with what the server holds: nothing lost, nothing doubled, nothing silent.
 */

import { serialize } from "node:v8";

const ROUNDS = 5;
const HELD_MS = 11000;
const DAY_MS = 24 * 3600 * 1000;

/** Let everything come in, and look. */
export async function look(game) {
  game.line.isCalm = true;
  await game.line.clear();
  for (const account of game.accounts) await game.duty(account, "own");
  while (game.line.late.length) await game.line.deliverLate();
  const ends = [];
  for (const person of game.people) ends.push(...(await settle(game, person)));
  const seen = await game.seen(game.accounts.map((one) => one.id));
  for (const told of game.promised.values()) isThere(game, told, ends, seen);
  demandsOnce(game, seen);
  isOnce(game, ends, seen);
  for (const refusal of game.refusals) {
    const kept = seen.rejects.filter((one) => one.id === refusal.id && one.sha256 === refusal.sha256);
    if (kept.length !== 1) game.problem(`refused and kept ${kept.length} times`);
  }
  for (const end of ends) hasOnlyItsOwn(game, end, seen);
}

/** One phone left to itself, for each account that has worked on it. */
async function settle(game, person) {
  const { handset } = person;
  handset.isOffline = false;
  handset.disk.room = Infinity;
  if (game.chance.under(0.5)) handset.skew -= game.chance.below(2 * DAY_MS);
  const ends = [];
  for (const { id: account } of game.accounts) {
    for (const page of [...handset.pages]) page.kill();
    const stored = handset.disk.read(`fangtu-${account}`);
    if (!stored?.meta.length && !person.isBereft(account)) continue;
    person.signIn(account);
    const page = await person.open();
    if (!page || page.account !== account) {
      if (!page && person.wiped) continue;
      game.problem(`${handset.name} does not open again`);
      continue;
    }
    const end = { person, account, page, rows: [], text: "", day: "", receipts: [] };
    await goesByItself(game, person, page);
    const isRevoked = person.revoked === account;
    for (let round = 0; round < ROUNDS && !page.isDead; round += 1) {
      await page.live(async () => {
        game.passed += 300001;
        end.text = await person.day(page, "立即上传");
        if (round === 1) for (const row of page.phone.rows) if (row.state === "refused") await page.app.outbox.tryAgain(page.phone.db, row.id);
        await page.phone.reload();
        end.text = await person.day(page);
        // What is looked at later, once all phones are through, may be past midnight.
        end.day = page.app.visit.dayAt(handset.now());
      });
      if (!page.isDead && page.phone.rows.every((row) => row.state === "done") && !page.phone.unsent().items) break;
    }
    await page.live(() => finish(game, end, isRevoked));
    ends.push(end);
  }
  return ends;
}

/** What waits is sent without anybody's button, on a phone whose clock was set back too. */
async function goesByItself(game, person, page) {
  for (let n = 0; n < 2 && !page.isDead; n += 1) {
    // By then nothing can be taken back any more.
    game.passed += HELD_MS;
    await person.sync(page);
  }
  if (page.isDead || page.phone.sender.state.phase !== "idle") return;
  const held = page.phone.rows.filter((row) => row.state === "queued");
  if (held.length) game.problem(`${held.length} of ${person.handset.name} are held for nothing`);
}

async function finish(game, end, isRevoked) {
  const { person, page } = end;
  const { phone } = page;
  end.rows = phone.rows;
  for (const row of phone.rows) row.isWhole = (await page.app.seal.sha256(await page.app.outbox.rowBytes(phone.key, row))) === row.sha256;
  if (phone.unsent().items) {
    const told = await game.handIn(await person.exported(page));
    const named = new Set(told?.items.map((one) => one.id));
    for (const row of phone.rows) if (row.state !== "done" && !named.has(row.id)) game.problem("the export leaves something out");
  }
  end.drafts = new Map();
  for (const key of await phone.db.getAllKeys("drafts")) end.drafts.set(key, await phone.draftOf(key));
  end.photos = new Set(await phone.db.getAllKeys("photos"));
  if (!isRevoked) {
    await phone.updateBook();
    end.receipts = await phone.sender.receipts(phone.rows.map((row) => row.id));
  }
  // What was handed in meanwhile does not make a revoked phone give up what is unsent on it by its own account.
  if (isRevoked) await person.sync(page);
}

/** What was said to be saved stands at the server as it was said, or was refused, is kept there and shown as refused. */
function isThere(game, told, ends, seen) {
  const end = ends.find((one) => one.person === told.person && one.account === told.account);
  const row = end?.rows.find((one) => one.id === told.id);
  const isRevoked = told.person.revoked === told.account;
  const held = [...seen.visits, ...seen.marks, ...seen.practice].filter((one) => one.id === told.id);
  const kept = seen.rejects.some((one) => one.id === told.id && one.sha256 === told.sha256);
  const what = `${told.kind} ${told.id.slice(0, 8)} of ${told.person.handset.name}`;
  const isBare = told.person.bare.has(told.account);
  const isIn = held.length > 0 && (told.practice || told.photos.every((photo) => held[0].photos[photo.id] === photo.sha256));
  // What the browser deleted before it was sent, and no page had in memory, can only be told of.
  if (!row && told.person.isBereft(told.account)) {
    if (!isIn && !told.person.told.has(told.account)) game.problem(`silent: ${what} was deleted by the browser`);
    if (!held.length) return;
  } else if (!row && told.isGone) {
    if (!held.length) return;
  } else if (!row && !isRevoked) game.problem(`${what} is no longer on its phone`);
  if (!held.length) {
    if (!kept) game.problem(`lost: ${what} is ${row?.state || "nowhere"} (${row?.error?.code || ""})`);
    else if (row?.state !== "refused" && !isRevoked) game.problem(`${what} was refused and is shown as ${row?.state}`);
    else if (row && row.state === "refused" && !row.error?.code) game.problem(`${what} was refused and the phone does not say why`);
    return;
  }
  const [one] = held;
  if (held.length > 1) game.problem(`doubled: ${what}`);
  if (one.account !== told.account) game.problem(`${what} came in for another account`);
  if (told.sha256 && one.sha256 !== told.sha256) game.problem(`${what}: the server holds other bytes`);
  if (told.practice !== seen.practice.includes(one)) game.problem(`${what} was ${told.practice ? "" : "not "}for practice`);
  const isForgotten = game.forgotten.has(told.id);
  const isTold = (isForgotten || isBare) && (row?.error?.code === "photo_gone" || isRevoked || (!row && isBare));
  if (row && row.state !== "done" && !isTold && !isRevoked) game.problem(`${what} is confirmed and shown as ${row.state} ${row.error?.code || ""}`);
  if (told.practice) return;
  for (const photo of told.photos) {
    if (one.photos[photo.id] !== photo.sha256 && !isTold) game.problem(`lost: a photo of ${what} is ${one.photos[photo.id] ? "another" : "not there"}`);
  }
  if (Object.keys(one.photos).length > told.photos.length) game.problem(`${what} has photos nobody took`);
  if (told.kind !== "visit" || !told.body) return;
  const { body } = told;
  if (one.started_at !== Date.parse(body.started_at) + (body.clock_offset_ms || 0)) game.problem(`${what}: the clock was not set right`);
  if (one.remark !== body.remark) game.problem(`${what}: other words`);
  if (one.audits !== 1 && !isForgotten) game.problem(`${what}: ${one.audits} rows in the audit`);
  const old = seen.visits.find((other) => other.id === told.supersedes);
  if (old && old.superseded_by === null) game.problem(`${what}: what it corrects stands beside it`);
  if (one.household === null && one.household_ref !== body.household_ref) game.problem(`${what}: its household is forgotten`);
}

/** Each demand stands once: with the visit it was raised at, or with the last correction that names it. */
function demandsOnce(game, seen) {
  const at = new Map(seen.visits.map((one) => [one.id, one]));
  const held = [...game.promised.values()].filter((told) => told.kind === "visit" && told.body && !told.practice && at.has(told.id));
  for (const told of held) {
    for (const { id } of told.body.demands) {
      const chain = [told];
      for (let next = told; next; chain.push(next)) {
        next = held.find((one) => one.supersedes === next.id && one.body.demands.some((demand) => demand.id === id));
        if (!next) break;
      }
      const where = seen.visits.filter((one) => one.demands.includes(id)).map((one) => one.id);
      if (where.length !== 1 || where[0] !== chain.at(-1).id) game.problem(`a demand of ${told.id.slice(0, 8)} stands at ${where.length} visits, not with the last that names it`);
    }
  }
  const named = new Set(held.flatMap((told) => told.body.demands.map((one) => one.id)));
  for (const one of held) if (at.get(one.id).demands.some((id) => !named.has(id))) game.problem("a demand nobody raised");
}

/** Nothing stands at the server twice, or that nobody saved. */
function isOnce(game, ends, seen) {
  const words = new Set();
  const known = new Set(ends.flatMap((end) => end.rows.map((row) => row.id)));
  for (const { id, remark, superseded_by: by } of seen.visits) {
    // A correction may say the same once more, in the other's place.
    if (remark && !by && words.has(remark)) game.problem("doubled: one visit came under two ids");
    if (!by) words.add(remark);
    // One that a page died over may have been kept without a word; then it is in the outbox.
    if (!game.ever.has(id) && !known.has(id) && !game.people.some((person) => person.wiped)) game.problem("the server holds a visit nobody saved");
    if (game.taken.has(id) && !known.has(id)) game.problem("the server holds a visit that was taken back");
  }
}

/** A phone holds its account's own records, sealed, with its drafts; and what it says of the day is so. */
function hasOnlyItsOwn(game, end, seen) {
  const { person, account, page, rows } = end;
  const { handset } = person;
  const isRevoked = person.revoked === account;
  const held = new Map([...seen.visits, ...seen.marks, ...seen.practice].map((one) => [one.id, one]));
  for (const row of rows) {
    const one = held.get(row.id);
    if (!row.isWhole) game.problem("a row on the phone does not open");
    if (one && one.account !== account) game.problem("a row of another account is on the phone");
    if (row.state === "done" && !one) game.problem("shown as confirmed, and the server does not hold it");
  }
  for (const { id, state } of end.receipts) {
    const row = rows.find((one) => one.id === id);
    const agrees = { done: row.state === "done", missing_photos: row.error?.code === "photo_gone", refused: row.state === "refused", unknown: false };
    if (!agrees[state]) game.problem(`the receipt says ${state}, the phone ${row.state} ${row.error?.code || ""}`);
  }
  const stored = handset.disk.read(`fangtu-${account}`);
  if (!stored) {
    if (!person.wiped) game.problem("the phone's database is gone");
    return;
  }
  const bytes = serialize(stored);
  for (const { body } of game.promised.values()) if (body?.remark && bytes.includes(body.remark)) game.problem("words lie open on the phone");
  for (const word of ["密址"]) if (bytes.includes(word) || bytes.includes(Buffer.from(word, "utf16le"))) game.problem("an address lies open on the phone");
  if (page.isDead) return;
  if (!isRevoked) {
    const own = new Set(game.accounts.find((one) => one.id === account).households);
    if (Object.keys(page.phone.book.households).some((id) => !own.has(Number(id)))) game.problem("households of another area are on the phone");
    isDaySaid(game, end, held);
    for (const row of rows) if (game.above.has(row.id) && (row.settled !== "above" || page.phone.conflicts.has(row.id))) game.problem("what was left to the supervisor is asked again");
  }
  for (const [id, { account: owner, key, photos }] of person.half) {
    if (owner !== account || rows.some((row) => row.id === id)) continue;
    const draft = end.drafts.get(key);
    if (draft?.id !== id) game.problem("a draft is gone");
    else if (photos.some((photo) => !end.photos.has(photo) || !draft.photos.some((one) => one.id === photo))) game.problem("a photo of a draft is gone");
  }
}

/** 今日 n 户，服务器已确认 n 户: households, however often each was visited; one whose visit was corrected is still one. */
function isDaySaid(game, { rows, text, day }, held) {
  const replaced = new Set(rows.filter((row) => row.supersedes && row.state !== "refused").map((row) => row.supersedes));
  const mine = rows.filter((row) => row.kind === "visit" && row.day === day && !row.practice && !replaced.has(row.id));
  const [, n, done] = text.match(/今日 (\d+) 户，服务器已(?:全部确认|确认 (\d+) 户)/) || [];
  if (!mine.length) return;
  const homes = new Set(mine.map((row) => row.household ?? row.id));
  const isWhole = (home) => mine.filter((row) => (row.household ?? row.id) === home).every((row) => row.state === "done" && held.has(row.id));
  const whole = [...homes].filter(isWhole).length;
  if (Number(n) !== homes.size || Number(done ?? n) !== whole) game.problem(`the day says ${text.slice(0, 40)}; the server holds ${whole} of ${homes.size}`);
}
