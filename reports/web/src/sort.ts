// Headings of tables become buttons that sort.

function key_of(row: HTMLTableRowElement, column: number): number | string {
  const cell = row.cells[column];
  const value = cell?.dataset.v;
  if (value !== undefined) return Number(value);
  const text = cell?.textContent ?? "";
  return cell?.classList.contains("n") ? -Infinity : text;
}

function compare(a: number | string, b: number | string): number {
  if (typeof a === "number" && typeof b === "number") return a - b || 0;
  return String(a).localeCompare(String(b), "en", { numeric: true });
}

function sort_by(table: HTMLTableElement, heading: HTMLTableCellElement): void {
  // Figures are looked at from the largest, names from A.
  const first = heading.classList.contains("n") ? "descending" : "ascending";
  const now = heading.getAttribute("aria-sort");
  const order = now === null ? first : now === "ascending" ? "descending" : "ascending";
  for (const other of table.querySelectorAll("th[aria-sort]")) other.removeAttribute("aria-sort");
  heading.setAttribute("aria-sort", order);
  const body = table.tBodies[0];
  const sign = order === "ascending" ? 1 : -1;
  const rows = [...body.rows].map((row) => ({ row, key: key_of(row, heading.cellIndex) }));
  rows.sort((a, b) => sign * compare(a.key, b.key));
  body.append(...rows.map(({ row }) => row));
}

export function make_sortable(table: HTMLTableElement): void {
  if (table.tBodies[0].rows.length < 2) return;
  for (const heading of table.querySelectorAll<HTMLTableCellElement>("th[scope=col]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => sort_by(table, heading));
  }
}
