/* The panel as a bottom sheet on a phone: opened by its button, closed by its grip, Esc or a tap on the map. */

export function startSheet() {
  const panel = document.getElementById("panel");
  const opener = document.getElementById("sheet-open");
  const closer = document.getElementById("sheet-close");
  const small = window.matchMedia("(max-width: 700px)");

  // On a phone the themes are one row of chips over the map, not part of the sheet.
  function placeThemes() {
    const home = document.getElementById(small.matches ? "themes-chips" : "themes-home");
    home.append(document.getElementById("themes"));
    // The slider lies right of the legend; on a phone it is a row of the sheet, below the figures.
    const slider = document.getElementById("days");
    if (small.matches) document.getElementById("coverage-card").after(slider);
    else document.getElementById("dock").after(slider);
  }

  function set(open) {
    panel.classList.toggle("is-open", open);
    opener.setAttribute("aria-expanded", String(open));
    // A closed sheet lies outside the screen and must not be reached by Tab.
    panel.inert = small.matches && !open;
    if (open) closer.focus();
  }

  opener.addEventListener("click", () => set(!panel.classList.contains("is-open")));
  closer.addEventListener("click", () => {
    set(false);
    opener.focus();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !panel.classList.contains("is-open")) return;
    set(false);
    opener.focus();
    event.stopPropagation();
  }, true);
  document.getElementById("map-frame").addEventListener("pointerdown", () => panel.classList.contains("is-open") && set(false));
  small.addEventListener("change", () => {
    placeThemes();
    set(false);
  });
  placeThemes();
  set(false);
}
