import type { Body, Fields } from './body.ts';
import type { LoxilbNode } from './node.ts';
import type { Profile } from './profile.ts';
import { FieldError, json, type Reply } from './reply.ts';

interface Call {
  /** Decoded path parameters, in order. */
  readonly parameters: readonly string[];
  readonly query: URLSearchParams;
  /** Checked against the route's fields; `{}` where it has none. */
  readonly body: Body;
  readonly token: string | undefined;
}

export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Below `/netlox/v1`; `*` stands for one parameter. */
  readonly path: string;
  /** The first version that has it; absent: all. */
  readonly since?: Profile;
  /** Needs no credentials. */
  readonly open?: boolean;
  readonly fields?: Fields;
  run(call: Call): Reply | Promise<Reply>;
}

/** A GET of a whole table, in an order that changes from call to call. */
export function list(
  node: LoxilbNode,
  path: string,
  wrapper: string,
  items: () => readonly unknown[],
): Route {
  return { method: 'GET', path, run: () => json({ [wrapper]: node.shuffled(items()) }) };
}

/** A whole number in a path or query. @throws FieldError */
export function wholeNumber(name: string, text: string): number {
  if (!/^-?\d+$/.test(text)) throw new FieldError(601, `${name} in path must be of type integer: "${text}"`);
  return Number(text);
}
