// Who held what and who waited for it, relation by relation: holders above, waiters below them. Of
// ten thousand episodes only what can be seen is painted: bars that fall on the same pixel are one.
import { hear_keys, keys_help, View } from "./cursor";
import { Part } from "./data";
import { count_text } from "./format";
import { pack } from "./lanes";
import { channels, palette } from "./palette";
import { Surface } from "./surface";

const most_groups = 12;
const most_rows = 120;      // of waiters in one group
const waiters_height = 180; // of a group, at most; of all together:
const all_waiters_height = 640;
const most_rectangles = 100; // of a row
const title_height = 20;
const group_gap = 12;

type Colour = "culprit" | "slate" | "ochre" | "wait";
interface Bar { start: number; end: number; colour: Colour; text: string }
// Bars of a row rise by start and end: the first one to be seen is found by halving.
interface Row { bars: Bar[] }
interface Group { relation: string; holders: Row[]; waiters: Row[]; pitch: number; top: number }

function rows_of(bars: Bar[], most: number): Row[] {
  bars.sort((a, b) => a.start - b.start);
  const rows: Row[] = [];
  pack(bars, most).forEach((row, i) => (rows[row] ??= { bars: [] }).bars.push(bars[i]));
  return rows;
}

// Bars of holders and waiters by relation; the many small ones share the last group.
function bars_of(part: Part): Map<string, { holders: Bar[]; waiters: Bar[]; weight: number }> {
  const { episodes, waits, strings } = part;
  const groups = new Map<string, { holders: Bar[]; waiters: Bar[]; weight: number }>();
  const group = (relation: number) => {
    const name = strings[relation] || "other locks";
    if (!groups.has(name)) groups.set(name, { holders: [], waiters: [], weight: 0 });
    return groups.get(name)!;
  };
  episodes.start.forEach((ms, i) => {
    const [start, end] = [ms / 1e3, (ms + episodes.length[i]) / 1e3];
    const into = group(episodes.relation[i]);
    const guilty = i === part.culprit;
    const queued = episodes.queued[i] >= 0;
    into.holders.push({ start, end, colour: guilty && !queued ? "culprit" : "slate",
      text: `${strings[episodes.who[i]]}: ${strings[episodes.mode[i]]}` });
    if (queued) {
      into.holders.push({ start, end, colour: guilty ? "culprit" : "ochre",
        text: `${strings[episodes.queued[i]]}: waits for ${strings[episodes.queued_mode[i]]}` });
    }
    into.weight += (end - start) * (1 + episodes.blocked[i]);
    if (waits.start.length === 0) {
      into.waiters.push({ start, end, colour: "wait",
        text: `${count_text(episodes.blocked[i])} waiting at most` });
    }
  });
  waits.start.forEach((ms, i) => {
    const e = waits.episode[i];
    // The one that made the queue has its bar above already.
    if (episodes.queued[e] >= 0 && waits.pid[i] === episodes.queued_pid[e]) return;
    group(episodes.relation[e] ?? waits.relation[i]).waiters.push({
      start: ms / 1e3, end: (ms + waits.length[i]) / 1e3, colour: "wait",
      text: `${strings[waits.who[i]]}: ${strings[waits.mode[i]]}`,
    });
  });
  return groups;
}

function groups_of(part: Part): Group[] {
  const sorted = [...bars_of(part)].sort((a, b) => b[1].weight - a[1].weight);
  const rest = sorted.splice(most_groups);
  if (rest.length > 0) {
    sorted.push([`${rest.length} other relations`, {
      holders: rest.flatMap(([, { holders }]) => holders),
      waiters: rest.flatMap(([, { waiters }]) => waiters), weight: 0,
    }]);
  }
  const room = Math.min(waiters_height, Math.max(40, all_waiters_height / sorted.length));
  let top = 0;
  return sorted.map(([relation, { holders, waiters }]) => {
    const group: Group = {
      relation, holders: rows_of(holders, 6), waiters: rows_of(waiters, most_rows), pitch: 0, top,
    };
    group.pitch = Math.max(1, Math.min(12, room / Math.max(group.waiters.length, 1)));
    top += height_of(group) + group_gap;
    return group;
  });
}

const holder_pitch = 20;
const height_of = (group: Group) =>
  title_height + group.holders.length * holder_pitch + group.waiters.length * group.pitch;

function first_seen(bars: Bar[], lo: number): number {
  let [from, to] = [0, bars.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (bars[middle].end < lo) from = middle + 1;
    else to = middle;
  }
  return from;
}

function pixel_of(colour: Colour): number {
  const [r, g, b] = channels(palette()[colour]);
  return new Uint32Array(new Uint8ClampedArray([r, g, b, 255]).buffer)[0];
}

// Rows with hundreds of bars in sight are painted as pixels, all of them at once: a hundred
// thousand rectangles would take a third of a second.
class Pixels {
  private readonly ratio = devicePixelRatio || 1;
  private readonly width: number;
  private readonly image: ImageData;
  private readonly pixels: Uint32Array;
  private readonly colours = { culprit: pixel_of("culprit"), slate: pixel_of("slate"),
    ochre: pixel_of("ochre"), wait: pixel_of("wait") };

  constructor(private readonly surface: Surface, height: number) {
    this.width = Math.round(surface.plot_width * this.ratio);
    this.image = surface.context.createImageData(this.width, Math.ceil(height * this.ratio));
    this.pixels = new Uint32Array(this.image.data.buffer);
  }

  row(bars: Bar[], first: number, end: number, y: number, height: number): void {
    const { width, pixels, colours } = this;
    const { lo, hi } = this.surface.view;
    const scale = width / (hi - lo);
    const line = Math.round(y * this.ratio) * width;
    for (let i = first; i < end; ++i) {
      const bar = bars[i];
      const from = Math.max(0, Math.floor((bar.start - lo) * scale));
      const to = Math.min(width, Math.max(Math.round((bar.end - lo) * scale), from + 1));
      const colour = colours[bar.colour];
      for (let x = line + from; x < line + to; ++x) {
        if (pixels[x] !== colours.culprit) pixels[x] = colour;
      }
    }
    const lines = Math.max(1, Math.round(height * this.ratio));
    for (let n = 1; n < lines; ++n) pixels.copyWithin(line + n * width, line, line + width);
  }

  put(): void {
    this.surface.context.putImageData(this.image, Math.round(this.surface.left * this.ratio), 0);
  }
}

function paint_row(surface: Surface, bars: Bar[], first: number, end_seen: number, y: number,
  height: number): void {
  const { context } = surface;
  const colours = palette();
  const edge = surface.left + surface.plot_width;
  let last = -Infinity;  // the pixel up to which the row is painted
  for (let i = first; i < end_seen; ++i) {
    const bar = bars[i];
    const x = Math.max(surface.x(bar.start), surface.left);
    const end = Math.min(Math.max(surface.x(bar.end), x + 1), edge);
    if (end <= last + 0.5 && bar.colour !== "culprit") continue;
    const from = bar.colour === "culprit" ? x : Math.max(x, last);
    context.fillStyle = colours[bar.colour];
    context.fillRect(from, y, Math.max(end - from - (end - x > 4 ? 1 : 0), 1), height);
    last = Math.max(last, end);
    if (height >= 11 && end - x > 60) write_on(surface, bar, x, end, y + height / 2);
  }
}

// Calls back with every row in its place: the bars in sight are those from `first` up to `end`.
function for_each_row(groups: Group[], view: View,
  visit: (bars: Bar[], first: number, end: number, y: number, height: number) => void): void {
  for (const group of groups) {
    const each = (row: Row, y: number, height: number) => {
      const first = first_seen(row.bars, view.lo);
      let end = first;
      while (end < row.bars.length && row.bars[end].start <= view.hi) ++end;
      visit(row.bars, first, end, y, height);
    };
    const top = group.top + title_height;
    const below = top + group.holders.length * holder_pitch;
    const height = Math.max(group.pitch - (group.pitch > 3 ? 1 : 0), 1);
    group.holders.forEach((row, i) => each(row, top + i * holder_pitch, holder_pitch - 4));
    group.waiters.forEach((row, i) => each(row, below + i * group.pitch, height));
  }
}

function write_on(surface: Surface, bar: Bar, x: number, end: number, y: number): void {
  const { context } = surface;
  const room = end - x - 10;
  const fits = Math.floor(room / 6.2);
  if (fits < 6) return;
  context.fillStyle = palette().card;
  context.fillText(bar.text.length > fits ? bar.text.slice(0, fits - 1) + "\u2026" : bar.text,
    x + 5, y, room);
}

function paint(surface: Surface, groups: Group[], height: number): void {
  const { context, view } = surface;
  const colours = palette();
  let pixels: Pixels | undefined;
  for_each_row(groups, view, (bars, first, end, y, row_height) => {
    if (end - first <= most_rectangles) return;
    (pixels ??= new Pixels(surface, height)).row(bars, first, end, y, row_height);
  });
  pixels?.put();
  for (const group of groups) {
    const top = group.top + title_height;
    context.textAlign = "left";
    context.textBaseline = "middle";
    context.fillStyle = colours.line;
    context.fillRect(surface.left, top - 2, surface.plot_width, 1);
    context.fillStyle = colours.ink;
    context.fillText(group.relation, surface.left, group.top + 8, surface.plot_width);
    context.textAlign = "right";
    context.fillStyle = colours.quiet;
    if (group.holders.length > 0) context.fillText("held", surface.left - 8, top + 9);
    const below = top + group.holders.length * holder_pitch;
    if (group.waiters.length > 0) {
      context.fillText("waited", surface.left - 8, below + Math.max(group.pitch / 2, 6));
    }
  }
  context.textAlign = "left";
  for_each_row(groups, view, (bars, first, end, y, row_height) => {
    if (end - first <= most_rectangles) paint_row(surface, bars, first, end, y, row_height);
  });
}

function caption(): HTMLElement {
  const line = document.createElement("p");
  line.className = "caption";
  for (const [colour, text] of [["culprit", "to blame for the worst episode"],
    ["slate", "held a lock"], ["ochre", "waited and made others queue"], ["wait", "waited"]]) {
    const entry = line.appendChild(document.createElement("span"));
    entry.className = "key";
    entry.appendChild(document.createElement("i")).className = `swatch ${colour}`;
    entry.append(text);
  }
  return line;
}

export function draw_gantt(box: HTMLElement, part: Part, view: View): void {
  const groups = groups_of(part);
  const last = groups[groups.length - 1];
  const height = last.top + height_of(last) + 6;
  box.tabIndex = 0;
  box.setAttribute("role", "group");
  box.setAttribute("aria-label", `${box.dataset.label}. ${keys_help}`);
  hear_keys(box, view);
  box.append(caption());
  const draw = (surface: Surface) => {
    paint(surface, groups, height);
    surface.paint_axis(height);
  };
  const place = box.appendChild(document.createElement("div"));
  new Surface(place, view, () => height + 24, draw, box.dataset.label!);
}
