import { readFile, realpath, stat } from 'node:fs/promises';
import path from 'node:path';

/** The only kinds of file that the renderer consists of. Anything else in its folder is not served. */
const contentTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.wasm': 'application/wasm',
};

const MAX_PATH_LENGTH = 512;
const MAX_FILE_BYTES = 32 * 1024 * 1024;

/** A segment starts with a letter or digit and holds nothing that a file system could read in its own way. */
const SEGMENT = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/;

export interface StaticFile {
  readonly body: Buffer;
  readonly contentType: string;
}

/**
 * The file below the root that a request path names, as a relative path, or undefined when the path is not one that the
 * renderer's build could have produced. `/` is `index.html`. Pure: nothing is read.
 *
 * @param rawPath as it came on the wire: percent-encoded, without query and fragment.
 */
export function relativeFileOf(rawPath: string): string | undefined {
  if (rawPath.length > MAX_PATH_LENGTH || !rawPath.startsWith('/')) return undefined;
  // No name in the build needs an escape, so that none has to be decoded, once or twice.
  if (/[%\\\0]/.test(rawPath)) return undefined;
  const wanted = rawPath === '/' ? 'index.html' : rawPath.slice(1);
  const segments = wanted.split('/');
  if (!segments.every((segment) => SEGMENT.test(segment) && !segment.includes('..'))) return undefined;
  return contentTypes[path.posix.extname(wanted)] === undefined ? undefined : wanted;
}

/**
 * Reads one file of the renderer. Undefined when there is none: an odd path, a missing file, a folder, a link that
 * leads out of the root, or a file that is too large to be ours.
 */
export async function readStaticFile(root: string, rawPath: string): Promise<StaticFile | undefined> {
  const relative = relativeFileOf(rawPath);
  if (relative === undefined) return undefined;
  try {
    const realRoot = await realpath(root);
    const file = await realpath(path.join(realRoot, relative));
    const inside = path.relative(realRoot, file);
    if (inside.startsWith('..') || path.isAbsolute(inside)) return undefined;
    const facts = await stat(file);
    if (!facts.isFile() || facts.size > MAX_FILE_BYTES) return undefined;
    const contentType = contentTypes[path.extname(file)];
    if (contentType === undefined) return undefined;
    return { body: await readFile(file), contentType };
  } catch {
    return undefined;
  }
}
