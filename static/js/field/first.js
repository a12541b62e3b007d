/* Runs before anything else: language, colours and type size as this phone chose them. A classic script on purpose. */
(function () {
  "use strict";
  const root = document.documentElement;

  function stored(name) {
    try {
      return window.localStorage.getItem(name);
    } catch (refused) {
      return null;
    }
  }

  // The page as the server gives it knows the language of the account; as the worker keeps it, it knows none.
  if (root.dataset.lang) {
    try {
      window.localStorage.setItem("fangtu.lang.account", root.dataset.lang);
    } catch (refused) {
      root.dataset.storage = "off";
    }
  }
  const own = /^zh/i.test(navigator.language) ? "zh" : "en";
  const lang = stored("fangtu.lang") || root.dataset.lang || stored("fangtu.lang.account") || own;
  root.dataset.lang = lang;
  root.lang = lang === "en" ? "en" : "zh-CN";
  // Outdoors light is easier to read: dark only by choice.
  root.dataset.bsTheme = stored("fangtu.theme") === "dark" ? "dark" : "light";
  if (stored("fangtu.type") === "large") root.dataset.type = "large";
  // Who is signed in is asked while the rest still comes over the line.
  window.fangtuAsked = fetch("/api/v1/ping", { cache: "no-store" }).catch(function () { return null; });
  // So is whose phone it is read, from the small database that store.js keeps; null where it has to be asked again.
  window.fangtuPhone = new Promise(function (done) {
    const opened = window.indexedDB.open("fangtu-phone", 1);
    opened.onupgradeneeded = function () { opened.result.createObjectStore("meta"); };
    opened.onerror = function () { done(null); };
    opened.onsuccess = function () {
      const read = opened.result.transaction("meta").objectStore("meta").get("account");
      opened.result.close(); // once this transaction has ended
      read.onerror = function () { done(null); };
      read.onsuccess = function () { done({ account: read.result }); };
    };
  }).catch(function () { return null; });
})();
