// The percentile curve of an operation: what share of its calls took no longer than that, before,
// during and after; the old version's lines are solid, the new one's dashed.
import { Data, Part } from "./data";
import { decade_text } from "./format";
import { on_width } from "./surface";

const phases = ["before", "during", "after"];
const colours = ["slate", "plum", "blue"];
const height = 200;
const [top, bottom, left, right] = [12, 26, 64, 34];

function svg(name: string, attributes: Record<string, string | number>, text = ""): SVGElement {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  made.textContent = text;
  return made;
}

// Evenly in nines: 0, 90 %, 99 %, 99.9 %.
const nines = (q: number) => -Math.log10(1 - q / 1e6);

interface Line { points: [number, number][]; phase: number; version: number }

function lines_of(data: Data, curves: number[][][]): Line[] {
  const all: Line[] = [];
  curves.forEach((versions, version) => versions.forEach((values, phase) => {
    if (values.length === 0) return;
    const points: [number, number][] = [];
    values.forEach((us, i) => {
      // Where the longest call is reached the curve ends.
      if (data.quantiles[i] < 1e6 && !(points.length > 0 && points[points.length - 1][1] === us
        && us === values[values.length - 1])) {
        points.push([nines(data.quantiles[i]), Math.max(us, 1)]);
      }
    });
    if (points.length > 1) all.push({ points, phase, version });
  }));
  return all;
}

function key(lines: Line[]): HTMLElement {
  const caption = document.createElement("p");
  caption.className = "caption";
  const title = caption.appendChild(document.createElement("span"));
  title.className = "title";
  title.textContent = "Percentiles";
  const both = new Set(lines.map(({ version }) => version)).size > 1;
  for (const { phase, version } of lines) {
    const entry = caption.appendChild(document.createElement("span"));
    entry.className = "key";
    const swatch = entry.appendChild(document.createElement("i"));
    swatch.className = `swatch ${colours[phase]}${version === 1 ? " dashed" : ""}`;
    entry.append(phases[phase] + (both ? `, ${version === 1 ? "new" : "old"}` : ""));
  }
  return caption;
}

function draw(lines: Line[], width: number, label: string): SVGElement {
  const most = Math.max(1, ...lines.flatMap(({ points }) => points.map(([x]) => x)));
  const values = lines.flatMap(({ points }) => points.map(([, us]) => us));
  const low = Math.floor(Math.log10(Math.min(...values)));
  const high = Math.max(Math.ceil(Math.log10(Math.max(...values))), low + 1);
  const x = (nine: number) => left + (nine / most) * (width - left - right);
  const y = (us: number) =>
    top + (1 - (Math.log10(us) - low) / (high - low)) * (height - top - bottom);
  const root = svg("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img",
    "aria-label": label });
  for (let decade = low; decade <= high; ++decade) {
    const at = y(10 ** decade);
    root.append(svg("line", { x1: left, x2: width - right, y1: at, y2: at, class: "grid" }),
      svg("text", { x: left - 8, y: at + 4, "text-anchor": "end" }, decade_text(10 ** decade)));
  }
  for (const [q, text] of [[0.5, "50 %"], [0.9, "90 %"], [0.99, "99 %"], [0.999, "99.9 %"],
    [0.9999, "99.99 %"], [0.99999, "99.999 %"]] as const) {
    const at = nines(q * 1e6);
    if (at > most + 0.01) break;
    root.append(svg("line", { x1: x(at), x2: x(at), y1: top, y2: height - bottom, class: "grid" }),
      svg("text", { x: x(at), y: height - 6, "text-anchor": "middle" }, text));
  }
  for (const { points, phase, version } of lines) {
    root.append(svg("polyline", {
      points: points.map(([nine, us]) => `${x(nine)},${y(us)}`).join(" "),
      class: `curve ${colours[phase]}${version === 1 ? " dashed" : ""}`,
    }));
  }
  return root;
}

export function draw_curve(box: HTMLElement, number: number, data: Data, part: Part): void {
  const lines = lines_of(data, part.operations[number].curves);
  if (lines.length === 0) {
    box.remove();
    return;
  }
  box.append(key(lines));
  const place = box.appendChild(document.createElement("div"));
  on_width(place, (width) => place.replaceChildren(draw(lines, width, box.dataset.label!)));
}
