// A job under way: how far it is, and the whole page again when it is over.
const place = document.querySelector("[data-state-of]");
const EVERY_MS = 1000;

async function look() {
  const answer = await fetch(place.dataset.stateOf).catch(() => null);
  if (answer?.ok && !answer.redirected) {
    place.innerHTML = await answer.text();
    const state = place.querySelector("[data-job]").dataset.job;
    if (state !== "waiting" && state !== "running") return location.reload();
  }
  setTimeout(look, EVERY_MS);
}

if (!place.dataset.over) setTimeout(look, EVERY_MS);
