// What html_data.cpp embeds: compressed columns of whole numbers. Times in milliseconds of the
// run's clock, response times in microseconds, texts as numbers in `strings`.

export interface Seconds {
  due: number[]; done: number[]; failed: number[]; p50: number[]; p99: number[]; blocked: number[];
}

export interface Operation {
  name: number;
  heat: [number[], number[]];      // by version: column by column, first row, rows, calls of each
  failed: number[];                // by column; empty: none
  curves: [number[][], number[][]]; // [version][before, during, after], at Data.quantiles
}

export interface Episodes {
  start: number[]; length: number[]; who: number[]; kind: number[]; pid: number[];
  query: number[]; mode: number[]; relation: number[]; on: number[];
  queued: number[]; queued_pid: number[]; queued_query: number[]; queued_mode: number[];
  blocked: number[];
}

export interface Waits {
  start: number[]; length: number[]; episode: number[]; pid: number[]; behind: number[];
  who: number[]; kind: number[]; relation: number[]; mode: number[];
}

export interface Server {
  at: number[];
  log_bytes: (number | null)[]; checkpoints: (number | null)[]; hits: (number | null)[];
  misses: (number | null)[]; updates: (number | null)[]; hot_updates: (number | null)[];
  lag: (number | null)[];
}

// Name, start, end, and for all but phases the outcome.
export type Event = number[];

export interface Part {
  from: number; to: number;
  column: number;  // of a heatmap
  seconds: Seconds;
  phases: Event[]; steps: Event[]; adversaries: Event[];
  episodes: Episodes;
  victims: { of: number[]; name: number[]; count: number[]; longest: number[] };
  waits: Waits;
  culprit: number;
  operations: Operation[];
  server: Server;
  strings: string[];
}

export interface Data {
  rows_per_decade: number;
  quantiles: number[];  // in millionths
  parts: Part[];
}

function add_up(differences: number[]): void {
  for (let i = 1; i < differences.length; ++i) differences[i] += differences[i - 1];
}

export async function load(): Promise<Data> {
  const text = atob(document.getElementById("chart-data")!.textContent!);
  const packed = new Uint8Array(text.length);
  for (let i = 0; i < text.length; ++i) packed[i] = text.charCodeAt(i);
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  const data: Data = JSON.parse(await new Response(stream).text());
  for (const part of data.parts) {
    add_up(part.episodes.start);
    add_up(part.waits.start);
  }
  return data;
}
