// Bits as they are now; and what the camera sees, again and again while that is asked for.
const BITS_MS = 500, PREVIEW_MS = 700, MOST_LOOKS = 300; // a preview that nobody ends would hold up the line
const bits = document.querySelector("[data-bits]");
const seen = document.querySelector("[data-seen]");
const form = document.querySelector("[data-look]");
const preview = form.querySelector("[data-preview]");

async function fragment(place, address) {
  const answer = await fetch(address).catch(() => null);
  if (answer?.ok && !answer.redirected) place.innerHTML = await answer.text();
}

async function followBits() {
  if (!document.hidden) await fragment(bits, bits.dataset.bits);
  setTimeout(followBits, BITS_MS);
}

function previewing() {
  return preview.getAttribute("aria-pressed") === "true";
}

let looks = 0;
async function look() {
  if (!previewing() || document.hidden) return;
  looks += 1;
  const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)) }).catch(() => null);
  if (answer?.ok && new URL(answer.url).pathname === location.pathname && looks < MOST_LOOKS) await fragment(seen, seen.dataset.seen);
  else preview.setAttribute("aria-pressed", "false");
  setTimeout(look, PREVIEW_MS);
}

preview.addEventListener("click", () => {
  preview.setAttribute("aria-pressed", String(!previewing()));
  looks = 0;
  look();
});
document.addEventListener("visibilitychange", look);
if (bits) followBits();
