import { readdirSync } from 'node:fs';
import path from 'node:path';

/** Where an environment comes from; plain data, so that it can be handed to another process. */
export interface EnvironmentSource {
  readonly id: string;
  /** In words, for the screen: "built-in lab", "environment file", "data folder". */
  readonly origin: string;
  readonly path: string;
  /** Nobody asked for it by name: an unusable one is told and left out, instead of ending the start. */
  readonly optional: boolean;
}

export const LAB_ID = 'lab';

/** Environment files that the operator named, then those kept in `<dataDir>/environments/`, with ids made from their names. */
export function environmentSources(files: readonly string[], dataDir?: string): EnvironmentSource[] {
  const taken = new Set<string>([LAB_ID]);
  const sourceOf = (file: string, origin: string, optional: boolean): EnvironmentSource => {
    const base =
      path
        .basename(file)
        .replace(/\.[^.]*$/, '')
        .toLowerCase()
        .replace(/[^a-z0-9]+/g, '-')
        .replace(/^-+|-+$/g, '') || 'environment';
    let id = base;
    for (let n = 2; taken.has(id); n += 1) id = `${base}-${n}`;
    taken.add(id);
    return { id, origin, path: path.resolve(file), optional };
  };
  return [
    ...files.map((file) => sourceOf(file, 'environment file', false)),
    ...keptFiles(dataDir).map((file) => sourceOf(file, 'data folder', true)),
  ];
}

/** In the order of the list on screen, the first of which is opened: what was named, the lab, what is kept. */
export function inOpeningOrder(
  sources: readonly EnvironmentSource[],
  lab?: EnvironmentSource,
): EnvironmentSource[] {
  const named = sources.filter(({ optional }) => !optional);
  const kept = sources.filter(({ optional }) => optional);
  return [...named, ...(lab ? [lab] : []), ...kept];
}

function keptFiles(dataDir: string | undefined): string[] {
  if (dataDir === undefined) return [];
  const folder = path.join(dataDir, 'environments');
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith('.json'))
      .sort()
      .map((name) => path.join(folder, name));
  } catch {
    // No such folder: nothing is kept yet.
    return [];
  }
}
