import { float } from './python-json.ts';
import { ValidationError, type FieldError } from './errors.ts';

interface Common {
  readonly required?: boolean;
  /** `null` counts as absent instead of being refused. */
  readonly nullable?: boolean;
}
interface TextField extends Common {
  readonly kind: 'text';
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly trim?: boolean;
  /** A refusal in words, or undefined. */
  readonly problem?: (text: string) => string | undefined;
}
interface NumberField extends Common {
  readonly kind: 'float' | 'int';
  readonly min?: number;
  readonly max?: number;
}
interface BooleanField extends Common {
  readonly kind: 'bool';
}
interface ChoiceField extends Common {
  readonly kind: 'choice';
  readonly values: readonly string[];
}
export type Field = TextField | NumberField | BooleanField | ChoiceField;
export type Fields = Readonly<Record<string, Field>>;

type Problem = Pick<FieldError, 'type' | 'msg' | 'ctx'>;
type Checked = { readonly value: unknown } | { readonly problem: Problem };

/**
 * Checks a body against `fields`; the known fields that were given come back, converted (as the original's framework
 * does: number texts are numbers). `patch`: nothing is required and `null` means "unchanged". Unknown fields are ignored.
 * Throws ValidationError with one entry a wrong field, in the order of `fields`.
 */
export function validate(body: unknown, fields: Fields, patch = false): Record<string, unknown> {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    const msg = 'Input should be a valid dictionary or object to extract fields from';
    throw new ValidationError([{ type: 'model_attributes_type', loc: ['body'], msg, input: body }]);
  }
  const errors: FieldError[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(fields)) {
    const input = (body as Record<string, unknown>)[name];
    if (input === undefined || (input === null && (patch || field.nullable))) {
      if (field.required && !patch && input === undefined) {
        errors.push({ type: 'missing', loc: ['body', name], msg: 'Field required', input: body });
      }
      continue;
    }
    const checked = check(input, field);
    if ('problem' in checked) errors.push(fieldError(name, input, checked.problem));
    else values[name] = checked.value;
  }
  if (errors.length > 0) throw new ValidationError(errors);
  return values;
}

function fieldError(name: string, input: unknown, { type, msg, ctx }: Problem): FieldError {
  return { type, loc: ['body', name], msg, input, ...(ctx ? { ctx } : {}) };
}

/** A number in the path: `/admin/api/endpoints/7`. */
export function pathId(name: string, text: string): number {
  if (/^[+-]?\d+$/.test(text)) return Number(text);
  const msg = 'Input should be a valid integer, unable to parse string as an integer';
  throw new ValidationError([{ type: 'int_parsing', loc: ['path', name], msg, input: text }]);
}

function check(input: unknown, field: Field): Checked {
  switch (field.kind) {
    case 'text':
      return checkText(input, field);
    case 'float':
    case 'int':
      return checkNumber(input, field);
    case 'bool':
      return checkBoolean(input);
    case 'choice':
      return checkChoice(input, field.values);
  }
}

function checkText(input: unknown, field: TextField): Checked {
  if (typeof input !== 'string') return wrong('string_type', 'Input should be a valid string');
  const value = field.trim ? input.trim() : input;
  const { minLength = 0, maxLength = Infinity } = field;
  const length = Array.from(value).length;
  if (length < minLength) {
    return wrong('string_too_short', `String should have at least ${characters(minLength)}`, {
      min_length: minLength,
    });
  }
  if (length > maxLength) {
    return wrong('string_too_long', `String should have at most ${characters(maxLength)}`, {
      max_length: maxLength,
    });
  }
  const problem = field.problem?.(value);
  return problem === undefined ? { value } : wrong('value_error', `Value error, ${problem}`, { error: {} });
}

function characters(count: number): string {
  return count === 1 ? '1 character' : `${count} characters`;
}

function checkNumber(input: unknown, field: NumberField): Checked {
  const isFloat = field.kind === 'float';
  const noun = isFloat ? 'number' : 'integer';
  let value: number;
  if (typeof input === 'number') value = input;
  else if (typeof input === 'boolean') value = Number(input);
  else if (typeof input === 'string') {
    value = input.trim() === '' ? NaN : Number(input);
    if (Number.isNaN(value) || (!isFloat && !/^\s*[+-]?\d+(\.0*)?\s*$/.test(input))) {
      const msg = `Input should be a valid ${noun}, unable to parse string as ${isFloat ? 'a' : 'an'} ${noun}`;
      return wrong(`${field.kind}_parsing`, msg);
    }
  } else return wrong(`${field.kind}_type`, `Input should be a valid ${noun}`);
  if (!isFloat && !Number.isInteger(value)) {
    return wrong('int_from_float', 'Input should be a valid integer, got a number with a fractional part');
  }
  const limit = (bound: number) => (isFloat ? float(bound) : bound);
  const { min = -Infinity, max = Infinity } = field;
  if (value < min) {
    return wrong('greater_than_equal', `Input should be greater than or equal to ${min}`, { ge: limit(min) });
  }
  if (value > max) {
    return wrong('less_than_equal', `Input should be less than or equal to ${max}`, { le: limit(max) });
  }
  return { value };
}

const truths = new Set<unknown>([true, 1, '1', 'true', 't', 'yes', 'y', 'on']);
const falsehoods = new Set<unknown>([false, 0, '0', 'false', 'f', 'no', 'n', 'off']);

function checkBoolean(input: unknown): Checked {
  const key = typeof input === 'string' ? input.toLowerCase() : input;
  if (truths.has(key)) return { value: true };
  if (falsehoods.has(key)) return { value: false };
  return typeof input === 'string' || typeof input === 'number'
    ? wrong('bool_parsing', 'Input should be a valid boolean, unable to interpret input')
    : wrong('bool_type', 'Input should be a valid boolean');
}

function checkChoice(input: unknown, values: readonly string[]): Checked {
  if (typeof input === 'string' && values.includes(input)) return { value: input };
  const quoted = values.map((value) => `'${value}'`);
  const expected = [quoted.slice(0, -1).join(', '), quoted.at(-1)].filter(Boolean).join(' or ');
  return wrong('literal_error', `Input should be ${expected}`, { expected });
}

function wrong(type: string, msg: string, ctx?: Readonly<Record<string, unknown>>): Checked {
  return { problem: ctx ? { type, msg, ctx } : { type, msg } };
}
