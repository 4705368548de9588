// Pictures go up a few at a time, dropped or chosen; one that meets no network is tried again.
const AT_ONCE = 3, TRIES = 5, PAUSE_MS = 1000;

function uploads(form) {
  const input = form.querySelector("[type=file]");
  const progress = form.querySelector("[data-progress]");
  const refused = form.querySelector("[data-refused]");

  async function send(file) {
    for (let tries = 0; tries < TRIES; tries += 1) {
      const data = new FormData();
      data.set("form", form.elements.form.value);
      data.set("picture", file, file.name);
      const answer = await fetch(form.dataset.upload, { method: "POST", body: data }).catch(() => null);
      if (answer && answer.status < 500 && !answer.redirected) return answer.status === 204 ? "" : answer.text();
      await new Promise((again) => setTimeout(again, PAUSE_MS * (tries + 1)));
    }
    return "–";
  }

  async function sendAll(files) {
    const waiting = [...files];
    const count = waiting.length;
    let done = 0, wrong = 0;
    async function next() {
      while (waiting.length) {
        const file = waiting.shift();
        const told = await send(file);
        done += 1;
        progress.textContent = form.dataset.words.replace("{done}", done).replace("{count}", count);
        if (told) {
          wrong += 1;
          const item = document.createElement("li");
          item.textContent = `${file.name}: ${told.includes("<") ? "–" : told}`;
          refused.append(item);
        }
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, next));
    if (!wrong) location.reload();
    else form.dataset.sent = "";
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    sendAll(input.files);
  });
  form.addEventListener("dragover", (event) => event.preventDefault());
  form.addEventListener("drop", (event) => {
    event.preventDefault();
    sendAll(event.dataTransfer.files);
  });
}

document.querySelectorAll("[data-upload]").forEach(uploads);
