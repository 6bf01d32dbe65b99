// Dates are typed as dd/mm/yyyy into a plain text field; a button beside it opens a calendar, which
// is only fetched then. The calendar never touches what was typed: it writes a day when one is
// chosen. (Left in charge of the field it would silently turn 31/02 into 03/03.)
import { say } from "./words.js";

const TYPED = /^(\d{2})\/(\d{2})\/(\d{4})$/;
let loading = null;

function calendar() {
  loading ||= Promise.all([
    import("flatpickr"),
    import("flatpickr/dist/esm/l10n/vn.js"),
  ]).then(([{ default: flatpickr }, { Vietnamese }]) => {
    return (input, options) => flatpickr(input, {
      ...options,
      locale: say(Vietnamese, "default"),
    });
  });
  return loading;
}

/** The day typed, or null when the text is not a day that exists. */
function day(text) {
  const found = TYPED.exec(text.trim());
  if (!found) return null;
  const [, d, m, y] = found.map(Number);
  const date = new Date(y, m - 1, d);
  return date.getMonth() === m - 1 && date.getDate() === d ? date : null;
}

function written(date) {
  const two = (n) => String(n).padStart(2, "0");
  return `${two(date.getDate())}/${two(date.getMonth() + 1)}/${date.getFullYear()}`;
}

async function show(input, button) {
  const make = await calendar();
  if (!input.isConnected) return;
  if (!button.picker) {
    const hidden = document.createElement("input"); // the calendar's own field; has no name
    hidden.hidden = true;
    button.after(hidden);
    button.picker = make(hidden, {
      clickOpens: false,
      disableMobile: true,
      positionElement: input,
      minDate: day(input.dataset.min || "") || undefined,
      maxDate: day(input.dataset.max || "") || undefined,
      onChange([date]) {
        if (!date) return;
        input.value = written(date);
        input.dispatchEvent(new Event("input", { bubbles: true }));
        input.dispatchEvent(new Event("change", { bubbles: true }));
      },
      onClose: () => input.focus({ preventScroll: true }),
    });
    button.picker.calendarContainer.addEventListener("keydown", (event) => {
      if (event.key === "Escape") button.picker.close();
    });
  }
  const typed = day(input.value);
  button.picker.setDate(typed || null, false);
  button.picker.open();
  const days = button.picker.calendarContainer;
  const chosen = days.querySelector(".flatpickr-day.selected")
    || days.querySelector(".flatpickr-day.today")
    || days.querySelector(".flatpickr-day:not(.flatpickr-disabled)");
  chosen?.focus();
}

function addButton(input) {
  if (input.readOnly || input.disabled || input.parentElement.matches(".date-field")) return;
  const focused = document.activeElement === input;
  const field = document.createElement("span");
  field.className = "date-field";
  const button = document.createElement("button");
  button.type = "button";
  button.className = "date-button";
  button.setAttribute("aria-label", say("Chọn ngày trên lịch", "Choose a day"));
  input.before(field);
  field.append(input, button);
  input.autocomplete = input.getAttribute("autocomplete") || "off";
  input.inputMode = "numeric";
  if (focused) input.focus({ preventScroll: true });
  button.addEventListener("click", () => show(input, button));
  input.addEventListener("keydown", (event) => {
    if (event.altKey && event.key === "ArrowDown") {
      event.preventDefault();
      show(input, button);
    }
  });
}

/** Give every input[data-date] under `root` its button, once. */
export function initDates(root) {
  if (root.matches?.("input[data-date]")) addButton(root);
  for (const input of root.querySelectorAll("input[data-date]")) addButton(input);
}

// A calendar whose field was swapped away must not stay behind.
document.addEventListener("htmx:beforeCleanupElement", (event) => {
  event.target.picker?.destroy();
});
