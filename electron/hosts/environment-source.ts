import path from 'node:path';

/** Where an environment comes from; plain data, so that it can be handed to another process. */
export interface EnvironmentSource {
  readonly id: string;
  /** In words, for the screen: "built-in lab", "environment file". */
  readonly origin: string;
  readonly path: string;
}

/** Environment files named by the operator, with ids made from their file names. */
export function environmentSources(files: readonly string[]): EnvironmentSource[] {
  const taken = new Set<string>();
  return files.map((file) => {
    const base =
      path
        .basename(file)
        .replace(/\.[^.]*$/, '')
        .toLowerCase()
        .replace(/[^a-z0-9]+/g, '-')
        .replace(/^-+|-+$/g, '') || 'environment';
    let id = base;
    for (let n = 2; taken.has(id) || id === LAB_ID; n += 1) id = `${base}-${n}`;
    taken.add(id);
    return { id, origin: 'environment file', path: path.resolve(file) };
  });
}

export const LAB_ID = 'lab';
