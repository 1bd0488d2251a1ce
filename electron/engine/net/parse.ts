import type { z } from 'zod';
import { FaultError } from './fault.ts';
import type { RawAnswer } from './exchange.ts';

/**
 * The body as JSON that fits `schema`. An empty body is `undefined` to the schema. Throws `FaultError`: `malformed` with the
 * path of the first place that does not fit, or `truncated` when only the end of the connection marked the end of the
 * body and the text stops half-way.
 */
export function parseJson<T>(answer: RawAnswer, schema: z.ZodType<T>): T {
  const { status } = answer;
  const value = answer.body.length === 0 ? undefined : jsonValue(answer);
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const what = value === undefined ? 'the answer is empty' : (issue?.message ?? 'does not fit');
  throw new FaultError({ kind: 'malformed', detail: `at ${pathText(issue?.path ?? [])}: ${what}`, status });
}

function jsonValue(answer: RawAnswer): unknown {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(answer.body);
  } catch {
    throw new FaultError({
      kind: 'malformed',
      detail: 'the answer is not UTF-8 text',
      status: answer.status,
    });
  }
  try {
    return JSON.parse(text);
  } catch (thrown) {
    const message = thrown instanceof Error ? thrown.message : '';
    const framed = 'content-length' in answer.headers || 'transfer-encoding' in answer.headers;
    if (!framed && /^(Unexpected end of|Unterminated)/.test(message)) {
      throw new FaultError({ kind: 'truncated', detail: `the answer ends early: ${message}` });
    }
    const type = answer.headers['content-type'];
    const sent = type === undefined || type.includes('json') ? '' : ` (sent as ${type})`;
    throw new FaultError({ kind: 'malformed', detail: `not JSON${sent}: ${message}`, status: answer.status });
  }
}

/** `[3].Checks[0].Status`; `the top` for the whole. */
export function pathText(path: readonly PropertyKey[]): string {
  const text = path
    .map((key) =>
      typeof key === 'number'
        ? `[${key}]`
        : /^[A-Za-z_$][\w$-]*$/.test(String(key))
          ? `.${String(key)}`
          : `[${JSON.stringify(String(key))}]`,
    )
    .join('');
  return text === '' ? 'the top' : text.replace(/^\./, '');
}
