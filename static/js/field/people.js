/* Names of those who came along (陪同) on earlier visits, the last first; kept sealed, so that nobody types them twice. */

import { sealJson, unsealJson } from "./seal.js";
import { getMeta, putMeta } from "./store.js";

const NAME = "people";
const PLACE = "meta/people";
const MOST = 20;

export async function readPeople(db, key) {
  const sealed = await getMeta(db, NAME);
  return sealed ? unsealJson(key, sealed, PLACE) : [];
}

/** Put a name first; all that are remembered now. */
export async function addPerson(db, key, name) {
  const people = [name, ...(await readPeople(db, key)).filter((one) => one !== name)].slice(0, MOST);
  await putMeta(db, NAME, await sealJson(key, people, PLACE));
  return people;
}
