// One cursor and one zoom, which all charts of a part share. Times in seconds of the run.

type Listener = (range_changed: boolean) => void;

export class View {
  lo: number;
  hi: number;
  at: number;  // the cursor
  private readonly listeners = new Set<Listener>();
  private pending = false;
  private range_changed = false;

  constructor(readonly from: number, readonly to: number, at: number) {
    this.lo = from;
    this.hi = to;
    this.at = at;
  }

  // Heard at most once a frame, however fast the pointer is.
  listen(listener: Listener): void {
    this.listeners.add(listener);
  }

  zoom(lo: number, hi: number): void {
    const least = Math.min(0.05, this.to - this.from);
    if (hi - lo < least) {
      const middle = (lo + hi) / 2;
      lo = middle - least / 2;
      hi = middle + least / 2;
    }
    const width = Math.min(hi - lo, this.to - this.from);
    this.lo = Math.max(this.from, Math.min(lo, this.to - width));
    this.hi = this.lo + width;
    this.range_changed = true;
    this.tell();
  }

  zoom_by(factor: number): void {
    const anchor = this.at >= this.lo && this.at <= this.hi ? this.at : (this.lo + this.hi) / 2;
    this.zoom(anchor - (anchor - this.lo) * factor, anchor + (this.hi - anchor) * factor);
  }

  reset(): void {
    this.zoom(this.from, this.to);
  }

  // Where a key moves it past the edge, what is shown moves along.
  move_to(at: number, follow = false): void {
    this.at = Math.max(this.from, Math.min(at, this.to));
    const width = this.hi - this.lo;
    if (follow && this.at < this.lo) this.zoom(this.at, this.at + width);
    if (follow && this.at > this.hi) this.zoom(this.at - width, this.at);
    this.tell();
  }

  private tell(): void {
    if (this.pending) return;
    this.pending = true;
    requestAnimationFrame(() => {
      this.pending = false;
      const range_changed = this.range_changed;
      this.range_changed = false;
      for (const listener of this.listeners) listener(range_changed);
    });
  }
}

export const keys_help = "Arrow keys move the cursor, + and \u2212 zoom, Escape shows the whole" +
  " run; drag to zoom, double click shows the whole run.";

// Arrows by a hundredth of what is shown, with Shift by a tenth.
export function hear_keys(element: HTMLElement, view: View): void {
  element.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = (view.hi - view.lo) / (event.shiftKey ? 10 : 100);
    const actions: Record<string, () => void> = {
      ArrowLeft: () => view.move_to(view.at - step, true),
      ArrowRight: () => view.move_to(view.at + step, true),
      Home: () => view.move_to(view.lo),
      End: () => view.move_to(view.hi),
      "+": () => view.zoom_by(0.5),
      "=": () => view.zoom_by(0.5),
      "-": () => view.zoom_by(2),
      Escape: () => view.reset(),
    };
    const action = actions[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  });
}
