import type { OwnHealth } from '../../../../shared/model/health.ts';
import type { BalancerClient, BalancerEndpoint, BalancerState } from './wire.ts';

/** The state a console derives; the balancer itself only gives the parts. */
export type EndpointState = 'disabled' | 'idle' | 'cooldown' | 'probation' | 'ok';

export function endpointState(endpoint: BalancerEndpoint): EndpointState {
  if (!endpoint.enabled) return 'disabled';
  if (!endpoint.connected) return 'idle';
  if (endpoint.cooldownRemainingSeconds > 0) return 'cooldown';
  if (endpoint.consecutiveFailures > 0) return 'probation';
  return 'ok';
}

/** Whether the balancer would send it a request now. */
export function isUsable(endpoint: BalancerEndpoint): boolean {
  return endpoint.connected && endpoint.enabled && endpoint.cooldownRemainingSeconds === 0;
}

export function endpointHealth(endpoint: BalancerEndpoint, isStuck: boolean): OwnHealth {
  const hints = hintsOf(endpoint, isStuck);
  const { state, reason } = plainHealth(endpoint);
  const text = [reason, ...hints].filter((part) => part !== undefined).join('; ');
  return text === '' ? { state } : { state, reason: text };
}

function plainHealth(endpoint: BalancerEndpoint): OwnHealth {
  const failures = inARow(endpoint.consecutiveFailures);
  switch (endpointState(endpoint)) {
    case 'disabled':
      return { state: 'maintenance', reason: 'disabled in the balancer' };
    case 'idle':
      return { state: 'maintenance', reason: 'not connected to the input of the balancer: gets no requests' };
    case 'cooldown':
      return {
        state: 'down',
        reason: `in cooldown for ${Math.ceil(endpoint.cooldownRemainingSeconds)} s more after ${failures}`,
      };
    case 'probation':
      return { state: 'degraded', reason: `${failures}, no success since` };
    case 'ok':
      // The balancer does not probe: without a call that went well nothing is known.
      return endpoint.successTotal > 0
        ? { state: 'healthy' }
        : { state: 'unknown', reason: 'not used since the last reset, and the balancer does not probe' };
  }
}

function hintsOf(endpoint: BalancerEndpoint, isStuck: boolean): string[] {
  const hints: string[] = [];
  if (isStuck) {
    hints.push(
      `${endpoint.inFlight} in flight without any movement: probably left streams, whose count only a restart of the balancer gives back`,
    );
  }
  if (endpoint.successTotal > 0 && endpoint.completionTokensTotal === 0) {
    hints.push('answers carry no usage: its tokens are not counted, so percentage routing prefers it');
  }
  return hints;
}

function inARow(failures: number): string {
  return failures === 1 ? '1 failure' : `${failures} failures in a row`;
}

/** The balancer's own `ok` only means that some endpoint is wired; this looks at what can be used. */
export function balancerHealth(endpoints: readonly BalancerEndpoint[]): OwnHealth {
  const wired = endpoints.filter((endpoint) => endpoint.connected);
  const unusable = wired.filter((endpoint) => !isUsable(endpoint));
  if (wired.length === 0)
    return { state: 'down', reason: 'no endpoint is connected: every request gets 503' };
  if (unusable.length === 0) return { state: 'healthy' };
  const which = unusable
    .slice(0, MAX_NAMED)
    .map((endpoint) => `${shortName(endpoint.name)} ${endpoint.enabled ? 'in cooldown' : 'disabled'}`)
    .join(', ');
  const more = unusable.length > MAX_NAMED ? ` and ${unusable.length - MAX_NAMED} more` : '';
  return unusable.length === wired.length
    ? { state: 'down', reason: `no usable endpoint: ${which}${more}; every request gets 503` }
    : {
        state: 'degraded',
        reason: `${unusable.length} of ${wired.length} connected endpoints not usable: ${which}${more}`,
      };
}

const MAX_NAMED = 5;
const MAX_NAME = 80;

function shortName(name: string): string {
  return name.length <= MAX_NAME ? name : `${name.slice(0, MAX_NAME - 1).toWellFormed()}…`;
}

/**
 * A client has no result of its own in the balancer; what is known is whether it was ever served, and whether its
 * settings keep it from being served now.
 */
export function clientHealth(client: BalancerClient, state: BalancerState): OwnHealth {
  const mapped = state.endpoints.find((endpoint) => endpoint.id === client.preferredEndpointId);
  if (mapped && !isUsable(mapped)) {
    return {
      state: 'down',
      reason: `bound to endpoint ${shortName(mapped.name)}, which is ${endpointState(mapped)}: its requests get 503`,
    };
  }
  const share = sharePercent(client, state);
  if (client.maxLiveSharePercent > 0 && share >= client.maxLiveSharePercent) {
    return {
      state: 'degraded',
      reason: `at ${share.toFixed(1)} % of all requests, past its live share of ${client.maxLiveSharePercent} %: answered from the cache or refused`,
    };
  }
  return client.completionTokensTotal > 0
    ? { state: 'healthy' }
    : { state: 'unknown', reason: 'no answer with tokens counted since the last reset' };
}

/** Its part of the requests that all tokens made since the last reset. */
function sharePercent(client: BalancerClient, state: BalancerState): number {
  const all = state.clients.reduce((sum, other) => sum + other.requestsTotal, 0);
  return all === 0 ? 0 : (client.requestsTotal / all) * 100;
}
