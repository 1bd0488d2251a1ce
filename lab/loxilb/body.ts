import { FieldError } from './reply.ts';

/** Shape of a request body: what the framework checks before the core sees it. */
interface Field {
  readonly type: 'string' | 'integer' | 'boolean' | 'object' | 'array';
  readonly required?: boolean;
  readonly enum?: readonly (string | number)[];
  /** Of an object. */
  readonly fields?: Fields;
  /** Of an array. */
  readonly items?: Field;
}
export type Fields = Readonly<Record<string, Field>>;
export type Body = Readonly<Record<string, unknown>>;

/**
 * Checks a body and gives its known fields under their own spelling: keys are compared without regard to case, unknown
 * ones are dropped without a word, null counts as absent.
 */
export function checkBody(fields: Fields, value: unknown, path = ''): Body {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    if (value === undefined || value === null)
      throw new FieldError(602, `${path || 'attr'} in body is required`);
    throw new FieldError(601, `${path || 'attr'} in body must be of type object`);
  }
  const byLowerCase = new Map(
    Object.entries(value).map(([key, inner]) => [key.toLowerCase(), inner as unknown]),
  );
  const result: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(fields)) {
    const inner = byLowerCase.get(name.toLowerCase());
    const at = path === '' ? name : `${path}.${name}`;
    if (inner !== undefined && inner !== null) result[name] = checkField(field, inner, at);
    else if (field.required) throw new FieldError(602, `${at} in body is required`);
  }
  return result;
}

function checkField(field: Field, value: unknown, at: string): unknown {
  if (field.type === 'object') return checkBody(field.fields ?? {}, value, at);
  if (field.type === 'array') {
    if (!Array.isArray(value)) throw new FieldError(601, `${at} in body must be of type array`);
    const { items } = field;
    return items ? value.map((item, index) => checkField(items, item, `${at}.${index}`)) : value;
  }
  const fits = field.type === 'integer' ? Number.isInteger(value) : typeof value === field.type;
  if (!fits) throw new FieldError(601, `${at} in body must be of type ${field.type}: "${typeof value}"`);
  if (field.enum && !field.enum.includes(value as string | number)) {
    throw new FieldError(606, `${at} in body should be one of [${field.enum.join(' ')}]`);
  }
  return value;
}

/** Readers of a checked body; what is absent is the type's zero, as in Go. */
export function textOf(body: Body, name: string): string {
  return (body[name] as string | undefined) ?? '';
}

export function numberOf(body: Body, name: string): number {
  return (body[name] as number | undefined) ?? 0;
}

export function flagOf(body: Body, name: string): boolean {
  return (body[name] as boolean | undefined) ?? false;
}

export function listOf(body: Body, name: string): readonly Body[] {
  return (body[name] as readonly Body[] | undefined) ?? [];
}

export function objectOf(body: Body, name: string): Body {
  return (body[name] as Body | undefined) ?? {};
}
