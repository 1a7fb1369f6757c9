// Pages work without this script. It warns before unsaved writing is lost, keeps
// what was typed until it is sent, and brings open pages up to date.
const words = document.getElementById("live").dataset;
const me = document.body.dataset.me ?? "";

// A line under the page says what happened; readers of screens hear it.
function tell(text, link, to) {
  const line = document.getElementById("live");
  line.replaceChildren(text);
  if (link) {
    const a = document.createElement("a");
    a.href = to;
    a.textContent = link;
    line.append(" ", a);
  }
}

// ---- Unsaved writing ----

function typedIn(field) {
  if (field instanceof HTMLSelectElement) {
    const options = [...field.options];
    return options.some((o) => o.defaultSelected) ? options.some((o) => o.selected !== o.defaultSelected) : field.selectedIndex > 0;
  }
  if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
  if (field instanceof HTMLTextAreaElement || field instanceof HTMLInputElement) return field.type !== "hidden" && field.value !== field.defaultValue;
  return false;
}

// What was refused stands in the page as if it were the site's own, and is kept nowhere else.
const refused = (form) => form.querySelector("[role=alert]:not([data-lost]), .fault") !== null;

const changed = new Set();
addEventListener("input", (event) => {
  const form = event.target.form;
  if (form?.hasAttribute("data-guard")) changed.add(form);
  if (form?.dataset.draft) later(form);
});
addEventListener("beforeunload", (event) => {
  saveNow();
  for (const form of changed) {
    if (form.isConnected && !(me && stored.has(form))) event.preventDefault(); // else it is kept
  }
});

// ---- What was typed is kept until it is sent ----
// Of people who are signed in: in this browser, under their own name alone. Of all
// others: until the tab is closed, since nobody knows who sits there next.

const longest = 14 * 24 * 3600 * 1000;
const prefix = "draft " + me + " ";
let store = null, off = false;
try {
  off = localStorage.getItem("drafts-off") === "yes";
  store = me ? localStorage : sessionStorage;
} catch { /* a browser that keeps nothing */ }

function each(where, begin, does) {
  for (const key of Object.keys(where)) if (key.startsWith(begin)) does(key);
}

function sweep() {
  each(store, "draft ", (key) => {
    try {
      const age = Date.now() - JSON.parse(store.getItem(key)).at;
      if (age >= 0 && age < longest) return;
    } catch { /* nothing of ours */ }
    store.removeItem(key);
  });
}

function keepable(form) {
  return [...form.elements].filter((f) => f.name && !["password", "file", "hidden", "submit", "button", "reset"].includes(f.type) &&
    !(f instanceof HTMLButtonElement) && !(f instanceof HTMLFieldSetElement) && !/password|one-time-code/.test(f.autocomplete ?? ""));
}

function read(form) {
  const nth = {};
  return keepable(form).map((f) => {
    const box = f.type === "checkbox" || f.type === "radio";
    const name = box ? f.name + " " + f.value : f.name + " #" + (nth[f.name] = (nth[f.name] ?? 0) + 1);
    return [name, box ? f.checked : f.value];
  });
}

// Beside a draft that is still offered what is typed now is kept as a second one.
const keysOf = (form) => [prefix + form.dataset.draft, prefix + form.dataset.draft + " 2"];
const keyOf = (form) => keysOf(form)[form.querySelector("[data-offer='0']") ? 1 : 0];

// The state that one read goes with what one typed on it: put back later, the site
// sees that somebody else changed it meanwhile.
const revOf = (form) => form.elements.namedItem("rev")?.value;

const stored = new WeakSet();
function save(form, emptied) {
  if (!store || off || !form.dataset.draft) return;
  stored.delete(form);
  try {
    if (refused(form) || keepable(form).some(typedIn)) {
      store.setItem(keyOf(form), JSON.stringify({ at: Date.now(), rev: revOf(form), fields: read(form) }));
      stored.add(form);
    } else if (emptied && !form.querySelector("[data-offer]")) store.removeItem(keyOf(form));
  } catch { /* no room: what is typed stays in the page */ }
}

const waiting = new Map();
function later(form) {
  note(form);
  if (!waiting.has(form)) waiting.set(form, setTimeout(() => { waiting.delete(form); save(form, true); }, 400));
}
function saveNow() {
  for (const [form, timer] of waiting) { clearTimeout(timer); save(form, true); }
  waiting.clear();
}
addEventListener("pagehide", saveNow);

function button(text, does) {
  const b = document.createElement("button");
  b.type = "button";
  b.className = "quiet";
  b.textContent = text;
  b.addEventListener("click", does);
  return b;
}

// Under a form in which somebody types stands what is kept, and how to end that.
function note(form) {
  if (!store || form.querySelector("[data-note]")) return;
  const p = document.createElement("p");
  p.className = "meta";
  p.dataset.note = "";
  const write = () => {
    p.replaceChildren(off ? words.off : me ? words.note : words.tab, " ");
    p.append(button(off ? words.turnOn : words.turnOff, () => {
      off = !off;
      try { localStorage.setItem("drafts-off", off ? "yes" : "no"); } catch { /* for this page, then */ }
      if (off) forget(); else save(form);
      write();
    }));
  };
  write();
  form.append(p);
}

function forget() {
  for (const timer of waiting.values()) clearTimeout(timer);
  waiting.clear();
  try { each(localStorage, prefix, (key) => localStorage.removeItem(key)); sessionStorage.clear(); } catch { /* nothing is kept */ }
}

function offer(form, key, nth) {
  const raw = store.getItem(key);
  if (!raw || form.querySelector(`[data-offer='${nth}']`)) return;
  const draft = JSON.parse(raw), kept = JSON.stringify(draft.fields);
  const drop = () => store.removeItem(key);
  if (kept === JSON.stringify(read(form))) return;
  const box = document.createElement("div");
  box.className = "notice no-print";
  box.dataset.offer = nth;
  const text = document.createElement("p"), row = document.createElement("p");
  row.className = "row";
  text.textContent = words.kept.replace("{when}", new Date(draft.at).toLocaleString(document.documentElement.lang, { dateStyle: "long", timeStyle: "short" }));
  const done = () => { box.remove(); keepable(form)[0]?.focus(); };
  row.append(button(words.put, () => {
    const values = new Map(draft.fields), names = read(form);
    keepable(form).forEach((f, i) => {
      if (!values.has(names[i][0])) return;
      if (f.type === "checkbox" || f.type === "radio") f.checked = values.get(names[i][0]);
      else f.value = values.get(names[i][0]);
    });
    if (draft.rev !== undefined && revOf(form) !== undefined) form.elements.namedItem("rev").value = draft.rev;
    if (form.hasAttribute("data-guard")) changed.add(form);
    done();
    save(form);
  }), button(words.drop, () => { drop(); done(); }));
  box.append(text, row);
  for (let d = form.closest("details"); d; d = d.parentElement.closest("details")) d.open = true;
  form.prepend(box);
}

// What was sent is kept no longer once the next page says that it arrived. A page
// that one goes back to says nothing new.
function arrived() {
  const came = performance.getEntriesByType("navigation")[0]?.type ?? "navigate";
  if (came !== "navigate") return;
  const said = document.querySelector("[data-said]") !== null;
  const sent = sessionStorage.getItem("sent"), gone = sessionStorage.getItem("gone");
  sessionStorage.removeItem("sent"); // this page is the answer, also when it says no
  sessionStorage.removeItem("gone");
  if (sent && said) for (const key of [sent, sent + " 2"]) store.removeItem(key);
  if (gone && said && !me) each(localStorage, gone, (key) => localStorage.removeItem(key));
}

async function reachable() {
  const end = new AbortController(), timer = setTimeout(() => end.abort(), 8000);
  try {
    return (await fetch("/healthz", { cache: "no-store", signal: end.signal })).status < 500;
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
  }
}

function lost(form) {
  let p = form.querySelector("[data-lost]");
  if (!p) {
    p = document.createElement("p");
    p.className = "notice warn";
    p.dataset.lost = "";
    p.setAttribute("role", "alert");
    form.append(p);
  }
  p.textContent = words.lost;
}

const asking = new Set(), sure = new Set();
addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.forget === "now") forget();
  if (form.dataset.forget === "once") try { sessionStorage.setItem("gone", prefix); } catch { /* they go in two weeks */ }
  if (form.dataset.draft && form.requestSubmit && !sure.delete(form)) {
    event.preventDefault();
    send(form, event.submitter);
    return;
  }
  changed.delete(form);
});

// A form is sent by the browser itself, as without script, once and when the site is
// known to answer; else the page stays as it is. Who presses again is believed.
async function send(form, submitter) {
  if (asking.has(form)) return;
  asking.add(form);
  save(form);
  if (form.querySelector("[data-lost]")) await new Promise((wake) => setTimeout(wake)); // until this pressing is over
  else if (!await reachable()) {
    asking.delete(form);
    return lost(form);
  }
  form.querySelector("[data-lost]")?.remove();
  clearTimeout(waiting.get(form));
  waiting.delete(form);
  try { sessionStorage.setItem("sent", prefix + form.dataset.draft); } catch { /* offered once more, then */ }
  sure.add(form);
  form.requestSubmit(submitter);
  if (sure.delete(form)) asking.delete(form); // a field was not right
}
addEventListener("pageshow", () => asking.clear()); // also one that one came back to

function offers() {
  if (!store || off) return;
  try {
    for (const form of document.querySelectorAll("form[data-draft]")) keysOf(form).forEach((key, nth) => offer(form, key, nth));
  } catch { /* what is there is not ours */ }
}
try {
  if (store) { sweep(); arrived(); }
} catch { /* a browser that keeps nothing */ }
const parts = () => new Map([...document.querySelectorAll("[data-part]")].map((p) => [p.dataset.part, p]));
const came = new Map([...parts()].map(([name, p]) => [name, p.outerHTML])); // as the site sent them
offers();

// ---- Open pages hear that something changed ----
// They are told only that: the page is fetched again the ordinary way, and the parts
// that changed take their place, but none in which somebody is at work.

const here = new URL(location.href);
here.hash = "";
here.searchParams.delete("said");

function busy(part) {
  const selected = getSelection();
  return part.contains(document.activeElement) || selected && !selected.isCollapsed && selected.containsNode(part, true) ||
    [...part.querySelectorAll("input, textarea, select")].some(typedIn) || part.querySelector("[data-offer]") !== null;
}

function swap(old, fresh) {
  const open = [...old.querySelectorAll("details")].map((d) => d.open);
  fresh = document.importNode(fresh, true);
  [...fresh.querySelectorAll("details")].forEach((d, i) => { if (open[i]) d.open = true; });
  old.replaceWith(fresh);
}

function end() {
  hush();
  document.body.removeAttribute("data-live");
  tell(words.ended, words.again, here);
}

function take(html) {
  const page = new DOMParser().parseFromString(html, "text/html");
  if ((page.body.dataset.me ?? "") !== me) return end(); // somebody else signed in meanwhile
  const fresh = new Map([...page.querySelectorAll("[data-part]")].map((p) => [p.dataset.part, p]));
  const mine = parts();
  let left = fresh.size !== mine.size, done = false;
  for (const [name, part] of mine) {
    const now = fresh.get(name);
    if (!now) { left = true; continue; }
    if (now.outerHTML === came.get(name)) continue;
    if (busy(part)) { left = true; continue; }
    came.set(name, now.outerHTML);
    swap(part, now);
    done = true;
  }
  offers();
  if (left) tell(words.new, words.show, here);
  else if (done) tell(words.done);
}

let source, cursor = document.body.dataset.since ?? "", fetching = false, again = false, tries = 0;

async function refresh() {
  if (fetching) { again = true; return; }
  fetching = true;
  await new Promise((wake) => setTimeout(wake, Math.random() * 500)); // not all at once
  try {
    const answer = await fetch(here, { headers: { Accept: "text/html", "Translocal-Waits": "yes" }, redirect: "manual", cache: "no-store" });
    if (answer.ok) take(await answer.text());
    else tell(words.new, words.show, here);
  } catch {
    tell(words.new, words.show, here);
  }
  setTimeout(() => { // a crowd that speaks at once is fetched together
    fetching = false;
    if (again) { again = false; refresh(); }
  }, 2000);
}

function listen() {
  if (source || document.hidden) return;
  const at = document.body.dataset.live;
  source = new EventSource(at + (cursor ? (at.includes("?") ? "&" : "?") + "after=" + encodeURIComponent(cursor) : ""));
  const heard = (event) => { tries = 0; cursor = event.lastEventId; };
  source.addEventListener("here", heard);
  source.addEventListener("changed", (event) => { heard(event); refresh(); });
  source.addEventListener("ended", end);
  source.addEventListener("error", () => {
    if (source?.readyState !== EventSource.CLOSED) return; // the browser tries again by itself
    hush();
    if (++tries < 6) setTimeout(() => { if (document.body.dataset.live) listen(); }, 60000 * (0.5 + Math.random()) * tries);
  });
}
function hush() { source?.close(); source = undefined; }

if (document.body.dataset.live && "EventSource" in window) {
  // A page out of sight holds no connection; browsers have few for one site.
  addEventListener("visibilitychange", () => { if (document.hidden) hush(); else if (document.body.dataset.live) listen(); });
  addEventListener("pagehide", hush);
  addEventListener("pageshow", (event) => { if (event.persisted && document.body.dataset.live) listen(); });
  listen();
}
