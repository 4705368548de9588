// Zooms and moves the pictures of a part together.
const LARGEST = 8;

function viewer(root) {
  const images = [...root.querySelectorAll(".pane img")];
  const slider = root.querySelector("[data-zoom]");
  let zoom = 1, x = 0, y = 0; // x, y: the upper left corner in view, in shares of the picture

  function show() {
    const most = 1 - 1 / zoom;
    x = Math.min(Math.max(x, 0), most);
    y = Math.min(Math.max(y, 0), most);
    for (const image of images) {
      image.style.transform = `scale(${zoom}) translate(${-100 * x}%, ${-100 * y}%)`;
    }
    slider.value = zoom;
  }

  function zoomAt(wanted, atX, atY) {
    const next = Math.min(Math.max(wanted, 1), LARGEST);
    x += atX / zoom - atX / next;
    y += atY / zoom - atY / next;
    zoom = next;
    show();
  }

  slider.addEventListener("input", () => zoomAt(Number(slider.value), 0.5, 0.5));
  for (const image of images) {
    const pane = image.parentElement;
    pane.addEventListener("wheel", (event) => {
      event.preventDefault();
      const box = pane.getBoundingClientRect();
      const factor = event.deltaY < 0 ? 1.25 : 0.8;
      zoomAt(zoom * factor, (event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height);
    }, { passive: false });
    pane.addEventListener("pointerdown", (event) => pane.setPointerCapture(event.pointerId));
    pane.addEventListener("pointermove", (event) => {
      if (!pane.hasPointerCapture(event.pointerId)) return;
      const box = pane.getBoundingClientRect();
      x -= event.movementX / box.width / zoom;
      y -= event.movementY / box.height / zoom;
      show();
    });
  }
}

document.querySelectorAll("[data-viewer]").forEach(viewer);
