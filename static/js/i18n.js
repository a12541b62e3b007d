/* Words of the scripts. The key is the Chinese sentence; other languages come as one flat JSON file. */

export const lang = document.documentElement.dataset.lang === "en" ? "en" : "zh";

let words = {};

/** Load the catalogue of the page's language; Chinese needs none. */
export async function loadWords() {
  if (lang === "zh") return;
  try {
    const answer = await fetch(`/i18n/${lang}.json`, { credentials: "same-origin" });
    if (answer.ok) words = await answer.json();
  } catch (unreachable) {
    words = {}; // the Chinese sentence is better than none
  }
}

/** The sentence in the page's language, with `%(name)s` filled from `params`. */
export function t(zh, params = {}) {
  const sentence = words[zh] || zh;
  return sentence.replace(/%\((\w+)\)s/g, (whole, name) => (name in params ? String(params[name]) : whole));
}
