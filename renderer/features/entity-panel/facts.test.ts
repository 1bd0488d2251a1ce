import { describe, expect, it } from 'vitest';
import { entityKinds } from '../../../shared/model/entity.ts';
import { sampleEntity } from '../../world/sample.ts';
import { attributeFacts, metricFacts, subtitleOf } from './facts.ts';

const plain = (text: string) => text.replaceAll('\u202f', ' ');

describe('attributeFacts', () => {
  it.each(entityKinds)('has facts and a subtitle for a %s', (kind) => {
    const entity = sampleEntity(kind, `sys/conn/${kind}/1`);
    const facts = attributeFacts(entity);
    expect(facts.length).toBeGreaterThan(0);
    expect(new Set(facts.map(({ label }) => label)).size).toBe(facts.length);
    expect(facts.every(({ text }) => text !== '' && !text.includes('undefined'))).toBe(true);
    expect(subtitleOf(entity)).not.toBe('');
  });

  it('says that the state of a member without a probe proves nothing', () => {
    const member = sampleEntity('member', 'l/l/member/1', { attrs: { monitored: false, state: 'active' } });
    expect(attributeFacts(member).find(({ label }) => label === 'State')?.text).toContain('not proven');
  });

  it('writes a range of ports as one', () => {
    const vip = sampleEntity('virtual-ip', 'l/l/rule/1', { attrs: { port: 1000, portMax: 1999 } });
    expect(attributeFacts(vip).find(({ label }) => label === 'Port')?.text).toBe('1000–1999 tcp');
  });
});

describe('metricFacts', () => {
  it('joins what is used with its limit', () => {
    const guest = sampleEntity('guest', 'p/p/lxc/1', {
      metrics: {
        cpuFraction: 0.41,
        memoryBytes: 1.2 * 2 ** 30,
        memoryLimitBytes: 2 ** 31,
        uptimeSeconds: 3_600,
      },
    });
    expect(metricFacts(guest).map(({ label, text }) => [label, plain(text)])).toEqual([
      ['CPU', '41 %'],
      ['Memory', '1.2 GiB of 2.0 GiB, 60 %'],
      ['Up for', '1 h'],
    ]);
  });

  it('leaves a limit of nothing out, and shows a limit alone', () => {
    const odd = sampleEntity('guest', 'p/p/lxc/1', { metrics: { diskBytes: 1_024, diskLimitBytes: 0 } });
    expect(metricFacts(odd).map(({ text }) => plain(text))).toEqual(['1.0 KiB']);
    const limit = sampleEntity('guest', 'p/p/lxc/1', { metrics: { memoryLimitBytes: 1_024 } });
    expect(metricFacts(limit).map(({ label }) => label)).toEqual(['Memory limit']);
  });
});
