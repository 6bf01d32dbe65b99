// Comfort for server-drawn forms. Without this file every form still works by plain posts.
// Knows no field of any form: only data-refresh, data-row-action, data-date and #form-sections.
import htmx from "htmx.org";

const SECTIONS = "form-sections";
const pages = new WeakSet();

/** What stands in every control now, by id. */
function entered(form) {
  const values = new Map();
  for (const control of form.elements) {
    if (!control.id || control.type === "hidden" || control.tagName === "BUTTON") continue;
    const ticked = control.type === "checkbox" || control.type === "radio";
    values.set(control.id, ticked ? control.checked : control.value);
  }
  return values;
}

function put(control, value) {
  if (typeof value === "boolean") control.checked = value;
  else control.value = value;
}

/** Where the person is: the focused control, caret and selection included. */
function place() {
  const control = document.activeElement;
  if (!control || !control.id) return null;
  let range = null;
  try {
    if (typeof control.selectionStart === "number") {
      range = [control.selectionStart, control.selectionEnd, control.selectionDirection];
    }
  } catch {
    // some input types have no selection
  }
  return { id: control.id, range };
}

function goBack(where) {
  const control = where && document.getElementById(where.id);
  if (!control) return;
  control.focus({ preventScroll: true });
  if (where.range) control.setSelectionRange(...where.range);
}

/** One form's traffic: posts itself when told, and mends what was typed while the answer came. */
function attend(form) {
  let sent = null; // values when the post left
  let typed = []; // [id, value] changed since
  let where = null;
  let target = null; // "add" or "remove" of which list

  const refresh = () => htmx.trigger(form, "form-refresh");

  form.addEventListener("change", (event) => {
    if (event.target.matches("[data-date]")) event.target.value = padded(event.target.value);
    if (event.target.matches("[data-refresh]")) refresh();
  });

  form.addEventListener("keydown", (event) => {
    const line = event.key === "Enter" && !event.isComposing && event.target.matches("input");
    if (line && event.target.closest(`#${SECTIONS}`)) {
      event.preventDefault(); // Enter in a field never hands the form in
      event.target.dispatchEvent(new Event("change", { bubbles: true }));
    }
  });

  form.addEventListener("click", (event) => {
    const button = event.target.closest("[data-row-action]");
    if (!button || !form.hasAttribute("hx-post")) return;
    event.preventDefault();
    const pressed = document.createElement("input");
    pressed.type = "hidden";
    pressed.name = button.name;
    pressed.value = "1";
    form.append(pressed);
    target = button.name;
    refresh(); // collects the values before it returns
    pressed.remove();
  });

  form.addEventListener("htmx:beforeRequest", (event) => {
    if (event.target === form) sent = entered(form);
  });

  form.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target?.id !== SECTIONS || !sent) return;
    typed = [...entered(form)].filter(([id, value]) => sent.get(id) !== value);
    where = place();
  });

  document.body.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target?.id !== SECTIONS || !sent || !form.isConnected) return;
    sent = null;
    let again = false;
    for (const [id, value] of target ? [] : typed) {
      const control = document.getElementById(id);
      if (!control || !form.contains(control)) continue;
      put(control, value);
      again ||= control.matches("[data-refresh]") && control !== document.activeElement;
    }
    if (target) followRow(form, target);
    else goBack(where);
    target = null;
    if (again) refresh();
  });

  form.addEventListener("htmx:afterRequest", (event) => {
    if (event.target === form && !event.detail.successful) target = null;
  });
}

/** After a row was added: its first field. After one was removed: the button that adds. */
function followRow(form, name) {
  const path = name.replace(/^__(add|remove)\./, "").replace(/\.\d+$/, "");
  const list = form.querySelector(`[data-rows="${CSS.escape(path)}"]`);
  if (!list) return;
  const rows = list.querySelectorAll("[data-row]");
  const last = rows[rows.length - 1];
  const field = name.startsWith("__add.") && last
    ? last.querySelector("input:not([type=hidden]), select, textarea")
    : list.querySelector('[name^="__add."]');
  (field || list).focus();
}

/** 5/6/2026 → 05/06/2026 and 05062026 → 05/06/2026; anything else stays as typed. */
function padded(text) {
  const found = /^\s*(\d{1,2})[./-](\d{1,2})[./-](\d{4})\s*$/.exec(text)
    || /^\s*(\d{2})(\d{2})(\d{4})\s*$/.exec(text);
  return found ? `${found[1].padStart(2, "0")}/${found[2].padStart(2, "0")}/${found[3]}` : text;
}

/** Links of the error summary put the caret into the field itself. */
function follow(event) {
  const link = event.target.closest("[data-form-errors] a[href^='#']");
  const control = link && document.getElementById(link.hash.slice(1));
  if (!control) return;
  event.preventDefault();
  control.scrollIntoView({ block: "center" });
  const inside = control.matches("fieldset, div") && control.querySelector("input:not([type=hidden])");
  (inside || control).focus({ preventScroll: true });
}

/** Attend every form under `root`; the error summary, when there is one, takes the focus. */
export function initForms(root = document) {
  const forms = [...root.querySelectorAll("form[data-form]")];
  if (root instanceof Element && root.matches("form[data-form]")) forms.push(root);
  for (const form of forms) {
    if (pages.has(form)) continue;
    pages.add(form);
    attend(form);
  }
  if (!pages.has(document.body)) {
    pages.add(document.body);
    document.body.addEventListener("click", follow);
  }
  const errors = root.querySelector("[data-form-errors]");
  if (errors) errors.focus();
}
