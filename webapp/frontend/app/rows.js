// Rows that lead somewhere: j and k (or the arrows) move between them, Enter opens, a click on
// the bare row too. Marked by data-row-href; each row also holds a plain link.
const ROW = "[data-row-href]";
const BUSY = "a, button, input, select, textarea, label, summary, [contenteditable]";

function rows() {
  return [...document.querySelectorAll(ROW)].filter((row) => row.getClientRects().length > 0);
}

function open(row) {
  window.location.assign(row.dataset.rowHref);
}

function step(by) {
  const all = rows();
  if (!all.length) return;
  const here = all.indexOf(document.activeElement?.closest(ROW));
  const next = all[here < 0 ? (by > 0 ? 0 : all.length - 1) : here + by];
  if (!next) return;
  next.tabIndex = 0;
  next.focus();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const at = event.target;
  if (at.closest?.("input, select, textarea, [contenteditable], dialog[open]")) return;
  const onRow = at.matches?.(ROW);
  if (event.key === "j" || (onRow && event.key === "ArrowDown")) step(1);
  else if (event.key === "k" || (onRow && event.key === "ArrowUp")) step(-1);
  else if (event.key === "Enter" && onRow) open(at);
  else return;
  event.preventDefault();
});

document.addEventListener("click", (event) => {
  const row = event.target.closest(ROW);
  if (!row || event.target.closest(BUSY) || event.defaultPrevented) return;
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
  if (!window.getSelection().isCollapsed) return; // somebody is copying a code
  open(row);
});
