// The review desk by keyboard: a letter or a digit presses the button that names it.
const form = document.querySelector("form[data-once]");

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const typing = event.target.matches("input, select, textarea");
  if (event.key === "Escape" && typing) return event.target.blur();
  if (typing) return;
  const wanted = document.querySelector(`[data-key="${CSS.escape(event.key.toLowerCase())}"]`);
  if (!wanted) return;
  event.preventDefault();
  if (wanted.matches("input")) wanted.focus();
  else wanted.click();
});

for (const button of document.querySelectorAll("[data-kind]")) {
  button.addEventListener("click", () => {
    form.elements.kind.value = button.dataset.kind;
    form.querySelector('[value="ng"]').click();
  });
}

for (const place of document.querySelectorAll("[data-fragment]")) {
  const answer = await fetch(place.dataset.fragment).catch(() => null);
  if (answer?.ok) place.innerHTML = await answer.text();
}
