/* Who is responsible for a gap, in words; the same as the page's list says (app/overview.py, people_of). */

import { t } from "../i18n.js";

const MOST_PEOPLE = 3;

/** @param {{name: string, role: string}[]} people as `/api/v1/gaps` tells them */
export function peopleOf(people) {
  if (!people.length) return t("未指定");
  const names = people.slice(0, MOST_PEOPLE).map((one) => (one.role === "inspector" ? one.name : t("%(name)s（主管）", { name: one.name })));
  const listed = names.join(t("、"));
  return people.length > MOST_PEOPLE ? t("%(names)s 等 %(n)s 人", { names: listed, n: people.length }) : listed;
}
