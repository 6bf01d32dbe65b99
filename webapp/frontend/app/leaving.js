// Nothing typed is lost by a slip of the hand: a form that saves no draft (data-guard) asks before
// the page is left, what cannot be taken back (data-ask) asks first, and a form under way shows it.
import { say } from "./words.js";

// A form that came back refused still holds what was typed.
let changed = Boolean(document.querySelector("form[data-guard]") && document.querySelector("[data-form-errors]"));

document.addEventListener("input", (event) => {
  if (event.target.closest("form[data-guard]")) changed = true;
});

window.addEventListener("beforeunload", (event) => {
  if (changed) event.preventDefault();
});

// What is to be asked before this form goes; a draft is never asked about.
function questionOf(form, button) {
  if (form.dataset.ask) return form.dataset.ask;
  return button?.formNoValidate ? "" : form.querySelector("input[data-asks]:checked")?.dataset.asks;
}

function ask(form, button) {
  const dialog = document.createElement("dialog");
  dialog.className = "ask";
  const question = document.createElement("p");
  question.id = "ask-question";
  question.textContent = questionOf(form, button);
  dialog.setAttribute("aria-labelledby", question.id);
  const ways = document.createElement("form");
  ways.method = "dialog";
  ways.className = "ask-ways";
  for (const [value, text, css] of [
    ["", say("Không, quay lại", "No, go back"), "btn"],
    ["yes", button.textContent.trim(), "btn btn-danger"],
  ]) {
    const way = document.createElement("button");
    Object.assign(way, { value, textContent: text, className: css });
    ways.append(way);
  }
  dialog.append(question, ways);
  document.body.append(dialog);
  dialog.addEventListener("close", () => {
    dialog.remove();
    button.focus();
    if (dialog.returnValue !== "yes") return;
    form.dataset.asked = "yes";
    form.requestSubmit(button);
    delete form.dataset.asked;
  });
  dialog.showModal();
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method === "dialog") return;
  if (!form.dataset.asked && questionOf(form, event.submitter)) {
    event.preventDefault();
    ask(form, event.submitter || form.querySelector("button"));
    return;
  }
  if (form.matches("[data-guard]")) changed = false;
  if (!event.defaultPrevented) event.submitter?.setAttribute("aria-busy", "true");
});

// A page brought back from the browser's memory is at rest again.
window.addEventListener("pageshow", () => {
  for (const button of document.querySelectorAll("button[aria-busy]")) button.removeAttribute("aria-busy");
});
