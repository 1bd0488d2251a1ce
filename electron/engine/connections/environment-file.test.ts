import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GantryError } from '../../../shared/model/error.ts';
import { parseEnvironmentFile, problemText, readEnvironmentFile } from './environment-file.ts';
import { jsonErrorPosition } from './json-position.ts';

const connection = { id: 'lb', system: 'loxilb', url: 'http://127.0.0.1:11111' };
const file = (changes: object = {}) => JSON.stringify({ name: 'lab', connections: [connection], ...changes });

function problems(text: string): string[] {
  const read = readEnvironmentFile(text);
  return 'problems' in read ? read.problems.map(problemText) : [];
}

describe('environment file', () => {
  it('reads what is right, read-only unless it says otherwise', () => {
    expect(parseEnvironmentFile(`\uFEFF${file()}`, 'lab.json')).toEqual({
      name: 'lab',
      protection: 'read-only',
      connections: [connection],
    });
  });

  it.each<[string, string, string[]]>([
    ['an unknown key', file({ colour: 1 }), ['colour: unknown key']],
    [
      'unknown keys further down, each by name',
      file({ connections: [{ ...connection, tls: { insecure: true, verify: false } }] }),
      ['connections[0].tls.insecure: unknown key', 'connections[0].tls.verify: unknown key'],
    ],
    ['a missing key', '{"connections":[]}', ['name: is missing']],
    ['a wrong type', file({ connections: 7 }), ['connections: expected array, received number']],
    [
      'a duplicate',
      file({ connections: [connection, connection] }),
      ['connections[1].id: duplicate connection id "lb"'],
    ],
    ['no object', '[]', ['expected object, received array']],
    ['no JSON', '{\n  "name": "lab",\n  "connections": [1,]\n}', ['is not JSON: look at line 3, column 21']],
    ['nothing', '', ['is not JSON: look at line 1, column 1']],
  ])('says what is wrong: %s', (_, text, expected) => {
    expect(problems(text)).toEqual(expected);
  });

  it('lists every problem, and never a secret', () => {
    const auth = { type: 'token', token: 'top-secret', extra: 'top-secret' };
    const text = file({
      protection: 'top-secret',
      connections: [{ ...connection, id: 'B!', url: 'top-secret', auth }],
    });
    const found = problems(text);
    expect(found.map((line) => line.split(':')[0])).toEqual([
      'protection',
      'connections[0].id',
      'connections[0].url',
      'connections[0].auth.extra',
    ]);
    expect(found.join()).not.toContain('top-secret');
    expect(problems(`{"token": "top-secret" x}`).join()).not.toContain('top-secret');
  });

  it('throws one error that stays within its bounds, however much is wrong', () => {
    const keys = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`unknown${i}`, 1]));
    const thrown = (() => {
      try {
        return parseEnvironmentFile(file(keys), '/etc/gantry/prod.json');
      } catch (error) {
        return error;
      }
    })();
    expect(thrown).toBeInstanceOf(GantryError);
    const { data } = thrown as GantryError;
    expect(data).toMatchObject({
      code: 'invalid-input',
      target: '/etc/gantry/prod.json',
      knownEffect: 'nothing was sent',
    });
    expect(data.advice).toMatch(/: unknown0: unknown key; .*; and \d+ more$/);
    expect(data.advice.length).toBeLessThanOrEqual(1_000);
  });
});

describe('jsonErrorPosition', () => {
  const isJson = (text: string) => {
    try {
      JSON.parse(text);
      return true;
    } catch {
      return false;
    }
  };

  it('agrees with the parser on what is JSON', () => {
    const broken = fc
      .tuple(fc.json(), fc.nat(), fc.constantFrom('', ',', '}', ']', '"', ':', '\\', '\n', 'x', '1', '['))
      .map(
        ([text, at, put]) =>
          text.slice(0, at % (text.length + 1)) +
          put +
          text.slice((at % (text.length + 1)) + (put === '' ? 1 : 0)),
      );
    fc.assert(
      fc.property(fc.oneof(fc.json(), broken, fc.string()), (text) => {
        expect(jsonErrorPosition(text) === undefined).toBe(isJson(text));
      }),
      { numRuns: 2_000 },
    );
  });

  it.each<[string, number, number]>([
    ['{"a":1,}', 1, 8],
    ['{"a" 1}', 1, 6],
    ['[1 2]', 1, 4],
    ['{"a":1', 1, 7],
    ['{\n  a: 1}', 2, 3],
    ['{"a":"b\nc"}', 1, 6],
    ['{} {}', 1, 4],
  ])('finds the place in %j', (text, line, column) => {
    expect(jsonErrorPosition(text)).toEqual({ line, column });
  });
});
