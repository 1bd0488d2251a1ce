import { badParameters } from './pve-error.ts';

/** One parameter of a call, in the few words that the API's own parameter check knows. */
export interface Param {
  readonly type: 'string' | 'integer' | 'number' | 'boolean';
  readonly optional?: true;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxLength?: number;
  readonly pattern?: RegExp;
  /** Only `root@pam` with a ticket may use it. */
  readonly rootOnly?: true;
}

/** Parameter name → check. A name that ends in `[n]` stands for `net0`, `net1`, … */
export type Params = Readonly<Record<string, Param>>;

export type Value = string | number;
export type Values = Readonly<Record<string, Value>>;

export const text: Param = { type: 'string' };
export const optionalText: Param = { type: 'string', optional: true };
export const flag: Param = { type: 'boolean', optional: true };
export const node: Param = { type: 'string', pattern: /^[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?$/ };
export const vmid: Param = { type: 'integer', minimum: 100, maximum: 999_999_999 };
export const storageId: Param = { type: 'string', pattern: /^[A-Za-z][A-Za-z0-9\-_.]*[A-Za-z0-9]$/ };
export const snapshotName: Param = {
  type: 'string',
  maxLength: 40,
  pattern: /^[A-Za-z][A-Za-z0-9_-]+$/,
};
/** Seconds to wait. */
export const seconds: Param = { type: 'integer', optional: true, minimum: 0 };

export function optional(param: Param): Param {
  return { ...param, optional: true };
}

const UNKNOWN = 'property is not defined in schema and the schema does not allow additional properties';

/** Checks and converts what was sent. Booleans become 0 or 1. Throws 400 with a text per faulty parameter. */
export function checkParams(params: Params, sent: Readonly<Record<string, unknown>>): Values {
  const values: Record<string, Value> = {};
  const errors: Record<string, string> = {};
  for (const [name, raw] of Object.entries(sent)) {
    const param = paramFor(params, name);
    if (!param) {
      errors[name] = UNKNOWN;
      continue;
    }
    const checked = check(param, raw);
    if ('error' in checked) errors[name] = checked.error;
    else values[name] = checked.value;
  }
  for (const [name, param] of Object.entries(params)) {
    if (param.optional || name.endsWith('[n]') || name in sent) continue;
    errors[name] = 'property is missing and it is not optional';
  }
  if (Object.keys(errors).length > 0) throw badParameters(errors);
  return values;
}

export function paramFor(params: Params, name: string): Param | undefined {
  if (Object.hasOwn(params, name)) return params[name];
  const indexed = `${name.replace(/\d+$/, '')}[n]`;
  return /\d$/.test(name) && Object.hasOwn(params, indexed) ? params[indexed] : undefined;
}

type Checked = { readonly value: Value } | { readonly error: string };

function check(param: Param, raw: unknown): Checked {
  // Lists may arrive as repeated keys; string-list formats take one separated string.
  const sent = Array.isArray(raw) ? raw.join(',') : raw;
  const word = typeof sent === 'boolean' ? String(Number(sent)) : String(sent);
  switch (param.type) {
    case 'boolean': {
      const value = BOOLEANS[word.toLowerCase()];
      return value === undefined ? { error: typeError('boolean', word) } : { value };
    }
    case 'integer':
    case 'number':
      return checkNumber(param, word);
    case 'string':
      return checkText(param, word);
  }
}

const BOOLEANS: Readonly<Record<string, 0 | 1>> = {
  1: 1,
  on: 1,
  yes: 1,
  true: 1,
  0: 0,
  off: 0,
  no: 0,
  false: 0,
};

function typeError(type: string, word: string): string {
  return `type check ('${type}') failed - got '${word}'`;
}

function checkNumber(param: Param, word: string): Checked {
  const shape = param.type === 'integer' ? /^-?\d+$/ : /^-?(\d+\.?\d*|\.\d+)$/;
  if (!shape.test(word)) return { error: typeError(param.type, word) };
  const value = Number(word);
  if (param.minimum !== undefined && value < param.minimum)
    return { error: `value must have a minimum value of ${param.minimum}` };
  if (param.maximum !== undefined && value > param.maximum)
    return { error: `value must have a maximum value of ${param.maximum}` };
  return { value };
}

function checkText(param: Param, word: string): Checked {
  if (param.enum && !param.enum.includes(word))
    return { error: `value '${word}' does not have a value in the enumeration '${param.enum.join(', ')}'` };
  if (param.maxLength !== undefined && word.length > param.maxLength)
    return { error: `value may only be ${param.maxLength} characters long` };
  if (param.pattern && !param.pattern.test(word)) return { error: 'value does not match the regex pattern' };
  return { value: word };
}

/** A parameter as text, when it was sent. */
export function textOf(values: Values, name: string): string | undefined {
  const value = values[name];
  return value === undefined ? undefined : String(value);
}

/** A parameter as number, when it was sent. */
export function numberOf(values: Values, name: string): number | undefined {
  const value = values[name];
  return value === undefined ? undefined : Number(value);
}

/** Whether a boolean parameter was sent as true. */
export function isOn(values: Values, name: string): boolean {
  return values[name] === 1;
}

/** The words of a list parameter: separated by comma, semicolon, space or NUL. */
export function listOf(values: Values, name: string): string[] {
  return (textOf(values, name) ?? '').split(/[,;\s\0]+/).filter((word) => word !== '');
}
