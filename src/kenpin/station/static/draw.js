// Rectangles and outlines drawn on a picture with the mouse, or by numbers; sent with the form.
const LEAST = 4; // pixels of the picture

function drawing(root) {
  const canvas = root.querySelector("canvas");
  const image = root.querySelector("img");
  const mode = root.querySelector("[data-mode]");
  const list = root.querySelector("[data-list]");
  const field = document.querySelector("[data-field]");
  const width = Number(root.dataset.width), height = Number(root.dataset.height);
  const before = [];
  const single = ["crop", "mark"];
  let areas = filled(JSON.parse(root.dataset.areas)), from = null, outline = [];

  function filled(told) {
    return { crop: told.crop ?? null, mark: told.mark ?? null, windows: told.windows ?? {}, ignore: told.ignore ?? [], masks: told.masks ?? [] };
  }

  function every() {
    const found = single.filter((kind) => areas[kind]).map((kind) => [kind, "", areas[kind]]);
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
    if (single.includes(kind)) areas[kind] = box;
    else areas[kind][name] = box;
  }

  function drop(kind, name) {
    if (single.includes(kind)) areas[kind] = null;
    else if (kind === "windows") delete areas.windows[name];
    else areas[kind].splice(name, 1);
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
      pen.strokeStyle = { crop: "#2aa5ff", mark: "#ffb000", windows: "#3ddc84", ignore: "#ff6470" }[kind];
      pen.fillStyle = kind === "ignore" ? "rgba(255,100,112,.35)" : "rgba(0,0,0,0)";
      pen.fillRect(x, y, w, h);
      pen.strokeRect(x, y, w, h);
      pen.fillStyle = pen.strokeStyle;
      if (kind === "windows") pen.fillText(name, x + 4, y + 16);
    }
    for (const points of [...areas.masks, outline]) trace(pen, points, scale);
    if (!extra) listed();
  }

  function trace(pen, points, scale) {
    pen.beginPath();
    for (const [x, y] of points) pen.lineTo(x * scale, y * scale);
    if (points !== outline) pen.closePath();
    pen.strokeStyle = "#ff6470";
    pen.fillStyle = "rgba(255,100,112,.35)";
    pen.stroke();
    if (points !== outline) pen.fill();
  }

  function outlineItem(points, place) {
    const item = document.createElement("li");
    const input = document.createElement("input");
    input.className = "points";
    input.value = points.map((point) => point.join(",")).join(" ");
    input.setAttribute("aria-label", `${list.dataset.masks} ${place + 1}`);
    input.addEventListener("change", () => change(() => {
      areas.masks[place] = input.value.trim().split(/\s+/).map((point) => point.split(",").map((value) => Math.round(Number(value))));
    }));
    item.append(list.dataset.masks, input, removing(() => drop("masks", place)));
    return item;
  }

  function removing(work) {
    const remove = document.createElement("button");
    remove.type = "button";
    remove.textContent = list.dataset.remove;
    remove.addEventListener("click", () => change(work));
    return remove;
  }

  function listed() {
    list.replaceChildren(...boxItems(), ...areas.masks.map(outlineItem));
  }

  function boxItems() {
    return every().map(([kind, name, box]) => {
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
      item.append(removing(() => drop(kind, name)));
      return item;
    });
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
    if (mode.value === "masks") {
      outline.push(at(event));
      return show();
    }
    canvas.setPointerCapture(event.pointerId);
    from = at(event);
  });
  canvas.addEventListener("pointermove", (event) => { if (from) show(boxTo(at(event))); });
  canvas.addEventListener("pointerup", (event) => {
    if (!from) return;
    const box = boxTo(at(event));
    from = null;
    if (box[2] < LEAST || box[3] < LEAST) return show();
    const name = { windows: freeName(), ignore: areas.ignore.length }[mode.value] ?? "";
    change(() => put(mode.value, name, box));
  });
  function close() {
    const points = outline.filter(([x, y], place) => !place || String(outline[place - 1]) !== String([x, y]));
    outline = [];
    if (points.length > 2) change(() => areas.masks.push(points));
    else show();
  }

  canvas.addEventListener("dblclick", close);
  document.querySelector("[data-settings]").addEventListener("submit", close); // one that is not closed yet
  root.querySelector("[data-undo]").addEventListener("click", () => {
    if (outline.length) outline.pop();
    else if (before.length) areas = JSON.parse(before.pop());
    show();
  });
  addEventListener("resize", () => show());
  if (image.complete) show();
  image.addEventListener("load", () => show());
}

document.querySelectorAll("[data-drawing]").forEach(drawing);
