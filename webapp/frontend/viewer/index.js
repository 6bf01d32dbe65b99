// Draws the process of a dossier with its live steps. The page gives, inside [data-diagram], a
// <script type="application/json"> with {xmlUrl, done: [id], active: [{id, level, text}],
// late: [id]}; the same facts stand beside it as a list, for phones and screen readers.
import NavigatedViewer from "bpmn-js/lib/NavigatedViewer";
import "bpmn-js/dist/assets/diagram-js.css";
import "bpmn-js/dist/assets/bpmn-js.css";
import "./viewer.css";

const MARGIN = 20; // px; else the outer pool's border is cut
const PHONE = 700; // px; on a narrower place the steps are shown at full size
const READABLE = 0.6; // below this scale a task's name cannot be read
const SIGNS = { // on a 24-unit grid, drawn like the icons of the pages
  plus: "M12 5v14M5 12h14",
  minus: "M5 12h14",
  all: "M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5",
  active: "M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM12 2v4M12 18v4M2 12h4M18 12h4",
};
const AROUND = 160; // px of the drawing shown around the live steps
const FONT = '"Inter Variable", system-ui, sans-serif';

function words() {
  return document.documentElement.lang.startsWith("en")
    ? { plus: "Zoom in", minus: "Zoom out", all: "Show all", active: "Current step",
        failed: "The diagram could not be shown." }
    : { plus: "Phóng to", minus: "Thu nhỏ", all: "Xem cả sơ đồ", active: "Bước đang làm",
        failed: "Không hiển thị được sơ đồ." };
}

/** The whole picture with a margin. */
function fit(canvas) {
  canvas.resized();
  const { inner, outer } = canvas.viewbox();
  const room = Math.min(
    (outer.width - 2 * MARGIN) / inner.width, (outer.height - 2 * MARGIN) / inner.height, 1.25,
  );
  const width = outer.width / room;
  const height = outer.height / room;
  canvas.viewbox({
    x: inner.x - (width - inner.width) / 2, y: inner.y - (height - inner.height) / 2, width, height,
  });
}

/** The start of a view of `length` that shows no emptiness beside the drawing when it need not. */
function within(start, length, first, whole) {
  if (length >= whole + 2 * MARGIN) return first - (length - whole) / 2;
  return Math.min(Math.max(start, first - MARGIN), first + whole + MARGIN - length);
}

/** The elements at reading size: all of them when they fit, else the first in the middle. */
function near(canvas, elements) {
  canvas.resized();
  const { inner, outer } = canvas.viewbox();
  const box = {
    left: Math.min(...elements.map((e) => e.x)) - AROUND,
    top: Math.min(...elements.map((e) => e.y)) - AROUND,
    right: Math.max(...elements.map((e) => e.x + e.width)) + AROUND,
    bottom: Math.max(...elements.map((e) => e.y + e.height)) + AROUND,
  };
  const room = Math.min(outer.width / (box.right - box.left), outer.height / (box.bottom - box.top));
  if (room < READABLE && elements.length > 1) {
    near(canvas, elements.slice(0, 1));
    return;
  }
  const scale = outer.width < PHONE ? 1 : Math.min(Math.max(room, READABLE), 1);
  const width = outer.width / scale;
  const height = outer.height / scale;
  const x = within((box.left + box.right) / 2 - width / 2, width, inner.x, inner.width);
  const y = within((box.top + box.bottom) / 2 - height / 2, height, inner.y, inner.height);
  canvas.viewbox({ x, y, width, height });
}

/** The first view: the whole picture when it can be read, else where the dossier stands. */
function open(canvas, active) {
  fit(canvas);
  if (active.length && canvas.zoom() < READABLE) near(canvas, active);
}

function badge({ level, text }) {
  const box = document.createElement("div");
  box.className = `token-badge token-${level || "ok"}`;
  box.textContent = text;
  return box;
}

function mark(viewer, facts) {
  const canvas = viewer.get("canvas");
  const registry = viewer.get("elementRegistry");
  const overlays = viewer.get("overlays");
  const known = (id) => registry.get(id) || console.error(`diagram: no element ${id}`);
  for (const id of facts.done || []) if (known(id)) canvas.addMarker(id, "is-done");
  for (const token of facts.active || []) {
    if (!known(token.id)) continue;
    canvas.removeMarker(token.id, "is-done");
    canvas.addMarker(token.id, "is-active");
    if (token.text) {
      overlays.add(token.id, {
        position: { top: -14, left: 0 }, scale: { min: 0.85, max: 1.1 }, html: badge(token),
      });
    }
  }
  for (const id of facts.late || []) if (known(id)) canvas.addMarker(id, "is-late");
}

function controls(place, viewer, active) {
  const canvas = viewer.get("canvas");
  const say = words();
  const bar = document.createElement("div");
  bar.className = "diagram-controls";
  const add = (sign, act) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "btn btn-sm";
    button.innerHTML = `<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d="${SIGNS[sign]}"/></svg>`;
    button.title = say[sign];
    button.setAttribute("aria-label", say[sign]);
    button.addEventListener("click", act);
    bar.append(button);
  };
  add("plus", () => canvas.zoom(canvas.zoom() * 1.25));
  add("minus", () => canvas.zoom(canvas.zoom() / 1.25));
  add("all", () => fit(canvas));
  let next = 0; // each press goes on to the next live step
  if (active.length) {
    add("active", () => near(canvas, [active[next++ % active.length]]));
  }
  place.append(bar);
}

async function draw(place) {
  const facts = JSON.parse(place.querySelector('script[type="application/json"]').textContent);
  const container = document.createElement("div");
  container.className = "diagram-canvas";
  place.append(container);
  try {
    const [response] = await Promise.all([
      fetch(facts.xmlUrl, { credentials: "same-origin" }),
      // The letters must be there before the lines of a label are measured.
      document.fonts.load('12px "Inter Variable"', "aăđơưếự").catch(() => []),
    ]);
    if (!response.ok) throw new Error(`${facts.xmlUrl}: ${response.status}`);
    const viewer = new NavigatedViewer({
      container,
      textRenderer: {
        defaultStyle: { fontFamily: FONT, fontSize: 12 },
        externalStyle: { fontFamily: FONT, fontSize: 11 },
      },
    });
    const { warnings } = await viewer.importXML(await response.text());
    for (const warning of warnings) console.error("diagram:", warning.message || warning);
    mark(viewer, facts);
    const registry = viewer.get("elementRegistry");
    const active = (facts.active || []).map(({ id }) => registry.get(id)).filter(Boolean);
    const show = () => open(viewer.get("canvas"), active);
    show();
    controls(place, viewer, active);
    let width = container.clientWidth;
    new ResizeObserver(() => {
      if (container.clientWidth === width || !container.clientWidth) return;
      width = container.clientWidth;
      show();
    }).observe(container);
    place.dataset.diagram = "drawn";
  } catch (error) {
    console.error("diagram:", error);
    container.textContent = words().failed;
    container.classList.add("diagram-failed");
    place.dataset.diagram = "failed";
  }
}

function drawAll(root) {
  const waiting = [...root.querySelectorAll("[data-diagram]")];
  if (root.matches?.("[data-diagram]")) waiting.push(root);
  for (const place of waiting) {
    if (place.dataset.diagram) continue;
    place.dataset.diagram = "drawing";
    // Drawn when it is shown: a folded part has no size to fit into.
    const seen = new IntersectionObserver(([entry]) => {
      if (!entry.isIntersecting) return;
      seen.disconnect();
      draw(place);
    }, { rootMargin: "200px" });
    seen.observe(place);
  }
}

drawAll(document);
document.addEventListener("htmx:load", (event) => drawAll(event.target));
