import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatRoute, paramsOnArrival, parseRoute } from './route.ts';

describe('parseRoute', () => {
  it('reads view and parameters', () => {
    const route = parseRoute('#/topology?sel=proxmox%2Fpve%2Flxc%2F112&q=health%3Adown');
    expect(route.view).toBe('topology');
    expect(route.params.get('sel')).toBe('proxmox/pve/lxc/112');
    expect(route.params.get('q')).toBe('health:down');
  });

  it.each(['', '#', '#token=secret', '#/', '#/../etc', '#/Topology', 'topology'])(
    'takes %j as the overview, without parameters',
    (hash) => {
      const route = parseRoute(hash);
      expect(route.view).toBe('overview');
      expect([...route.params]).toEqual([]);
    },
  );

  it('gives back what formatRoute wrote, for any text', () => {
    const text = fc.string({ minLength: 1, unit: 'grapheme' }).filter((value) => value.isWellFormed());
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z][a-z-]{0,11}$/), fc.dictionary(text, text), (view, values) => {
        const route = parseRoute(formatRoute(view, new URLSearchParams(values)));
        expect(route.view).toBe(view);
        expect(Object.fromEntries(route.params)).toEqual(Object.fromEntries(new URLSearchParams(values)));
      }),
    );
  });
});

describe('formatRoute', () => {
  it('leaves empty parameters out', () => {
    expect(formatRoute('health', new URLSearchParams('q=&sel=a'))).toBe('#/health?sel=a');
    expect(formatRoute('health', new URLSearchParams('q='))).toBe('#/health');
  });
});

describe('paramsOnArrival', () => {
  const current = new URLSearchParams('sel=a&q=tag:x');

  it('restores what the view had, with the selection of now', () => {
    const next = paramsOnArrival(current, new URLSearchParams('sel=old&q=health:down'), undefined);
    expect(Object.fromEntries(next)).toEqual({ sel: 'a', q: 'health:down' });
  });

  it('forgets a selection that was cleared elsewhere', () => {
    const next = paramsOnArrival(new URLSearchParams(), new URLSearchParams('sel=old&q=x'), undefined);
    expect(Object.fromEntries(next)).toEqual({ q: 'x' });
  });

  it('has exactly the given parameters and the selection', () => {
    const next = paramsOnArrival(current, new URLSearchParams('q=old&group=kind'), { q: 'type:guest' });
    expect(Object.fromEntries(next)).toEqual({ sel: 'a', q: 'type:guest' });
  });

  it('drops what is given as null', () => {
    expect([...paramsOnArrival(current, undefined, { sel: null })]).toEqual([]);
  });

  it('does not change its inputs', () => {
    paramsOnArrival(current, current, { sel: 'b' });
    expect(current.toString()).toBe('sel=a&q=tag%3Ax');
  });
});
