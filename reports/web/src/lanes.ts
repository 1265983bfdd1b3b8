// When what was going on: phases, steps of the migration and adversaries as bars.
import { View } from "./cursor";
import { Event, Part } from "./data";
import { palette } from "./palette";
import { Surface } from "./surface";

interface Bar { text: string; start: number; end: number; row: number; culprit: boolean }

const row_height = 22;
const most_rows = 8;

// First fit: a bar goes into the first row that is free again.
export function pack(spans: { start: number; end: number }[], most: number, gap = 0): number[] {
  const free: number[] = [];
  return spans.map(({ start, end }) => {
    let row = free.findIndex((each) => each <= start);
    if (row < 0) row = free.length < most ? free.length : most - 1;
    free[row] = Math.max(free[row] ?? 0, end + gap);
    return row;
  });
}

function bars_of(events: Event[], part: Part, first_row: number, kind: string,
  culprit: string): Bar[] {
  const spans = events.map(([, start, end]) => ({ start: start / 1e3, end: end / 1e3 }));
  const gap = (part.to - part.from) / 1e3 / 200;
  const rows = pack(spans, most_rows, gap);
  return events.map(([name], i) => ({
    text: part.strings[name], ...spans[i], row: first_row + rows[i],
    culprit: culprit.startsWith(`${kind} "${part.strings[name]}"`),
  }));
}

function culprit_name(part: Part): string {
  const { culprit, episodes, strings } = part;
  if (culprit < 0) return "";
  const queued = episodes.queued[culprit];
  return strings[queued >= 0 ? queued : episodes.who[culprit]];
}

// What was going on at a moment, in words.
export function events_at(part: Part, s: number): string {
  const names = (events: Event[]) => events
    .filter(([, start, end]) => start <= s * 1e3 && s * 1e3 < end)
    .map(([name]) => part.strings[name]);
  return [...names(part.phases), ...names(part.steps), ...names(part.adversaries)].join(", ");
}

export function draw_lanes(box: HTMLElement, part: Part, view: View): void {
  const culprit = culprit_name(part);
  const phases = part.phases.map(([name, start, end]) => ({
    text: part.strings[name], start: start / 1e3, end: end / 1e3, row: 0, culprit: false,
  }));
  const steps = bars_of(part.steps, part, 1, "step", culprit);
  const below = 1 + Math.max(0, ...steps.map(({ row }) => row));
  const adversaries = bars_of(part.adversaries, part, below, "adversary", culprit);
  const rows = 1 + Math.max(0, ...[...steps, ...adversaries].map(({ row }) => row));
  const captions: [number, string][] = [[0, "phase"]];
  if (steps.length > 0) captions.push([1, "steps"]);
  if (adversaries.length > 0) captions.push([below, "others"]);

  const draw = (surface: Surface) => {
    const { context } = surface;
    const colours = palette();
    context.textBaseline = "middle";
    context.textAlign = "right";
    context.fillStyle = colours.quiet;
    for (const [row, text] of captions) {
      context.fillText(text, surface.left - 8, row * row_height + 10);
    }
    context.textAlign = "left";
    context.save();
    context.beginPath();
    context.rect(surface.left, 0, surface.plot_width, rows * row_height);
    context.clip();
    const paint = (bar: Bar, fill: string, ink: string) => {
      const x = surface.x(bar.start);
      const width = Math.max(surface.x(bar.end) - x - 1, 2);
      if (x + width < surface.left || x > surface.width) return;
      const y = bar.row * row_height;
      context.fillStyle = fill;
      context.beginPath();
      context.roundRect(x, y, width, row_height - 4, Math.min(3, width / 2));
      context.fill();
      const from = Math.max(x, surface.left) + 6;
      const room = Math.min(x + width, surface.width) - from - 4;
      if (room < 14) return;
      let text = bar.text;
      while (text.length > 1 && context.measureText(text + "\u2026").width > room) {
        text = text.slice(0, Math.floor(text.length * 0.85) || 1);
      }
      if (text !== bar.text) text = text.length > 1 ? text + "\u2026" : "";
      context.fillStyle = ink;
      context.fillText(text, from, y + 10);
    };
    for (const bar of phases) {
      paint(bar, bar.text === "during" ? colours.band : colours.line, colours.ink);
    }
    for (const bar of steps) {
      paint(bar, bar.culprit ? colours.culprit : colours.slate, colours.card);
    }
    for (const bar of adversaries) {
      paint(bar, bar.culprit ? colours.culprit : colours.ochre, colours.card);
    }
    context.restore();
  };
  new Surface(box, view, () => rows * row_height, draw, "Phases, steps and adversaries");
}
