// Draws the charts of the report. Everything that is not a chart is there without this.
import { hear_keys, View } from "./cursor";
import { draw_curve } from "./curve";
import { Data, load, Part } from "./data";
import { draw_gantt } from "./gantt";
import { draw_heatmap } from "./heatmap";
import { forget_palette } from "./palette";
import { draw_server } from "./server";
import { make_sortable } from "./sort";
import { redraw_all } from "./surface";
import { draw_timeline } from "./timeline";
import { draw_tree } from "./tree";

function view_of(part: Part): View {
  const { culprit, episodes } = part;
  const during = part.phases.find(([name]) => part.strings[name] === "during");
  // Where there is most to see: the middle of the worst episode, else the migration's start.
  const at = culprit >= 0 ? episodes.start[culprit] + episodes.length[culprit] / 2
    : during ? during[1] : part.from;
  return new View(part.from / 1e3, part.to / 1e3, at / 1e3);
}

// An operation's charts are drawn when it is opened for the first time.
function draw_when_opened(details: HTMLDetailsElement, data: Data, part: Part, view: View): void {
  const number = Number(details.dataset.operation);
  let drawn = false;
  const draw_once = () => {
    if (drawn || !details.open) return;
    drawn = true;
    const heatmap = details.querySelector<HTMLElement>("[data-chart=heatmap]")!;
    heatmap.tabIndex = 0;
    heatmap.setAttribute("role", "group");
    heatmap.setAttribute("aria-label", heatmap.dataset.label!);
    hear_keys(heatmap, view);
    draw_heatmap(heatmap, number, data, part, view);
    draw_curve(details.querySelector<HTMLElement>("[data-chart=curve]")!, number, data, part);
  };
  details.addEventListener("toggle", draw_once);
  draw_once();
}

const part_of = (element: Element) =>
  Number(element.closest<HTMLElement>("[data-part]")!.dataset.part);

function draw(data: Data): void {
  const views = data.parts.map(view_of);
  for (const box of document.querySelectorAll<HTMLElement>("[data-chart]")) {
    const [part, view] = [data.parts[part_of(box)], views[part_of(box)]];
    switch (box.dataset.chart) {
      case "timeline": draw_timeline(box, part, view); break;
      case "gantt": draw_gantt(box, part, view); break;
      case "tree": draw_tree(box, part, view); break;
      case "server": draw_server(box, part, view); break;
    }
  }
  for (const details of document.querySelectorAll<HTMLDetailsElement>("details.operation")) {
    draw_when_opened(details, data, data.parts[part_of(details)], views[part_of(details)]);
  }
}

function redraw_with_new_colours(width?: number): void {
  forget_palette();
  redraw_all(width);
}

function hear_changes(): void {
  matchMedia("(prefers-color-scheme: dark)")
    .addEventListener("change", () => redraw_with_new_colours());
  // Paper is white and as wide as A4's text, whatever the screen.
  addEventListener("beforeprint", () => {
    document.documentElement.classList.add("printing");
    redraw_with_new_colours(680);
  });
  addEventListener("afterprint", () => {
    document.documentElement.classList.remove("printing");
    redraw_with_new_colours();
  });
}

// A link to an operation or a step opens it.
function open_target(): void {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target instanceof HTMLDetailsElement) target.open = true;
}

async function start(): Promise<void> {
  document.documentElement.classList.add("js");
  document.querySelectorAll<HTMLTableElement>("table.sortable").forEach(make_sortable);
  addEventListener("hashchange", open_target);
  open_target();
  draw(await load());
  hear_changes();
  performance.mark("charts-drawn");
}

start().catch((error: unknown) => {
  for (const box of document.querySelectorAll("[data-chart]")) {
    box.textContent = `This chart could not be drawn (${error}). Every figure is in the tables.`;
  }
});
