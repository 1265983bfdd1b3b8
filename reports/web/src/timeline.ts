// Second by second: throughput, response time, blocked sessions and errors, one below the other.
import uPlot from "uplot";
import { hear_keys, keys_help, View } from "./cursor";
import { Part } from "./data";
import { count_text, decade_text, moment_text, ms_text } from "./format";
import { draw_lanes, events_at } from "./lanes";
import { font, palette, Palette } from "./palette";
import { gutter, listen_while_seen, on_width, right_edge, ticks } from "./surface";

type Colour = keyof Palette;
type Column = (number | null)[];

export interface Line {
  label: string; values: Column; colour: Colour; fill?: boolean; dashed?: boolean;
}

export interface Plot {
  title: string;
  lines: Line[];
  logarithmic?: boolean;
  value: (value: number) => string;  // on the axis
  height?: number;
}

function element(name: string, classes: string, text = ""): HTMLElement {
  const made = document.createElement(name);
  made.className = classes;
  made.textContent = text;
  return made;
}

function caption(plot: Plot): HTMLElement {
  const line = element("p", "caption");
  line.append(element("span", "title", plot.title));
  for (const each of plot.lines) {
    const entry = element("span", "key", each.label);
    entry.prepend(element("i", `swatch ${each.colour}${each.dashed ? " dashed" : ""}`));
    line.append(entry);
  }
  return line;
}

// Behind the lines: the span of the migration, and where its steps begin.
function paint_bands(u: uPlot, part: Part): void {
  const { ctx, bbox } = u;
  const colours = palette();
  const x = (ms: number) => u.valToPos(ms / 1e3, "x", true);
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.fillStyle = colours.band;
  for (const [name, start, end] of part.phases) {
    if (part.strings[name] === "during") {
      ctx.fillRect(x(start), bbox.top, x(end) - x(start), bbox.height);
    }
  }
  ctx.fillStyle = colours.quiet;
  let last = -Infinity;
  for (const [, start] of part.steps) {
    const at = Math.round(x(start));
    if (at - last < 3) continue;  // closer they would be a block
    last = at;
    ctx.globalAlpha = 0.3;
    ctx.fillRect(at, bbox.top, 1, bbox.height);
  }
  ctx.restore();
}

// Half a call is none.
const whole_steps = Array.from({ length: 15 }, (_, i) => [1, 2, 5].map((n) => n * 10 ** i)).flat();

function decades(min: number, max: number): number[] {
  const found = [];
  for (let v = 10 ** Math.ceil(Math.log10(min) - 1e-9); v <= max * 1.000001; v *= 10) found.push(v);
  return found;
}

const place_cursor = (u: uPlot, view: View) =>
  u.setCursor({ left: u.valToPos(view.at, "x"), top: 0 }, false);

const faint = (colour: string) => colour.replace("rgb(", "rgba(").replace(")", ", 0.16)");

function options(plot: Plot, part: Part, view: View, width: number,
  bottom: boolean): uPlot.Options {
  const colours = palette();
  const axis: uPlot.Axis = {
    stroke: colours.quiet, font: font(), grid: { stroke: colours.line, width: 1 },
    ticks: { show: false },
  };
  const height = plot.height ?? 120;
  return {
    width, height: bottom ? height + 22 : height, padding: [10, right_edge, 6, 0],
    legend: { show: false },
    cursor: {
      y: false, drag: { x: true, y: false, setScale: false }, points: { size: 7 },
      bind: { dblclick: () => () => { view.reset(); return null; } },
    },
    scales: {
      x: { time: false, range: () => [view.lo, view.hi] },
      y: plot.logarithmic ? { distr: 3 }
        : { range: (_u, _min, max) => [0, Math.max(max * 1.08, 1)] },
    },
    axes: [
      { ...axis, show: bottom, size: 28, gap: 6,
        splits: (u) => ticks(view.lo, view.hi, u.bbox.width / devicePixelRatio),
        values: (_u, all) => all.map((s) => moment_text(s, all.length > 1 ? all[1] - all[0] : 1)) },
      { ...axis, size: gutter(), gap: 8, space: plot.logarithmic ? 18 : 34,
        incrs: plot.logarithmic ? undefined : whole_steps,
        splits: plot.logarithmic ? (_u, _i, min, max) => decades(min, max) : undefined,
        values: (_u, all) => all.map((v) => (v === null ? null : plot.value(v))) as string[] },
    ],
    series: [{}, ...plot.lines.map((line): uPlot.Series => ({
      stroke: colours[line.colour], width: line.dashed ? 1 : 1.5,
      dash: line.dashed ? [5, 4] : undefined,
      fill: line.fill ? faint(colours[line.colour]) : undefined,
      paths: uPlot.paths.stepped!({ align: 1 }), points: { show: false },
    }))],
    hooks: {
      ready: [(u) => place_cursor(u, view)],
      drawClear: [(u) => paint_bands(u, part)],
      setCursor: [(u) => {
        if (u.cursor.event && (u.cursor.left ?? -1) >= 0) {
          view.move_to(u.posToVal(u.cursor.left!, "x"));
        }
      }],
      setSelect: [(u) => {
        if (u.select.width < 4) return;
        const lo = u.posToVal(u.select.left, "x");
        view.zoom(lo, u.posToVal(u.select.left + u.select.width, "x"));
        u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
      }],
    },
  };
}

// One chart over time; its x values and columns are as long as each other.
export function draw_plot(box: HTMLElement, plot: Plot, x: number[], part: Part, view: View,
  bottom: boolean): void {
  box.append(caption(plot));
  const place = box.appendChild(element("div", "plot"));
  place.setAttribute("role", "img");
  const labels = plot.lines.map(({ label }) => label).join(", ");
  place.setAttribute("aria-label", `${plot.title}: ${labels}`);
  let chart: uPlot | undefined;
  on_width(place, (width) => {
    chart?.destroy();
    chart = new uPlot(options(plot, part, view, width, bottom),
      [x, ...plot.lines.map(({ values }) => values)] as uPlot.AlignedData, place);
  });
  listen_while_seen(place, view, (range_changed) => {
    if (range_changed) chart?.setScale("x", { min: view.lo, max: view.hi });
    if (chart) place_cursor(chart, view);
  });
}

function readout(part: Part, s: number): string {
  const i = Math.floor(s) - Math.floor(part.from / 1e3);
  const { due, done, failed, p50, p99, blocked } = part.seconds;
  if (i < 0 || i >= done.length) return `${moment_text(s)}: nothing was measured`;
  const response = done[i] === 0 ? "nothing got through"
    : `p50 ${ms_text(p50[i] / 1e3)}, p99 ${ms_text(p99[i] / 1e3)}`;
  const events = events_at(part, s);
  return `${moment_text(s)}${events ? ` (${events})` : ""}: ${count_text(done[i])} done of ` +
    `${count_text(due[i])} due, ${response}, ${count_text(blocked[i])} blocked, ` +
    `${count_text(failed[i])} failed`;
}

function controls(part: Part, view: View): HTMLElement {
  const bar = element("div", "controls");
  const output = element("output", "readout");
  const range = element("span", "range");
  const tell = () => {
    output.textContent = readout(part, view.at);
    const step = (view.hi - view.lo) / 100;
    range.textContent = `${moment_text(view.lo, step)} to ${moment_text(view.hi, step)}`;
  };
  view.listen(tell);
  tell();
  const button = (text: string, label: string, action: () => void) => {
    const made = element("button", "", text) as HTMLButtonElement;
    made.type = "button";
    made.setAttribute("aria-label", label);
    made.addEventListener("click", action);
    return made;
  };
  const buttons = element("div", "buttons");
  buttons.append(range,
    button("+", "Zoom in", () => view.zoom_by(0.5)),
    button("\u2212", "Zoom out", () => view.zoom_by(2)),
    button("Whole run", "Show the whole run", () => view.reset()));
  bar.append(output, buttons);
  return bar;
}

function plots_of(part: Part): Plot[] {
  const { due, done, failed, p50, p99, blocked } = part.seconds;
  const when_done = (values: number[]): Column =>
    values.map((us, i) => (done[i] > 0 && us > 0 ? us : null));
  return [
    { title: "Throughput", value: (v) => `${count_text(v)}/s`, lines: [
      { label: "due", values: due, colour: "quiet", dashed: true },
      { label: "done", values: done, colour: "blue", fill: true }] },
    { title: "Response time", logarithmic: true, value: decade_text, height: 150, lines: [
      { label: "p50", values: when_done(p50), colour: "blue" },
      { label: "p99", values: when_done(p99), colour: "plum" }] },
    { title: "Blocked sessions", value: count_text, height: 96, lines: [
      { label: "waiting for a lock", values: blocked, colour: "wait", fill: true }] },
    { title: "Errors", value: (v) => `${count_text(v)}/s`, height: 96, lines: [
      { label: "failed calls", values: failed, colour: "ochre", fill: true }] },
  ];
}

export function draw_timeline(box: HTMLElement, part: Part, view: View): void {
  box.tabIndex = 0;
  box.setAttribute("role", "group");
  box.setAttribute("aria-label", `${box.dataset.label}. ${keys_help}`);
  hear_keys(box, view);
  box.append(controls(part, view));
  draw_lanes(box.appendChild(element("div", "lanes")), part, view);
  const first = Math.floor(part.from / 1e3);
  const x = part.seconds.done.map((_, i) => first + i);
  const plots = plots_of(part);
  if (x.length > 0) {
    // The last second lasts as long as the others.
    x.push(x[x.length - 1] + 1);
    for (const { lines } of plots) {
      for (const line of lines) line.values = [...line.values, line.values[line.values.length - 1]];
    }
  }
  plots.forEach((plot, i) => draw_plot(box, plot, x, part, view, i + 1 === plots.length));
  box.append(element("p", "quiet help", keys_help));
}
