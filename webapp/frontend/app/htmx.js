// htmx set so that it needs neither inline style nor eval, talks to this server only, and shows a
// refused form (422) where the form stands.
import htmx from "htmx.org";
import { say as word } from "./words.js";

Object.assign(htmx.config, {
  includeIndicatorStyles: false,
  allowEval: false,
  allowScriptTags: false,
  selfRequestsOnly: true,
  historyRestoreAsHxRequest: false,
  scrollBehavior: "auto",
  historyCacheSize: 0, // no personal page stays in the browser's store
  responseHandling: [
    { code: "204", swap: false },
    { code: "[23]..", swap: true },
    { code: "422", swap: true },
    { code: "[45]..", swap: false, error: true },
  ],
});

/** The sentence of a refusal: from our JSON errors, our error pages, or by its status. */
function sentence(xhr) {
  try {
    const told = JSON.parse(xhr.responseText).message;
    if (told) return told;
  } catch {
    const page = new DOMParser().parseFromString(xhr.responseText, "text/html");
    const told = page.querySelector("[data-error-message], [role=alert]");
    if (told?.textContent.trim()) return told.textContent.trim().replace(/\s+/g, " ");
  }
  return word(
    `Máy chủ từ chối yêu cầu (mã ${xhr.status}). Hãy tải lại trang và thử lại.`,
    `The server refused the request (code ${xhr.status}). Please reload the page and try again.`,
  );
}

let refused = null; // the element whose request was refused last

/** Say it once, where a screen reader hears it; nothing that was typed is touched. */
function say(text, element) {
  refused = element;
  let place = document.getElementById("page-alert");
  if (!place) {
    place = document.createElement("div");
    place.id = "page-alert";
    place.setAttribute("role", "alert");
    (document.querySelector("main") || document.body).prepend(place);
  }
  place.className = "alert alert-danger page-alert";
  place.textContent = text;
  place.scrollIntoView({ block: "nearest" });
}

document.addEventListener("htmx:responseError", (event) =>
  say(sentence(event.detail.xhr), event.detail.elt));
document.addEventListener("htmx:sendError", (event) =>
  say(word(
    "Không kết nối được máy chủ. Những gì đã nhập vẫn còn; hãy thử lại.",
    "The server cannot be reached. What you typed is still here; please try again.",
  ), event.detail.elt));
// Only trying again takes the sentence away: a draft that saves itself must not.
document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.detail.elt !== refused && refused?.isConnected) return;
  const place = document.getElementById("page-alert");
  if (place?.classList.contains("page-alert")) place.remove();
});

export default htmx;
