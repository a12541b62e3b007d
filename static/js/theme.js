/* Runs before the first paint: theme and type size as this device chose them. A classic script on purpose. */
(function () {
  "use strict";
  const root = document.documentElement;
  const system = window.matchMedia("(prefers-color-scheme: dark)");

  function stored(key, fallback) {
    try {
      return window.localStorage.getItem(key) || fallback;
    } catch (refused) {
      return fallback; // storage switched off: the choice lasts for this page only
    }
  }

  function store(key, value) {
    try {
      window.localStorage.setItem(key, value);
    } catch (refused) {
      root.dataset.storage = "off";
    }
  }

  function apply() {
    const choice = stored("fangtu.theme", "system");
    const dark = choice === "dark" || (choice === "system" && system.matches);
    root.dataset.bsTheme = dark ? "dark" : "light";
    root.dataset.themeWanted = choice;
    root.dataset.type = stored("fangtu.type", "normal");
  }

  apply();
  system.addEventListener("change", apply);
  window.addEventListener("storage", apply);
  window.fangtuAppearance = {
    setTheme(choice) {
      store("fangtu.theme", choice);
      apply();
    },
    setType(size) {
      store("fangtu.type", size);
      apply();
    },
  };
})();
