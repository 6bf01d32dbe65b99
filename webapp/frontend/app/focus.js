// After a swap the focus is never lost to the page: it stays on the same control, or goes to the
// element the new part marks with data-focus. (Forms keep their own typing: forms.js.)
let before = null;

function describe(control) {
  if (!control || control === document.body) return null;
  const range = "selectionStart" in control ? selection(control) : null;
  const chosen = control.type === "radio" || control.type === "checkbox" ? control.value : null;
  return { id: control.id, name: control.getAttribute("name"), chosen, range };
}

function selection(control) {
  try {
    return control.selectionStart === null ? null : [control.selectionStart, control.selectionEnd];
  } catch {
    return null; // some input types have no selection
  }
}

function find({ id, name, chosen }) {
  const same = id && document.getElementById(id);
  if (same || !name) return same;
  const value = chosen === null ? "" : `[value="${CSS.escape(chosen)}"]`;
  return document.querySelector(`[name="${CSS.escape(name)}"]${value}`);
}

document.addEventListener("htmx:beforeSwap", () => {
  before = describe(document.activeElement);
});

document.addEventListener("htmx:afterSettle", (event) => {
  const asked = event.detail.elt?.querySelector?.("[data-focus]");
  const lost = !document.activeElement || document.activeElement === document.body;
  if (!lost && !asked) return;
  const control = asked || (before && find(before));
  if (!control) return;
  control.focus({ preventScroll: !asked });
  if (!asked && before?.range && control.setSelectionRange) control.setSelectionRange(...before.range);
});
