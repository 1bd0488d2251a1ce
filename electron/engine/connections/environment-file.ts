import type { z } from 'zod';
import { EnvironmentFileSchema, type EnvironmentFile } from '../../../shared/model/environment.ts';
import { GantryError } from '../../../shared/model/error.ts';
import { pathText } from '../net/parse.ts';
import { jsonErrorPosition } from './json-position.ts';

/** One thing that is wrong with an environment file. Never repeats a value of the file: values may be secrets. */
export interface FileProblem {
  /** `connections[0].tls`; empty for the file as a whole. */
  readonly path: string;
  readonly message: string;
}

/**
 * The environment that a file's text describes. `target` names the file.
 * Throws `GantryError` `invalid-input`; its `advice` names the file and lists the problems, as many as fit.
 */
export function parseEnvironmentFile(text: string, target: string): EnvironmentFile {
  const read = readEnvironmentFile(text);
  if ('file' in read) return read.file;
  throw unusableFile(target, listed(read.problems, 800));
}

/** The error for an environment file that cannot be used, for whatever reason. Nothing of it was used. */
export function unusableFile(target: string, problem: string): GantryError {
  return new GantryError({
    code: 'invalid-input',
    attempted: 'read the environment file',
    target: target.slice(0, 2_000),
    knownEffect: 'nothing was sent',
    advice: `Environment file ${target.slice(-150)}: ${problem}`.slice(0, 1_000),
    retryable: false,
  });
}

/** The environment, or every problem with the text. */
export function readEnvironmentFile(
  text: string,
): { readonly file: EnvironmentFile } | { readonly problems: readonly FileProblem[] } {
  // Editors of Windows put a byte order mark before the text.
  const plain = text.replace(/^\uFEFF/, '');
  let value: unknown;
  try {
    value = JSON.parse(plain);
  } catch {
    const position = jsonErrorPosition(plain);
    const where = position === undefined ? '' : `: look at line ${position.line}, column ${position.column}`;
    return { problems: [{ path: '', message: `is not JSON${where}` }] };
  }
  const parsed = EnvironmentFileSchema.safeParse(value);
  if (parsed.success) return { file: parsed.data };
  return { problems: parsed.error.issues.flatMap(problemsOf) };
}

/** `connections[0].colour: unknown key`, one a line. */
export function problemText({ path, message }: FileProblem): string {
  return path === '' ? message : `${path}: ${message}`;
}

function problemsOf(issue: z.core.$ZodIssue): FileProblem[] {
  const at = (path: readonly PropertyKey[]) => (path.length === 0 ? '' : pathText(path));
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ path: at([...issue.path, key]), message: 'unknown key' }));
  }
  return [{ path: at(issue.path), message: messageOf(issue) }];
}

function messageOf(issue: z.core.$ZodIssue): string {
  const missing = issue.code === 'invalid_type' && issue.message.endsWith('received undefined');
  if (missing) return 'is missing';
  return issue.message.replace(/^Invalid input: /, '');
}

function listed(problems: readonly FileProblem[], max: number): string {
  let text = '';
  for (const [index, problem] of problems.entries()) {
    const left = problems.length - index;
    const line = `${text === '' ? '' : '; '}${problemText(problem)}`;
    if (text.length + line.length > max - 20)
      return text === '' ? line.slice(0, max) : `${text}; and ${left} more`;
    text += line;
  }
  return text;
}
