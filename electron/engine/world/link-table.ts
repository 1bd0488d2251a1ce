import { linkKey, type Link } from '../../../shared/model/link.ts';

/** Links by key and by either end. A link may be vouched for by several owners (a scope, a rule); it goes with the last. */
export class LinkTable {
  readonly #links = new Map<string, { link: Link; owners: Map<string, Link> }>();
  readonly #from = new Map<string, Set<string>>();
  readonly #to = new Map<string, Set<string>>();

  get size(): number {
    return this.#links.size;
  }

  get(key: string): Link | undefined {
    return this.#links.get(key)?.link;
  }

  all(): Link[] {
    return [...this.#links.values()].map(({ link }) => link);
  }

  /** Adds or replaces what `owner` says. Returns whether the visible link changed. */
  put(owner: string, link: Link): boolean {
    const key = linkKey(link);
    const entry = this.#links.get(key);
    if (!entry) {
      this.#links.set(key, { link, owners: new Map([[owner, link]]) });
      addTo(this.#from, link.from, key);
      addTo(this.#to, link.to, key);
      return true;
    }
    entry.owners.set(owner, link);
    return show(entry, link);
  }

  /** Returns whether the visible link changed or went. */
  remove(owner: string, key: string): boolean {
    const entry = this.#links.get(key);
    if (!entry?.owners.delete(owner)) return false;
    const [next] = entry.owners.values();
    if (next) return show(entry, next);
    this.#links.delete(key);
    removeFrom(this.#from, entry.link.from, key);
    removeFrom(this.#to, entry.link.to, key);
    return true;
  }

  *from(id: string): Iterable<Link> {
    for (const key of this.#from.get(id) ?? []) yield this.#links.get(key)!.link;
  }

  *to(id: string): Iterable<Link> {
    for (const key of this.#to.get(id) ?? []) yield this.#links.get(key)!.link;
  }
}

function show(entry: { link: Link }, link: Link): boolean {
  const same =
    entry.link.rule === link.rule &&
    entry.link.evidence === link.evidence &&
    entry.link.confidence === link.confidence;
  if (!same) entry.link = link;
  return !same;
}

function addTo(map: Map<string, Set<string>>, end: string, key: string): void {
  const keys = map.get(end);
  if (keys) keys.add(key);
  else map.set(end, new Set([key]));
}

function removeFrom(map: Map<string, Set<string>>, end: string, key: string): void {
  const keys = map.get(end);
  keys?.delete(key);
  if (keys?.size === 0) map.delete(end);
}
