/**
 * JSON as the balancer's Python writes it: a float that happens to be whole keeps its `.0`. Clients with strict number
 * types see the difference between `0` (an idle rate) and `0.0`.
 */
export class PythonFloat {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

export function float(value: number): PythonFloat {
  return new PythonFloat(value);
}

/** Text of a float: always with a point or an exponent. */
export function floatText(value: number): string {
  const text = String(value);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}

/** Like `JSON.stringify` for plain data that may hold `PythonFloat`s. `undefined` members are left out. */
export function stringify(value: unknown): string {
  if (value instanceof PythonFloat) return floatText(value.value);
  if (Array.isArray(value)) return `[${value.map((item) => stringify(item ?? null)).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .map(([key, member]) => `${JSON.stringify(key)}:${stringify(member)}`);
    return `{${members.join(',')}}`;
  }
  return JSON.stringify(value) ?? 'null';
}

/** `2026-03-01T09:15:00.120000+00:00`: ISO-8601 in UTC with microseconds. */
export function isoTime(epochMs: number): string {
  return new Date(epochMs).toISOString().replace('Z', '000+00:00');
}
