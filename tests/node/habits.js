/*
 * What the games rest on that a browser does: events and their order, two tabs, a tab that dies, a full disk. An expression, to
 * be evaluated in a page of Chromium and in a page of tests/node/browser.mjs alike: both have to tell the same.
 */
async ({ open, kill, fill, free, settled }) => {
  const told = {};
  const ended = (request, log = [], name = "request") => new Promise((done) => {
    request.onsuccess = () => done([...log, `${name} success`]);
    request.onerror = (event) => {
      event.preventDefault();
      done([...log, `${name} ${request.error.name}`]);
    };
  });
  const opened = (window, name, version, upgrade = () => {}) => new Promise((done, failed) => {
    const request = window.indexedDB.open(name, version);
    request.onupgradeneeded = () => upgrade(request.result);
    request.onsuccess = () => done(request.result);
    request.onerror = () => failed(request.error);
  });
  const withStore = (db) => db.createObjectStore("s", { keyPath: "id" }).createIndex("seq", "seq", { unique: true });
  const writing = (db) => db.transaction("s", "readwrite", { durability: "strict" });
  /** All that a transaction tells, until it has ended. */
  const story = (tx, request) => new Promise((done) => {
    const log = [];
    request.onsuccess = () => log.push("success");
    request.onerror = () => log.push(`error ${request.error.name}`);
    tx.oncomplete = () => done([...log, "complete"]);
    tx.onabort = () => done([...log, `abort ${tx.error && tx.error.name}`]);
  });
  const all = async (db) => {
    const request = db.transaction("s").objectStore("s").getAll();
    await ended(request);
    return request.result;
  };

  const [one, two] = [await open(), await open()];
  const db = await opened(one, "habits", 1, withStore);
  const other = await opened(two, "habits", 1);

  let tx = writing(db);
  told.write = await story(tx, tx.objectStore("s").put({ id: 1, seq: 1, bytes: new Uint8Array([1, 2]) }));
  told.seenByTheOther = (await all(other)).map((row) => [row.id, [...row.bytes]]);
  tx = writing(db);
  told.sameKey = await story(tx, tx.objectStore("s").add({ id: 1, seq: 9 }));
  tx = writing(db);
  told.sameIndex = await story(tx, tx.objectStore("s").put({ id: 2, seq: 1 }));
  tx = writing(db);
  const request = tx.objectStore("s").put({ id: 3, seq: 3 });
  const aborted = story(tx, request);
  tx.abort();
  told.aborted = await aborted;
  tx = writing(db);
  const first = tx.objectStore("s");
  await ended(first.put({ id: 4, seq: 4 }));
  await settled();
  try {
    first.put({ id: 5, seq: 5 });
    told.leftAlone = "still open";
  } catch (reason) {
    told.leftAlone = reason.name;
  }
  // Both tabs add one to the same number, one after the other.
  const add = async (connection) => {
    const store = writing(connection).objectStore("s");
    const get = store.get(1);
    await ended(get);
    await ended(store.put({ ...get.result, n: (get.result.n || 0) + 1 }));
  };
  await Promise.all([add(db), add(other), add(db)]);
  told.added = (await all(db)).find((row) => row.id === 1).n;

  one.localStorage.setItem("habits", "a");
  told.small = [two.localStorage.getItem("habits"), two.localStorage.getItem("none")];

  let letGo;
  const held = new Promise((taken) => {
    one.navigator.locks.request("habits", { ifAvailable: true }, () => {
      taken();
      return new Promise((done) => {
        letGo = done;
      });
    });
  });
  await held;
  const askFor = (window) => window.navigator.locks.request("habits", { ifAvailable: true }, (lock) => (lock ? "given" : "taken"));
  told.lockOfTheOther = await askFor(two);
  letGo();
  await settled();
  told.lockLetGo = await askFor(two);

  // A tab that dies in a transaction takes it back, gives its locks back, and stands in nobody's way.
  const third = await open();
  const dying = await opened(third, "habits", 1);
  third.navigator.locks.request("habits", { ifAvailable: true }, () => new Promise(() => {}));
  await settled();
  const last = writing(dying).objectStore("s");
  await ended(last.put({ id: 6, seq: 6 }));
  // It is never without a request, so that it cannot end by itself.
  const goOn = () => {
    last.get(1).onsuccess = goOn;
  };
  goOn();
  kill(third);
  await settled();
  told.ofTheDead = [(await all(db)).some((row) => row.id > 5), await askFor(two)];

  const news = [];
  other.onversionchange = (event) => news.push(`versionchange ${event.newVersion}`);
  db.onversionchange = (event) => {
    news.push(`versionchange ${event.newVersion}`);
    db.close();
  };
  const newer = one.indexedDB.open("habits", 2);
  newer.onblocked = () => {
    news.push("blocked");
    other.close();
  };
  await ended(newer);
  told.newer = [...news];
  try {
    writing(other);
    told.closed = "open";
  } catch (reason) {
    told.closed = reason.name;
  }
  news.length = 0;
  newer.result.onversionchange = (event) => {
    news.push(`versionchange ${event.newVersion}`);
    newer.result.close();
  };
  told.deleted = await ended(two.indexedDB.deleteDatabase("habits"), news);

  // A full disk: the write fails, all tabs lose their connections, and none opens until there is room.
  const tabs = [await opened(one, "full", 1, withStore), await opened(two, "full", 1)];
  const order = [];
  const closes = tabs.map((tab, n) => new Promise((done) => {
    tab.onclose = () => {
      if (n === 0) order.push("close");
      done();
    };
  }));
  await fill();
  tx = writing(tabs[0]);
  const put = tx.objectStore("s").put({ id: 1, seq: 1, bytes: one.crypto.getRandomValues(new Uint8Array(60000)) });
  put.onerror = () => order.push(`error ${put.error.name}`);
  tx.onabort = () => order.push("abort");
  await Promise.all(closes);
  told.full = order;
  told.opens = await opened(two, "full", 1).then(() => "opens", (reason) => reason.name);
  await free();
  const again = await opened(two, "full", 1);
  tx = writing(again);
  told.room = await story(tx, tx.objectStore("s").put({ id: 2, seq: 2 }));
  return told;
}
