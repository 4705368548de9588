// Rectangles drawn on a picture with the mouse, or by numbers; sent with the form of settings.
const LEAST = 4; // pixels of the picture

function drawing(root) {
  const canvas = root.querySelector("canvas");
  const image = root.querySelector("img");
  const mode = root.querySelector("[data-mode]");
  const list = root.querySelector("[data-list]");
  const field = document.querySelector("[data-field]");
  const width = Number(root.dataset.width), height = Number(root.dataset.height);
  const before = [];
  let areas = filled(JSON.parse(root.dataset.areas)), from = null;

  function filled(told) {
    return { crop: told.crop ?? null, windows: told.windows ?? {}, ignore: told.ignore ?? [] };
  }

  function every() {
    const found = areas.crop ? [["crop", "", areas.crop]] : [];
    for (const [name, box] of Object.entries(areas.windows)) found.push(["windows", name, box]);
    areas.ignore.forEach((box, place) => found.push(["ignore", place, box]));
    return found;
  }

  function change(work) {
    before.push(JSON.stringify(areas));
    work();
    show();
  }

  function put(kind, name, box) {
    if (kind === "crop") areas.crop = box;
    else areas[kind][name] = box;
  }

  function drop(kind, name) {
    if (kind === "crop") areas.crop = null;
    else if (kind === "windows") delete areas.windows[name];
    else areas.ignore.splice(name, 1);
  }

  function freeName() {
    let number = 1;
    while (`w${number}` in areas.windows) number += 1;
    return `w${number}`;
  }

  function show(extra = null) {
    field.value = JSON.stringify(areas);
    canvas.width = image.clientWidth;
    canvas.height = image.clientHeight;
    const scale = canvas.width / width;
    const pen = canvas.getContext("2d");
    pen.lineWidth = 2;
    pen.font = "14px sans-serif";
    for (const [kind, name, box] of [...every(), ...(extra ? [[mode.value, "", extra]] : [])]) {
      const [x, y, w, h] = box.map((value) => value * scale);
      pen.strokeStyle = { crop: "#2aa5ff", windows: "#3ddc84", ignore: "#ff6470" }[kind];
      pen.fillStyle = kind === "ignore" ? "rgba(255,100,112,.35)" : "rgba(0,0,0,0)";
      pen.fillRect(x, y, w, h);
      pen.strokeRect(x, y, w, h);
      pen.fillStyle = pen.strokeStyle;
      if (kind === "windows") pen.fillText(name, x + 4, y + 16);
    }
    if (!extra) listed();
  }

  function listed() {
    list.replaceChildren(...every().map(([kind, name, box]) => {
      const item = document.createElement("li");
      item.append(`${list.dataset[kind]} ${kind === "windows" ? name : ""}`);
      ["x", "y", "w", "h"].forEach((side, place) => {
        const input = document.createElement("input");
        input.type = "number";
        input.min = place < 2 ? 0 : LEAST;
        input.value = box[place];
        input.setAttribute("aria-label", `${kind} ${name} ${list.dataset[side]}`);
        input.addEventListener("change", () => change(() => {
          put(kind, name, box.map((value, at) => (at === place ? Math.round(Number(input.value)) : value)));
        }));
        item.append(input);
      });
      const remove = document.createElement("button");
      remove.type = "button";
      remove.textContent = list.dataset.remove;
      remove.addEventListener("click", () => change(() => drop(kind, name)));
      item.append(remove);
      return item;
    }));
  }

  function at(event) {
    const box = canvas.getBoundingClientRect();
    const inside = (value, most) => Math.round(Math.min(Math.max(value, 0), 1) * most);
    return [inside((event.clientX - box.left) / box.width, width), inside((event.clientY - box.top) / box.height, height)];
  }

  function boxTo([x, y]) {
    return [Math.min(x, from[0]), Math.min(y, from[1]), Math.abs(x - from[0]), Math.abs(y - from[1])];
  }

  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    from = at(event);
  });
  canvas.addEventListener("pointermove", (event) => { if (from) show(boxTo(at(event))); });
  canvas.addEventListener("pointerup", (event) => {
    if (!from) return;
    const box = boxTo(at(event));
    from = null;
    if (box[2] < LEAST || box[3] < LEAST) return show();
    const name = { crop: "", windows: freeName(), ignore: areas.ignore.length }[mode.value];
    change(() => put(mode.value, name, box));
  });
  root.querySelector("[data-undo]").addEventListener("click", () => {
    if (before.length) areas = JSON.parse(before.pop());
    show();
  });
  addEventListener("resize", () => show());
  if (image.complete) show();
  image.addEventListener("load", () => show());
}

document.querySelectorAll("[data-drawing]").forEach(drawing);
