import { describe, expect, it } from 'vitest';
import { linkKey, type Link } from '../../../../shared/model/link.ts';
import { applyEvent, emptyMirror } from '../../../world/mirror.ts';
import { sampleEntity, sampleLink, samplePatch, sampleSnapshot } from '../../../world/sample.ts';
import { changesSince, nothingSeen } from './changes.ts';

const a = sampleEntity('service', 'a');
const b = sampleEntity('instance', 'b');
const link = sampleLink('a', 'routes-to', 'b');

function seenOnce(links: Link[] = [link]) {
  const mirror = emptyMirror();
  applyEvent(mirror, sampleSnapshot({ entities: [a, b], links }), 0);
  const seen = nothingSeen();
  expect(changesSince(seen, mirror).structure).toBe(true);
  return { mirror, seen };
}

describe('changesSince', () => {
  it('finds nothing when nothing happened', () => {
    const { mirror, seen } = seenOnce();
    expect(changesSince(seen, mirror)).toEqual({ entities: [], structure: false });
  });

  it('names what was replaced', () => {
    const { mirror, seen } = seenOnce();
    applyEvent(mirror, samplePatch(2, { entities: [{ ...a, metrics: { requestsPerSecond: 4 } }] }), 0);
    expect(changesSince(seen, mirror)).toEqual({ entities: ['a'], structure: false });
    expect(changesSince(seen, mirror).entities).toEqual([]);
  });

  it.each([
    ['an entity that came', { entities: [sampleEntity('guest', 'c')] }],
    ['an entity that went', { removedEntities: ['b'] }],
    ['a link that came', { links: [sampleLink('b', 'runs-on', 'a')] }],
    ['a link that went', { removedLinks: [linkKey(link)] }],
    ['a link that is less sure', { links: [{ ...link, confidence: 'possible' as const }] }],
    ['one link for another', { removedLinks: [linkKey(link)], links: [sampleLink('b', 'runs-on', 'a')] }],
  ])('sees %s as structure', (_what, patch) => {
    const { mirror, seen } = seenOnce();
    applyEvent(mirror, samplePatch(2, patch), 0);
    expect(changesSince(seen, mirror).structure).toBe(true);
    expect(changesSince(seen, mirror).structure).toBe(false);
  });

  it('does not mind a link that gives another reason', () => {
    const { mirror, seen } = seenOnce();
    applyEvent(mirror, samplePatch(2, { links: [{ ...link, evidence: 'seen again' }] }), 0);
    expect(changesSince(seen, mirror).structure).toBe(false);
  });
});
