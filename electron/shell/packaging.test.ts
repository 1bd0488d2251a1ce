import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');
const builder = readFileSync(path.join(root, 'electron-builder.yml'), 'utf8');

/** What each fuse of the shipped binary is set to, and why. */
const fuses: Readonly<Record<string, boolean>> = {
  // Nobody uses the signed application to run scripts of their own.
  runAsNode: false,
  enableCookieEncryption: true,
  // No code from NODE_OPTIONS.
  enableNodeOptionsEnvironmentVariable: false,
  // No debugger by argument or signal.
  enableNodeCliInspectArguments: false,
  // What was signed is what runs.
  enableEmbeddedAsarIntegrityValidation: true,
  onlyLoadAppFromAsar: true,
  loadBrowserProcessSpecificV8Snapshot: false,
  // Pages come from app:, never from file:.
  grantFileProtocolExtraPrivileges: false,
};

/** The indented `name: true|false` lines below a key of the file. */
function switchesBelow(key: string): Record<string, boolean> {
  const block = new RegExp(`^${key}:\\n((?: {2}.*\\n)+)`, 'm').exec(builder)?.[1] ?? '';
  return Object.fromEntries(
    [...block.matchAll(/^ {2}(\w+): (true|false)$/gm)].map(([, name = '', value]) => [
      name,
      value === 'true',
    ]),
  );
}

describe('electron-builder.yml', () => {
  it('sets every fuse as in the table', () => {
    const { resetAdHocDarwinSignature, ...set } = switchesBelow('electronFuses');
    expect(set).toEqual(fuses);
    expect(resetAdHocDarwinSignature).toBe(true);
  });

  it('decides about every fuse that the packager knows, so that a new one does not go unseen', () => {
    const scheme = JSON.parse(
      readFileSync(path.join(root, 'node_modules/app-builder-lib/scheme.json'), 'utf8'),
    ) as { definitions: Record<string, { properties?: Record<string, unknown> }> };
    const known = Object.keys(scheme.definitions['FuseOptionsV1']?.properties ?? {});
    expect(known).toContain('runAsNode');
    expect(Object.keys(switchesBelow('electronFuses')).toSorted()).toEqual(known.toSorted());
  });

  it('packs what was built and nothing else, without rebuilding', () => {
    expect(builder).toMatch(/^asar: true$/m);
    expect(builder).toMatch(/^npmRebuild: false$/m);
    const files = /^files:\n((?: {2}- .*\n)+)/m.exec(builder)?.[1] ?? '';
    const included = [...files.matchAll(/^ {2}- ([^'!].*)$/gm)].map(([, pattern]) => pattern);
    expect(included).toEqual(['dist/**', 'package.json']);
    expect(files).toContain("'!node_modules'");
  });
});
