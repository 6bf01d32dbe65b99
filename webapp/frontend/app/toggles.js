// The two small movements the look needs: a menu that folds (data-bs-toggle="collapse") and
// menus made of <details> that close on Escape or a click elsewhere.
document.addEventListener("click", (event) => {
  const button = event.target.closest('[data-bs-toggle="collapse"]');
  if (button) {
    const target = document.querySelector(button.dataset.bsTarget || button.getAttribute("href"));
    if (!target) return;
    event.preventDefault();
    const shown = target.classList.toggle("show");
    button.setAttribute("aria-expanded", String(shown));
    button.classList.toggle("collapsed", !shown);
  }
  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    menu.open = false;
    menu.querySelector("summary")?.focus();
  }
});
