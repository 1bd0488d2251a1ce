import { describe, expect, it } from 'vitest';
import { explain } from './explain.ts';

const body = (fields: Record<string, unknown>) => JSON.stringify(fields);

describe('LoxiLB failures in words', () => {
  it.each(['Token not found', 'invalid token', 'token is expired'])(
    '500 "%s" is a refused token',
    (message) => {
      const explained = explain(500, body({ code: 500, message }));
      expect(explained).toMatchObject({ code: 'unauthorized', retryable: false, detail: message });
      expect(explained.advice).toContain('raw token');
    },
  );

  it('leaves other 500s what they are, with the internal text', () => {
    const explained = explain(500, body({ code: 500, message: 'm', result: 'secIP modify error' }));
    expect(explained).toEqual({ detail: 'secIP modify error' });
  });

  it('tells a path that is not offered from an object that is not there', () => {
    const missing = explain(404, body({ code: 404, message: 'path /netlox/v1/version was not found' }));
    expect(missing.advice).toContain('does not offer');
    expect(explain(404, body({ code: 404, message: 'Resource not found', result: 'no-rule error' }))).toEqual(
      {
        detail: 'no-rule error',
      },
    );
    expect(explain(501, 'operation not implemented')).toMatchObject({
      code: 'unsupported',
      detail: 'operation not implemented',
    });
  });

  it('does not call BGP that is off a missing right', () => {
    const off = explain(
      403,
      body({ message: 'Capacity insufficient', result: 'loxilb BGP mode is disabled' }),
    );
    expect(off.advice).toContain('BGP');
    expect(explain(403, body({ message: 'Permission denied' })).advice).toContain('viewer');
  });

  it('keeps hostile text short and takes any', () => {
    expect(explain(500, `${'x'.repeat(499)}😀`).detail).toHaveLength(500);
    for (const text of ['', '[]', 'null', '{"result":{}}', '\u0000'])
      expect(() => explain(500, text)).not.toThrow();
  });
});
