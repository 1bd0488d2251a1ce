import { rename, writeFile } from 'node:fs/promises';
import type { LabConnection } from './module.ts';

/** The published names of systems in an environment file. */
export type SystemName =
  | 'loxilb'
  | 'octavia'
  | 'consul'
  | 'kong'
  | 'mesh'
  | 'proxmox'
  | 'llm-balancer'
  | 'prometheus'
  | 'jaeger'
  | 'tempo'
  | 'ssh';

/** The published environment file for these connections. */
export function environmentFile(connections: readonly LabConnection[]) {
  return { name: 'lab', protection: 'open', connections };
}

/** Writes it whole or not at all: a reader that waits for the file never sees half of it. Holds credentials: 0600. */
export async function writeEnvironment(path: string, connections: readonly LabConnection[]): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`;
  await writeFile(temporary, `${JSON.stringify(environmentFile(connections), null, 2)}\n`, { mode: 0o600 });
  await rename(temporary, path);
}
