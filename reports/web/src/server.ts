// What the server counted, second by second: what it counts up is shown as a rate or a share.
import { hear_keys, keys_help, View } from "./cursor";
import { Part } from "./data";
import { bytes_text, ms_text } from "./format";
import { draw_plot, Plot } from "./timeline";

type Column = (number | null)[];

const any = (column: Column) => column.some((value) => value !== null);

// From each sample to the next, a second's worth.
function rate(column: Column, at: number[]): Column {
  return column.map((value, i) => {
    const next = column[i + 1];
    return value === null || next === null || next === undefined || at[i + 1] <= at[i] ? null
      : ((next - value) * 1e3) / (at[i + 1] - at[i]);
  });
}

// Per cent of the parts among the whole that were counted from each sample to the next.
function share(part: Column, whole: (i: number) => number | null): Column {
  return part.map((value, i) => {
    const [next, from, to] = [part[i + 1], whole(i), whole(i + 1)];
    return value === null || next === null || next === undefined || from === null || to === null
      || to <= from ? null : ((next - value) / (to - from)) * 100;
  });
}

function plots_of(part: Part): Plot[] {
  const { at, log_bytes, checkpoints, hits, misses, updates, hot_updates, lag } = part.server;
  const percent = (value: number) => `${value.toFixed(0)} %`;
  const found: Plot[] = [];
  if (any(lag)) {
    found.push({ title: "Replica lag", value: (v) => ms_text(v), lines: [
      { label: "of the slowest", values: lag, colour: "plum", fill: true }] });
  }
  if (any(log_bytes)) {
    found.push({ title: "Write-ahead log", value: (v) => `${bytes_text(v)}/s`, lines: [
      { label: "written", values: rate(log_bytes, at), colour: "blue", fill: true }] });
  }
  if (any(hits) && any(misses)) {
    const all = (i: number) =>
      (hits[i] == null || misses[i] == null ? null : hits[i]! + misses[i]!);
    found.push({ title: "Found in the cache", value: percent, lines: [
      { label: "share of the pages asked for", values: share(hits, all), colour: "blue" }] });
  }
  if (any(updates) && any(hot_updates)) {
    found.push({ title: "HOT updates", value: percent, lines: [
      { label: "share of the updated rows", values: share(hot_updates, (i) => updates[i] ?? null),
        colour: "ochre" }] });
  }
  if (any(checkpoints)) {
    found.push({ title: "Checkpoints", value: (v) => v.toFixed(0), height: 80, lines: [
      { label: "begun", values: checkpoints, colour: "slate" }] });
  }
  return found;
}

export function draw_server(box: HTMLElement, part: Part, view: View): void {
  const plots = plots_of(part);
  if (plots.length === 0) {
    box.remove();
    return;
  }
  box.tabIndex = 0;
  box.setAttribute("role", "group");
  box.setAttribute("aria-label", `${box.dataset.label}. ${keys_help}`);
  hear_keys(box, view);
  const x = part.server.at.map((ms) => ms / 1e3);
  plots.forEach((plot, i) => draw_plot(box, plot, x, part, view, i + 1 === plots.length));
}
