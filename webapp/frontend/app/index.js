// Every page: the look, htmx under the strict policy, dates, keys and forms. Knows no page.
import "flatpickr/dist/flatpickr.css";
import "../shared/fonts.css";
import "./dates.css";
import "./app.css";

import htmx from "./htmx.js";
import { initDates } from "./dates.js";
import { initForms } from "./forms.js";
import "./focus.js";
import "./rows.js";
import "./toggles.js";

/** Called for the page and again for every part that a swap brings in. */
htmx.onLoad((root) => {
  initDates(root);
  initForms(root);
});

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-print]")) window.print();
});
