// The page's colours, as the style sheet has them now: light, dark or on paper.

const names = ["ink", "quiet", "line", "card", "band", "blue", "plum", "ochre", "slate", "culprit",
  "wait", "heat0", "heat1"] as const;
export type Palette = Record<(typeof names)[number], string>;

let known: Palette | undefined;

export function palette(): Palette {
  if (known) return known;
  const probe = document.body.appendChild(document.createElement("i"));
  known = Object.fromEntries(names.map((name) => {
    probe.style.color = `var(--${name})`;
    return [name, getComputedStyle(probe).color];
  })) as Palette;
  probe.remove();
  return known;
}

export function forget_palette(): void {
  known = undefined;
}

export function channels(colour: string): [number, number, number] {
  const [r, g, b] = colour.match(/[\d.]+/g)!.map(Number);
  return [r, g, b];
}

export const font = () => "12px " + getComputedStyle(document.body).fontFamily;
