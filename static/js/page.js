/* What every page needs: appearance choices, menus that close, messages that go, "/" for search. */

const root = document.documentElement;
const appearance = window.fangtuAppearance;

function showChoices() {
  for (const group of document.querySelectorAll("[data-theme-choice]")) {
    for (const button of group.querySelectorAll("button")) {
      button.setAttribute("aria-pressed", String(button.value === root.dataset.themeWanted));
    }
  }
  for (const box of document.querySelectorAll("[data-type-choice]")) {
    box.checked = root.dataset.type === "large";
  }
}

for (const group of document.querySelectorAll("[data-theme-choice]")) {
  group.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    appearance.setTheme(button.value);
    showChoices();
  });
}
for (const box of document.querySelectorAll("[data-type-choice]")) {
  box.addEventListener("change", () => appearance.setType(box.checked ? "large" : "normal"));
}
showChoices();

// The language form comes back to the view as it stands now, hash included.
for (const here of document.querySelectorAll("input[data-here]")) {
  here.form.addEventListener("submit", () => {
    here.value = window.location.pathname + window.location.search + window.location.hash;
  });
}

// A file that was chosen is named in the page's own words.
document.addEventListener("change", ({ target }) => {
  if (!target.matches("input[data-file]")) return;
  const name = document.getElementById(`${target.id}-name`);
  name.textContent = [...target.files].map((file) => file.name).join("、") || name.dataset.none;
});

// The current tab is seen, however many stand before it.
const tab = document.querySelector(".tabs [aria-current]");
if (tab) tab.parentElement.scrollLeft = tab.offsetLeft - (tab.parentElement.clientWidth - tab.offsetWidth) / 2;

// How many pages the bar names depends on role, language and type size: what does not fit goes into the menu.
const bar = document.querySelector(".top");
new ResizeObserver(() => {
  bar.classList.remove("is-tight");
  bar.classList.toggle("is-tight", bar.scrollWidth > bar.clientWidth);
}).observe(bar);

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
  const dismiss = event.target.closest("[data-dismiss]");
  if (dismiss) dismiss.closest(".flash").remove();
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    const menu = document.querySelector("details.menu[open]");
    if (menu) {
      menu.open = false;
      menu.querySelector("summary").focus();
      event.stopPropagation();
    }
    return;
  }
  const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    const search = document.querySelector(".search-input");
    if (search) {
      event.preventDefault();
      search.focus();
    }
  }
}, true);
