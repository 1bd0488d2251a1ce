import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseMetrics } from './metrics-text.ts';

const escaped = (name: string) => name.replaceAll('"', '\\"');

describe('metrics text', () => {
  it('reads the balancer’s series and leaves others alone', () => {
    const { balancer, endpoints } = parseMetrics(
      [
        '# HELP lb_requests_total Requests',
        '# TYPE lb_requests_total counter',
        'lb_requests_total 1520',
        '',
        'lb_tokens_per_second 41.5',
        'lb_uptime_seconds 1e+16',
        'lb_errors_total NaN',
        'lb_other 7',
        'lb_endpoint_avg_latency_seconds{endpoint="a"} 7',
        '',
        'lb_endpoint_requests_total{endpoint="a"} 10',
        'lb_endpoint_latency_ms{endpoint="a"} 220.25',
        'lb_endpoint_requests_total{endpoint="b"} 3',
        'garbage {',
      ].join('\n'),
    );
    expect(balancer).toEqual({ requestsTotal: 1_520, tokensPerSecond: 41.5, uptimeSeconds: 1e16 });
    expect([...endpoints]).toEqual([
      ['a', { requestsTotal: 10, latencyMs: 220.25 }],
      ['b', { requestsTotal: 3 }],
    ]);
  });

  it('gets back any name, with quotes, backslashes and line ends, as the balancer leaves them', () => {
    // Only a name that holds the text of a label's end itself cannot be told from one.
    const name = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 120 })
      .filter((text) => !text.includes('\r') && !text.includes('"}'));
    const tricky = fc.array(fc.constantFrom('"', '\\', '\n', '}', '{', ' ', '5', 'a', '#'), {
      maxLength: 20,
    });
    const any = fc.oneof(
      name,
      tricky.map((parts) => `x${parts.join('')}`).filter((text) => !text.includes('"}')),
    );
    fc.assert(
      fc.property(fc.uniqueArray(any, { minLength: 1, maxLength: 5 }), (names) => {
        const text = names
          .map((each, n) => `lb_endpoint_requests_total{endpoint="${escaped(each)}"} ${n}\n`)
          .join('');
        const { endpoints } = parseMetrics(`${text}\nlb_requests_total 9\n`);
        expect([...endpoints]).toEqual(names.map((each, n) => [each, { requestsTotal: n }]));
        expect(parseMetrics(`${text}\nlb_requests_total 9\n`).balancer).toEqual({ requestsTotal: 9 });
      }),
    );
  });

  it('never throws, whatever it is given', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        parseMetrics(`lb_endpoint_inflight{endpoint="${text}`);
      }),
    );
  });
});
