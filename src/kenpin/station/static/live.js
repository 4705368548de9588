// The page at the line: what each station tells is shown at once.
const STRIP = 30;
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
    if (told.state) this.state(told);
    if (told.answer) this.answer(told.answer);
  }

  state(told) {
    const state = this.find("state");
    state.dataset.state = told.state;
    state.textContent = told.holds?.includes("master") ? words.master : words[told.state];
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

  answer(told) {
    if (told.number === this.number) return;
    this.number = told.number;
    this.find("verdict").className = `outcome ${told.outcome}`;
    this.find("word").textContent = told.code ? `${told.outcome} ${told.code}` : told.outcome;
    if (!told.row) return;
    const at = `${this.root.dataset.address}/${told.number}`;
    this.find("picture").src = `${at}/picture`;
    const layer = this.find("layer");
    layer.hidden = told.outcome === "OK";
    layer.style.opacity = this.find("opacity").value;
    if (!layer.hidden) layer.src = `${at}/difference`;
    this.count(told);
    this.strip(told);
  }

  count(told) {
    const count = this.root.querySelector(`[data-count="${told.outcome}"]`);
    if (count) count.textContent = Number(count.textContent) + 1;
    const hour = this.find("hour");
    const parts = (hour.dataset.hour = Number(hour.dataset.hour) + 1);
    if (told.outcome !== "OK") hour.dataset.notOk = Number(hour.dataset.notOk) + 1;
    hour.textContent = `${Number(((100 * hour.dataset.notOk) / parts).toPrecision(2))} %`;
  }

  strip(told) {
    const list = this.find("strip");
    const item = document.createElement("li");
    const link = document.createElement("a");
    link.className = `outcome ${told.outcome}`;
    link.href = `/part/${told.row}`;
    link.title = `${told.outcome} ${told.number}`;
    link.append(Object.assign(document.createElement("span"), { className: "shape" }));
    item.append(link);
    list.append(item);
    while (list.children.length > STRIP) list.firstElementChild.remove();
  }
}

const lines = new Map();
for (const root of document.querySelectorAll("[data-station]")) {
  lines.set(root.dataset.station, new Line(root));
}
const away = document.querySelector("[data-away]");
const called = document.querySelector("[data-call]");

function called_by(told) {
  called.textContent = called.dataset.words.replace("{who}", told.call).replace("{station}", told.station);
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
    if (told.call) called_by(told);
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
