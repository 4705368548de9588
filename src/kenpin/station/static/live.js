// The page at the line: what each station tells is shown at once.
const PICTURE_MS = 500;
const HOLDS = ["test", "settings", "master"]; // why nothing is judged, the most telling first
const words = pairs(document.querySelector("[data-words]:is(dl)"));

function pairs(list) {
  const found = {};
  for (const term of list?.querySelectorAll("dt") ?? []) {
    found[term.textContent] = term.nextElementSibling.textContent;
  }
  return found;
}

class Line {
  constructor(root) {
    this.root = root;
    this.name = root.dataset.station;
    this.parts = pairs(document.querySelector(`[data-parts="${CSS.escape(this.name)}"]`));
    const opacity = this.find("opacity");
    const layer = this.find("layer");
    opacity.addEventListener("input", () => { layer.style.opacity = opacity.value; });
  }

  find(name) {
    return this.root.querySelector(`[data-${name}]`);
  }

  hear(told) {
    this.state(told);
    this.counts(told);
    this.strip(told.last);
    if (told.answer) this.answer(told.answer);
  }

  state(told) {
    const state = this.find("state");
    state.dataset.state = told.state;
    state.textContent = words[HOLDS.find((hold) => told.holds?.includes(hold)) ?? told.state];
    this.find("part").textContent = this.parts[told.part] ?? "";
    this.devices(told.faults ?? {});
    if (told.missed !== undefined) this.find("missed").textContent = told.missed;
  }

  devices(faults) {
    const others = { ...faults };
    for (const device of this.root.querySelectorAll("[data-device]")) {
      const why = faults[device.dataset.device] ?? "";
      delete others[device.dataset.device];
      device.classList.toggle("lost", why !== "");
      device.querySelector("[data-why]").textContent = why;
    }
    this.find("faults").textContent = Object.values(others).join(", ");
  }

  counts(told) {
    for (const count of this.root.querySelectorAll("[data-count]")) {
      count.textContent = told.shift[count.dataset.count] ?? 0;
    }
    const since = this.find("since");
    since.textContent = since.dataset.words.replace("{since}", told.since);
    const [parts, notOk] = told.hour;
    const share = parts ? `${Number(((100 * notOk) / parts).toPrecision(2))} %` : "–";
    this.find("hour").textContent = share;
  }

  strip(last) {
    const newest = last.at(-1)?.[0];
    if (newest === this.newest) return;
    this.newest = newest;
    this.find("strip").replaceChildren(...last.map(([row, outcome]) => {
      const link = document.createElement("a");
      link.className = `outcome ${outcome}`;
      link.href = `/part/${row}`;
      link.title = outcome;
      link.append(Object.assign(document.createElement("span"), { className: "shape" }));
      const item = document.createElement("li");
      item.append(link);
      return item;
    }));
  }

  answer(told) {
    if (told.at === this.at) return; // numbers begin anew with each start of the program
    this.at = told.at;
    this.find("verdict").className = `outcome ${told.outcome}`;
    this.find("word").textContent = told.code ? `${told.outcome} ${told.code}` : told.outcome;
    const words = told.words?.[document.documentElement.lang] ?? [];
    this.find("findings").textContent = words.join("; ");
    if (told.row) this.show(told);
    else this.clear();
  }

  // Pictures not faster than a person sees: the newest when its turn comes, none in between.
  show(told) {
    this.wanted = told;
    if (this.waiting) return;
    const left = (this.shownAt ?? -PICTURE_MS) + PICTURE_MS - performance.now();
    this.waiting = setTimeout(() => {
      this.waiting = null;
      this.shownAt = performance.now();
      this.draw(this.wanted);
    }, Math.max(0, left));
  }

  draw(told) {
    const at = `${this.root.dataset.address}/${told.number}`;
    this.find("picture").src = `${at}/picture?${told.row}`;
    const layer = this.find("layer");
    layer.hidden = told.outcome === "OK";
    layer.style.opacity = this.find("opacity").value;
    if (!layer.hidden) layer.src = `${at}/difference?${told.row}`;
  }

  // Nothing was judged: no picture of another part may stand beside it.
  clear() {
    clearTimeout(this.waiting);
    this.waiting = null;
    this.find("picture").removeAttribute("src");
    this.find("layer").hidden = true;
  }
}

const lines = new Map();
for (const root of document.querySelectorAll("[data-station]")) {
  lines.set(root.dataset.station, new Line(root));
}
const away = document.querySelector("[data-away]");
const called = document.querySelector("[data-call]");

const calls = new Map();

// A call that is heard for the first time is of before this page was opened.
function callOf(told) {
  const number = told.call?.number ?? 0;
  const before = calls.get(told.station) ?? number;
  calls.set(told.station, number);
  if (number === before) return;
  called.textContent = called.dataset.words.replace("{who}", told.call.who).replace("{station}", told.station);
  called.hidden = false;
}

function listen() {
  const source = new EventSource("/live/events");
  source.addEventListener("open", () => { away.hidden = true; });
  source.addEventListener("error", () => {
    away.hidden = false;
    if (source.readyState === EventSource.CLOSED) setTimeout(again, 2000);
  });
  source.addEventListener("message", (event) => {
    const told = JSON.parse(event.data);
    callOf(told);
    lines.get(told.station)?.hear(told);
  });
}

// The browser gave up: the program is gone for longer, or somebody must sign in again.
async function again() {
  const answer = await fetch("/about", { redirect: "manual" }).catch(() => null);
  if (answer === null) setTimeout(again, 2000);
  else if (answer.type === "opaqueredirect") location.reload();
  else listen();
}

if (lines.size) listen();
