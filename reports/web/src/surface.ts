// A canvas over the run's time, lined up with the other charts: sharp, resized with the page, with
// the shared cursor and zoom.
import { View } from "./cursor";
import { moment_text } from "./format";
import { font, palette } from "./palette";

// Beside the plots, for axes: all charts leave the same.
export const gutter = () => (innerWidth < 600 ? 56 : 64);
export const right_edge = 26;

const redrawers = new Set<(width?: number) => void>();

// Draws every chart again, as when colours changed; on paper with the width given.
export function redraw_all(width?: number): void {
  for (const redraw of redrawers) redraw(width);
}

// Calls back now, when the element's width changes and when everything is to be drawn again.
export function on_width(element: HTMLElement, draw: (width: number) => void): void {
  let last = 0;
  const redraw = (width?: number) => {
    last = Math.floor(width ?? element.clientWidth);
    if (last > 0) draw(last);
  };
  redrawers.add(redraw);
  redraw();
  new ResizeObserver(() => {
    if (Math.floor(element.clientWidth) !== last && !matchMedia("print").matches) redraw();
  }).observe(element);
}

const outside = new Set<Element>();
const late = new Map<Element, () => void>();
const watcher = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    if (!isIntersecting) {
      outside.add(target);
      continue;
    }
    outside.delete(target);
    late.get(target)?.();
    late.delete(target);
  }
}, { rootMargin: "200px" });

// Hears of the cursor at once, of a zoom only when it can be seen: one through a hundred open
// charts must not draw them all.
export function listen_while_seen(element: HTMLElement, view: View,
  draw: (range_changed: boolean) => void): void {
  watcher.observe(element);
  let missed_range = false;
  view.listen((range_changed) => {
    missed_range ||= range_changed;
    const now = () => {
      draw(missed_range);
      missed_range = false;
    };
    if (missed_range && outside.has(element)) late.set(element, now);
    else now();
  });
}

// Round moments of the run for an axis, some 90 pixels apart.
export function ticks(lo: number, hi: number, pixels: number): number[] {
  const rough = ((hi - lo) * 90) / Math.max(pixels, 1);
  const steps = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900,
    1800, 3600, 7200, 14400, 43200, 86400];
  const step = steps.find((each) => each >= rough) ?? 86400 * Math.ceil(rough / 86400);
  const found = [];
  for (let i = Math.ceil(lo / step); i * step <= hi; ++i) found.push(i * step);
  return found;
}

export class Surface {
  readonly canvas = document.createElement("canvas");
  readonly context = this.canvas.getContext("2d")!;
  width = 0;
  left = 0;
  plot_width = 1;
  private readonly line = document.createElement("div");
  private readonly selection = document.createElement("div");
  private size = "";
  private dragged_from: number | undefined;

  // `draw` is told the plot's width when it is to paint; `height` may change with what is drawn.
  constructor(readonly box: HTMLElement, readonly view: View, public height: () => number,
    private readonly draw: (surface: Surface) => void, label: string) {
    box.classList.add("surface");
    this.canvas.setAttribute("role", "img");
    this.canvas.setAttribute("aria-label", label);
    this.line.className = "cursor-line";
    this.selection.className = "selection";
    this.selection.hidden = true;
    box.append(this.canvas, this.line, this.selection);
    this.hear_pointer();
    on_width(box, (width) => {
      this.width = width;
      this.left = gutter();
      this.plot_width = Math.max(1, width - this.left - right_edge);
      this.paint();
    });
    listen_while_seen(box, view, (range_changed) =>
      (range_changed ? this.paint() : this.place_line()));
  }

  x(s: number): number {
    return this.left + ((s - this.view.lo) / (this.view.hi - this.view.lo)) * this.plot_width;
  }

  time(x: number): number {
    return this.view.lo + ((x - this.left) / this.plot_width) * (this.view.hi - this.view.lo);
  }

  paint(): void {
    const ratio = devicePixelRatio || 1;
    const height = this.height();
    const size = `${this.width} ${height} ${ratio}`;
    if (size !== this.size) {
      this.size = size;
      this.canvas.width = Math.round(this.width * ratio);
      this.canvas.height = Math.round(height * ratio);
      this.canvas.style.width = `${this.width}px`;
      this.canvas.style.height = `${height}px`;
      this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
    }
    this.context.clearRect(0, 0, this.width, height);
    this.context.font = font();
    this.draw(this);
    this.place_line();
  }

  // The axis of time along the bottom.
  paint_axis(y: number): void {
    const { context, view } = this;
    const colours = palette();
    const all = ticks(view.lo, view.hi, this.plot_width);
    context.fillStyle = colours.quiet;
    context.textAlign = "center";
    context.textBaseline = "top";
    for (const tick of all) {
      const step = all.length > 1 ? all[1] - all[0] : 1;
      context.fillText(moment_text(tick, step), this.x(tick), y + 6);
    }
  }

  private place_line(): void {
    const x = this.x(this.view.at);
    this.line.hidden = x < this.left - 1 || x > this.width - right_edge + 1;
    this.line.style.transform = `translateX(${x.toFixed(1)}px)`;
  }

  private hear_pointer(): void {
    const at = (event: PointerEvent) => {
      const x = event.clientX - this.canvas.getBoundingClientRect().left;
      return Math.max(this.left, Math.min(x, this.left + this.plot_width));
    };
    this.canvas.addEventListener("pointerdown", (event) => {
      if (event.button === 0 && event.pointerType === "mouse") this.dragged_from = at(event);
      this.view.move_to(this.time(at(event)));
    });
    this.canvas.addEventListener("pointermove", (event) => {
      const x = at(event);
      this.view.move_to(this.time(x));
      if (this.dragged_from === undefined) return;
      const width = Math.abs(x - this.dragged_from);
      this.selection.hidden = width < 4;
      this.selection.style.left = `${Math.min(x, this.dragged_from)}px`;
      this.selection.style.width = `${width}px`;
    });
    addEventListener("pointerup", (event) => {
      if (this.dragged_from === undefined) return;
      const [a, b] = [this.dragged_from, at(event)].sort((p, q) => p - q);
      this.dragged_from = undefined;
      this.selection.hidden = true;
      if (b - a >= 4) this.view.zoom(this.time(a), this.time(b));
    });
    this.canvas.addEventListener("dblclick", () => this.view.reset());
  }
}
