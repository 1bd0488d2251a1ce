import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { array, assert, constantFrom, property } from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readStaticFile, relativeFileOf } from './static-files.ts';

describe('relativeFileOf', () => {
  it.each([
    ['/', 'index.html'],
    ['/index.html', 'index.html'],
    ['/assets/main-a1B2.js', 'assets/main-a1B2.js'],
    ['/assets/inter_latin.woff2', 'assets/inter_latin.woff2'],
  ])('takes %s', (raw, file) => {
    expect(relativeFileOf(raw)).toBe(file);
  });

  it.each([
    ['', 'no slash'],
    ['index.html', 'no slash'],
    ['/../package.json', 'parent'],
    ['/assets/../../package.json', 'parent'],
    ['/..%2fpackage.json', 'encoded slash'],
    ['/%2e%2e/package.json', 'encoded dots'],
    ['/%252e%252e/package.json', 'twice encoded'],
    ['/..\\package.json', 'backslash'],
    ['/index.html\0.png', 'NUL'],
    ['//etc/passwd.html', 'empty segment'],
    ['/./index.html', 'dot segment'],
    ['/.built-from.json', 'hidden file'],
    ['/assets/', 'folder'],
    ['/assets', 'no type'],
    ['/main.ts', 'unknown type'],
    ['/C:/index.html', 'drive'],
    [`/${'a'.repeat(600)}.js`, 'too long'],
  ])('refuses %j (%s)', (raw) => {
    expect(relativeFileOf(raw)).toBeUndefined();
  });

  it('never names anything outside the root, whatever is asked', () => {
    const parts = constantFrom(
      '..',
      '.',
      '/',
      '\\',
      '%2e',
      '%2f',
      '\0',
      'a',
      'assets',
      '.js',
      '.html',
      '~',
      ':',
    );
    assert(
      property(array(parts, { maxLength: 12 }), (pieces) => {
        const file = relativeFileOf(`/${pieces.join('')}`);
        if (file === undefined) return;
        const full = path.resolve('/srv/renderer', file);
        expect(full.startsWith('/srv/renderer/')).toBe(true);
        expect(path.relative('/srv/renderer', full)).toBe(file);
      }),
    );
  });
});

describe('readStaticFile', () => {
  let base = '';
  let root = '';

  beforeAll(async () => {
    base = await mkdtemp(path.join(tmpdir(), 'gantry-static-'));
    root = path.join(base, 'renderer');
    await mkdir(path.join(root, 'folder.js'), { recursive: true });
    await writeFile(path.join(root, 'index.html'), '<!doctype html>');
    await writeFile(path.join(base, 'secret.json'), '{}');
    await symlink(path.join(base, 'secret.json'), path.join(root, 'link.json'));
    await symlink(path.join(root, 'index.html'), path.join(root, 'inside.html'));
  });
  afterAll(() => rm(base, { recursive: true, force: true }));

  it('reads a file with its fixed type', async () => {
    const file = await readStaticFile(root, '/');
    expect(file?.contentType).toBe('text/html; charset=utf-8');
    expect(file?.body.toString()).toBe('<!doctype html>');
  });

  it('follows a link that stays inside', async () => {
    expect(await readStaticFile(root, '/inside.html')).toBeDefined();
  });

  it.each([
    ['/link.json', 'a link that leads out'],
    ['/folder.js', 'a folder'],
    ['/missing.js', 'nothing'],
  ])('has no %s (%s)', async (raw) => {
    expect(await readStaticFile(root, raw)).toBeUndefined();
  });
});
