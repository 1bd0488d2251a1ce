import { readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';

/** Where the last lab started by this user says its control address, so that `gantry lab fault …` finds it. */
function addressFile(): string {
  return join(tmpdir(), `gantry-lab-${userInfo().username}.url`);
}

export async function saveControlAddress(origin: string): Promise<void> {
  await writeFile(addressFile(), origin, { mode: 0o600 });
}

/** undefined: no lab of this user is known. It may still have died. */
export async function readControlAddress(): Promise<string | undefined> {
  try {
    return (await readFile(addressFile(), 'utf8')).trim();
  } catch {
    return undefined;
  }
}

/** Removes the file, unless a later lab has taken it over. */
export async function clearControlAddress(origin: string): Promise<void> {
  if ((await readControlAddress()) === origin) await rm(addressFile(), { force: true });
}
