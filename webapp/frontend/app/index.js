// Every page: the look, htmx under the strict policy, dates, keys and forms. Knows no page.
import "flatpickr/dist/flatpickr.css";
import "../shared/fonts.css";
import "./dates.css";
import "./app.css";

import htmx from "./htmx.js";
import { initDates } from "./dates.js";
import { initFiles } from "./files.js";
import { initForms } from "./forms.js";
import "./focus.js";
import "./leaving.js";
import "./rows.js";
import "./toggles.js";

/** Called for the page and again for every part that a swap brings in. */
htmx.onLoad((root) => {
  initDates(root);
  initFiles(root);
  initForms(root);
  for (const button of root.querySelectorAll("[data-print]")) button.hidden = false;
});

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-print]")) window.print();
});

// Paper cannot unfold: what is folded on screen is printed open.
let unfolded = [];
window.addEventListener("beforeprint", () => {
  unfolded = [...document.querySelectorAll("main details:not([open])")];
  for (const part of unfolded) part.open = true;
});
window.addEventListener("afterprint", () => {
  for (const part of unfolded) part.open = false;
});
