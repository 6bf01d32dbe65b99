// A file picker that speaks the page's language, not the browser's. Without this file the
// browser's own button stands there.
import { say } from "./words.js";

function dress(input) {
  if (input.closest(".file-field")) return;
  const field = document.createElement("label");
  field.className = "file-field";
  const button = document.createElement("span");
  button.className = "btn btn-sm";
  button.textContent = say("Chọn tệp", "Choose a file");
  button.setAttribute("aria-hidden", "true"); // the field's own label names the input
  const name = document.createElement("span");
  name.className = "file-name";
  name.setAttribute("role", "status");
  const tell = () => {
    const chosen = [...input.files].map((file) => file.name).join(", ");
    name.textContent = chosen || say("Chưa chọn tệp nào", "No file chosen");
    name.classList.toggle("is-chosen", Boolean(chosen));
  };
  input.before(field);
  field.append(button, name, input);
  input.className = "visually-hidden";
  input.addEventListener("change", tell);
  tell();
}

/** Dress every file input under `root`, once. */
export function initFiles(root) {
  if (root.matches?.('input[type="file"]')) dress(root);
  for (const input of root.querySelectorAll('input[type="file"]')) dress(input);
}
