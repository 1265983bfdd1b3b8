// Who stood behind whom at the cursor's moment.
import { View } from "./cursor";
import { Part } from "./data";
import { count_text, moment_text, ms_text } from "./format";

interface Node {
  text: string;
  lock: string;         // asked for; empty: it waits for nobody
  query: string;
  waited_ms: number;
  count: number;        // of sessions that are alike
  culprit: boolean;
  children: Node[];
}

const most_children = 30;

const node = (text: string): Node =>
  ({ text, lock: "", query: "", waited_ms: 0, count: 1, culprit: false, children: [] });

// Sessions that do the same behind the same one are told as one, unless somebody waits for them.
function merge_alike(nodes: Node[]): Node[] {
  const alike = new Map<string, Node>();
  const kept: Node[] = [];
  for (const each of nodes) {
    const known = each.children.length === 0 && alike.get(each.text + each.lock);
    if (known) {
      ++known.count;
      known.waited_ms = Math.max(known.waited_ms, each.waited_ms);
      continue;
    }
    if (each.children.length === 0) alike.set(each.text + each.lock, each);
    kept.push(each);
  }
  return kept.sort((a, b) => b.children.length - a.children.length || b.count - a.count);
}

function holder(part: Part, episode: number): Node {
  const { episodes, strings } = part;
  return {
    ...node(strings[episodes.who[episode]]),
    query: strings[episodes.query[episode]],
    lock: "",
    culprit: episode === part.culprit && episodes.queued[episode] < 0,
  };
}

function held_text({ episodes, strings }: Part, episode: number): string {
  return `holds ${strings[episodes.mode[episode]]} on ${strings[episodes.on[episode]]}`;
}

// Whoever waits at a moment, under whom it waits for.
function from_waits(part: Part, ms: number): Node[] {
  const { waits, episodes, strings } = part;
  const by_pid = new Map<number, Node>();
  const waiting: { pid: number; behind: number; episode: number }[] = [];
  for (let i = 0; i < waits.start.length && waits.start[i] <= ms; ++i) {
    if (waits.start[i] + waits.length[i] <= ms) continue;
    const [pid, episode] = [waits.pid[i], waits.episode[i]];
    const queued = pid === episodes.queued_pid[episode];
    waiting.push({ pid, behind: waits.behind[i], episode });
    if (by_pid.has(pid)) continue;
    by_pid.set(pid, {
      ...node(strings[waits.who[i]]),
      lock: `${strings[waits.mode[i]]} on ${strings[waits.relation[i]]}`,
      waited_ms: ms - waits.start[i],
      query: queued ? strings[episodes.queued_query[episode]] ?? "" : "",
      culprit: episode === part.culprit && queued,
    });
  }
  const roots: Node[] = [];
  for (const { pid, behind, episode } of waiting) {
    let above = by_pid.get(behind);
    if (!above) {
      const known = episodes.pid[episode] === behind;
      above = known ? holder(part, episode) : node(`session ${behind}`);
      if (known) above.text += `, ${held_text(part, episode)}`;
      by_pid.set(behind, above);
      roots.push(above);
    }
    const child = by_pid.get(pid)!;
    if (child !== above && !above.children.includes(child)) above.children.push(child);
  }
  // In a deadlock everybody waits for somebody: then the first of the circle stands above.
  if (roots.length === 0 && waiting.length > 0) roots.push(by_pid.get(waiting[0].pid)!);
  return roots;
}

// Without single waits: the episodes of the moment, with all who waited in them.
function from_episodes(part: Part, ms: number): Node[] {
  const { episodes, victims, strings } = part;
  const roots: Node[] = [];
  for (let i = 0, victim = 0; i < episodes.start.length; victim += victims.of[i], ++i) {
    if (episodes.start[i] > ms || episodes.start[i] + episodes.length[i] <= ms) continue;
    const root = holder(part, i);
    root.text += `, ${held_text(part, i)}`;
    let above = root;
    if (episodes.queued[i] >= 0) {
      above = { ...node(strings[episodes.queued[i]]), lock: strings[episodes.queued_mode[i]],
        query: strings[episodes.queued_query[i]], culprit: i === part.culprit };
      root.children.push(above);
    }
    for (let v = victim; v < victim + victims.of[i]; ++v) {
      above.children.push({ ...node(strings[victims.name[v]]), count: victims.count[v],
        waited_ms: victims.longest[v] });
    }
    roots.push(root);
  }
  return roots;
}

function list(nodes: Node[], depth: number, seen: Set<Node>): HTMLUListElement {
  const made = document.createElement("ul");
  const all = merge_alike(nodes);
  for (const each of all.slice(0, most_children)) {
    const item = made.appendChild(document.createElement("li"));
    const name = item.appendChild(document.createElement(each.culprit ? "strong" : "span"));
    if (each.culprit) name.className = "culprit";
    name.textContent = (each.count > 1 ? `${count_text(each.count)} \u00d7 ` : "") + each.text;
    const more = [];
    if (each.lock) more.push(`waits for ${each.lock}`);
    if (each.waited_ms > 0) {
      more.push(`${each.count > 1 ? "up to " : ""}${ms_text(each.waited_ms)}`);
    }
    if (more.length > 0) {
      const quiet = item.appendChild(document.createElement("span"));
      quiet.className = "quiet";
      quiet.textContent = ` ${more.join(", ")}`;
    }
    if (each.query) {
      const code = item.appendChild(document.createElement("code"));
      code.className = "sql";
      code.textContent = each.query;
    }
    if (each.children.length > 0 && depth < 20 && !seen.has(each)) {
      seen.add(each);
      item.append(list(each.children, depth + 1, seen));
    }
  }
  if (all.length > most_children) {
    const rest = made.appendChild(document.createElement("li"));
    rest.className = "quiet";
    rest.textContent = `and ${count_text(all.length - most_children)} more`;
  }
  return made;
}

export function draw_tree(box: HTMLElement, part: Part, view: View): void {
  box.tabIndex = 0;
  box.setAttribute("role", "group");
  box.setAttribute("aria-label", "Blocking tree");
  const title = box.appendChild(document.createElement("p"));
  title.className = "caption";
  const place = box.appendChild(document.createElement("div"));
  let shown = "";
  const tell = () => {
    const ms = view.at * 1e3;
    const roots = part.waits.start.length > 0 ? from_waits(part, ms) : from_episodes(part, ms);
    const made = roots.length > 0 ? list(roots, 0, new Set()) : undefined;
    title.innerHTML = '<span class="title"></span>';
    title.firstElementChild!.textContent = `Blocking tree at ${moment_text(view.at)}`;
    const text = made?.outerHTML ?? "";
    if (text === shown && place.firstChild) return;
    shown = text;
    if (made) place.replaceChildren(made);
    else place.textContent = "Nobody waited for a lock at this moment. Move the cursor.";
  };
  view.listen(tell);
  tell();
}
