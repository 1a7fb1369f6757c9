// Pages work without this script. It only warns before unsaved writing is lost.
const forms = document.querySelectorAll("form[data-guard]");
for (const form of forms) {
  let changed = false;
  form.addEventListener("input", () => { changed = true; });
  form.addEventListener("submit", () => { changed = false; });
  addEventListener("beforeunload", (event) => { if (changed) event.preventDefault(); });
}
