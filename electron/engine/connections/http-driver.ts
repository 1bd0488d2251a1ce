import type { Clock, Random } from '../clock.ts';
import { publicUrl } from '../net/address.ts';
import { createHttpClient } from '../net/http-client.ts';
import { testConnection } from './check.ts';
import type { ReadyConfig } from './configuration.ts';
import type { Driver } from './driver.ts';
import type { Hop } from './hop.ts';

/** A system that is asked over HTTP. Throws what its `sources` throws. */
export function httpDriver(ready: ReadyConfig, deps: { clock: Clock; random: Random }, hop?: Hop): Driver {
  const { config, system, auth } = ready;
  const { clock, random } = deps;
  const specs = system.sources({ connectionId: config.id, url: publicUrl(config.url) });
  const http = createHttpClient({
    url: config.url,
    tls: config.tls,
    auth,
    system,
    clock,
    random,
    dialer: hop,
  });
  return {
    config,
    budgetPerMinute: system.budget.requestsPerMinute,
    specs,
    http,
    metrics: () => http.metrics(),
    rearm: () => http.rearm(),
    onHope: (listener) => hop?.onUp(listener) ?? (() => {}),
    test: (signal) =>
      testConnection({ ...ready, dialer: hop }, { clock, random, ...(signal ? { signal } : {}) }),
    close: () => http.close(),
  };
}
