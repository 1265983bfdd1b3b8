// One operation's response times over time: the stronger the colour, the more calls; a line for the
// p99. Both application versions have a map of their own.
import { View } from "./cursor";
import { Data, Part } from "./data";
import { decade_text } from "./format";
import { channels, palette } from "./palette";
import { Surface } from "./surface";

const row_pixels = 5;
const names = ["old version", "new version"];

interface Map {
  columns: number;
  first_row: number;
  rows: number;
  calls: Uint32Array;       // [column][row]
  p99: (number | null)[];   // by column: a row, with its part
  most: number;
}

function unpack(cells: number[]): Map | undefined {
  let columns = 0;
  let lowest = Infinity;
  let highest = -1;
  for (let i = 0; i < cells.length; i += 2 + cells[i + 1], ++columns) {
    if (cells[i + 1] === 0) continue;
    lowest = Math.min(lowest, cells[i]);
    highest = Math.max(highest, cells[i] + cells[i + 1] - 1);
  }
  if (highest < 0) return undefined;
  // Some air above and below, and never so flat that nothing can be read.
  const first_row = Math.max(0, lowest - 1);
  const rows = Math.max(highest + 2 - first_row, 12);
  const calls = new Uint32Array(columns * rows);
  const map: Map = { columns, first_row, rows, calls, p99: [], most: 0 };
  for (let i = 0, column = 0; i < cells.length; i += 2 + cells[i + 1], ++column) {
    let all = 0;
    for (let k = 0; k < cells[i + 1]; ++k) {
      const count = cells[i + 2 + k];
      calls[column * rows + cells[i] + k - first_row] = count;
      map.most = Math.max(map.most, count);
      all += count;
    }
    map.p99.push(row_of_rank(map, column, Math.ceil(all * 0.99)));
  }
  return map;
}

function row_of_rank(map: Map, column: number, rank: number): number | null {
  let seen = 0;
  for (let row = 0; row < map.rows; ++row) {
    const calls = map.calls[column * map.rows + row];
    if (calls > 0 && seen + calls >= rank) return row + (rank - seen) / calls;
    seen += calls;
  }
  return null;
}

// One pixel a cell; stretched when it is shown.
function picture_of(map: Map): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  canvas.width = map.columns;
  canvas.height = map.rows;
  const context = canvas.getContext("2d")!;
  const image = context.createImageData(map.columns, map.rows);
  const low = channels(palette().heat0);
  const high = channels(palette().heat1);
  const scale = Math.log1p(map.most);
  for (let column = 0; column < map.columns; ++column) {
    for (let row = 0; row < map.rows; ++row) {
      const calls = map.calls[column * map.rows + row];
      if (calls === 0) continue;
      const share = Math.log1p(calls) / scale;
      const at = ((map.rows - 1 - row) * map.columns + column) * 4;
      for (let i = 0; i < 3; ++i) image.data[at + i] = low[i] + (high[i] - low[i]) * share;
      image.data[at + 3] = 255;
    }
  }
  context.putImageData(image, 0, 0);
  return canvas;
}

function paint_scale(surface: Surface, map: Map, per_decade: number, height: number): void {
  const { context } = surface;
  const colours = palette();
  context.textAlign = "right";
  context.textBaseline = "middle";
  for (let decade = 0; decade < 10; ++decade) {
    const row = decade * per_decade - map.first_row;
    if (row < 0 || row > map.rows) continue;
    const y = height - row * row_pixels;
    context.fillStyle = colours.line;
    context.globalAlpha = 0.8;
    context.fillRect(surface.left, Math.round(y), surface.plot_width, 1);
    context.globalAlpha = 1;
    context.fillStyle = colours.quiet;
    const middle = Math.min(Math.max(y, 7), height - 7);
    context.fillText(decade_text(10 ** decade), surface.left - 8, middle);
  }
}

function paint_p99(surface: Surface, map: Map, part: Part, height: number): void {
  const { context } = surface;
  context.beginPath();
  let drawing = false;
  map.p99.forEach((row, column) => {
    if (row === null) {
      drawing = false;
      return;
    }
    const x = surface.x((part.from + (column + 0.5) * part.column) / 1e3);
    const y = height - row * row_pixels;
    if (drawing) context.lineTo(x, y);
    else context.moveTo(x, y);
    drawing = true;
  });
  context.strokeStyle = palette().plum;
  context.lineWidth = 1.5;
  context.stroke();
}

function paint_failures(surface: Surface, failed: number[], part: Part, top: number): void {
  const most = Math.max(...failed, 1);
  const { context } = surface;
  context.fillStyle = palette().ochre;
  failed.forEach((count, column) => {
    if (count === 0) return;
    const x = surface.x((part.from + column * part.column) / 1e3);
    const end = surface.x((part.from + (column + 1) * part.column) / 1e3);
    const height = 3 + 15 * (count / most);
    context.fillRect(x, top + 18 - height, Math.max(end - x, 1), height);
  });
}

function draw_map(box: HTMLElement, map: Map, failed: number[], data: Data, part: Part, view: View,
  label: string): void {
  const plot = map.rows * row_pixels;
  const failures = failed.length > 0 ? 24 : 0;
  let picture: HTMLCanvasElement | undefined;
  let drawn_with = "";
  const draw = (surface: Surface) => {
    const { context } = surface;
    if (drawn_with !== palette().heat1) {
      picture = picture_of(map);
      drawn_with = palette().heat1;
    }
    context.imageSmoothingEnabled = false;
    context.save();
    context.beginPath();
    context.rect(surface.left, 0, surface.plot_width, plot + failures);
    context.clip();
    const left = surface.x(part.from / 1e3);
    const right = surface.x((part.from + map.columns * part.column) / 1e3);
    context.drawImage(picture!, left, 0, right - left, plot);
    paint_p99(surface, map, part, plot);
    if (failures > 0) paint_failures(surface, failed, part, plot + 4);
    context.restore();
    paint_scale(surface, map, data.rows_per_decade, plot);
    if (failures > 0) {
      context.textAlign = "right";
      context.textBaseline = "middle";
      context.fillStyle = palette().quiet;
      context.fillText("failed", surface.left - 8, plot + 14);
    }
    surface.paint_axis(plot + failures);
  };
  new Surface(box, view, () => plot + failures + 24, draw, label);
}

export function draw_heatmap(box: HTMLElement, number: number, data: Data, part: Part,
  view: View): void {
  const operation = part.operations[number];
  const maps = operation.heat.map(unpack);
  const both = maps[0] !== undefined && maps[1] !== undefined;
  const title = document.createElement("p");
  title.className = "caption";
  title.innerHTML = '<span class="title">Response time</span>' +
    '<span class="key">stronger colour: more calls</span>' +
    '<span class="key"><i class="swatch plum"></i>p99</span>';
  box.append(title);
  if (!maps[0] && !maps[1]) {
    title.textContent = "No call got through.";
    return;
  }
  maps.forEach((map, version) => {
    if (!map) return;
    if (both || version === 1) {
      const name = box.appendChild(document.createElement("p"));
      name.className = "caption key";
      name.textContent = names[version];
    }
    // Failures are not told apart by version: they stand below the last map.
    const last = version === 1 || !maps[1];
    draw_map(box.appendChild(document.createElement("div")), map, last ? operation.failed : [],
      data, part, view, `${box.dataset.label}${both ? `, ${names[version]}` : ""}`);
  });
}
