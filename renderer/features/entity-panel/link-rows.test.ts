import { expect, it } from 'vitest';
import { applyEvent, emptyMirror } from '../../world/mirror.ts';
import { sampleEntity, sampleLink, sampleSnapshot } from '../../world/sample.ts';
import { linkRowsOf } from './link-rows.ts';

const guest = sampleEntity('guest', 'p/p/lxc/112');
const host = sampleEntity('host', 'p/p/node/pve-2');
const down = sampleEntity('instance', 'c/c/instance/b', { state: 'down' });
const well = sampleEntity('instance', 'c/c/instance/a');
const service = sampleEntity('service', 'c/c/service/s');

const mirror = emptyMirror();
applyEvent(
  mirror,
  sampleSnapshot({
    entities: [guest, host, down, well, service],
    links: [
      sampleLink(well.id, 'runs-on', guest.id),
      sampleLink(down.id, 'runs-on', guest.id, { rule: 'same-socket', confidence: 'likely' }),
      sampleLink(guest.id, 'runs-on', host.id),
      sampleLink('gone/x/y/z', 'checks', guest.id),
      sampleLink(service.id, 'routes-to', down.id),
    ],
  }),
  0,
);

it('reads each link from the entity’s own end, foundations first, the worst on top', () => {
  expect(linkRowsOf(mirror, guest.id).map(({ words, otherId, why }) => [words, otherId, why])).toEqual([
    ['runs on', host.id, 'reported · certain'],
    ['runs', down.id, 'same address and port · likely'],
    ['runs', well.id, 'reported · certain'],
    ['is checked by', 'gone/x/y/z', 'reported · certain'],
  ]);
});

it('uses the field’s own nouns', () => {
  expect(linkRowsOf(mirror, down.id).map(({ words }) => words)).toEqual(['runs on', 'instance of']);
});

it('keeps a link whose other end is not in the world', () => {
  expect(linkRowsOf(mirror, guest.id).at(-1)?.other).toBeUndefined();
});
