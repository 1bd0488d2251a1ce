import {
  socketOf,
  type Metrics,
  type Observation,
  type ObservedEntity,
} from '../../../../shared/model/entity.ts';
import { entityId, type EntityId } from '../../../../shared/model/ids.ts';
import type { Link } from '../../../../shared/model/link.ts';
import { balancerHealth, clientHealth, endpointHealth, endpointState, isUsable } from './endpoint-health.ts';
import { isKnownVersion, type BalancerClient, type BalancerEndpoint, type BalancerState } from './wire.ts';

export const SCOPE = 'state';

/** More than these are cut off, and the observation says so. */
export const MAX_ENDPOINTS = 2_000;
export const MAX_CLIENTS = 10_000;

export interface ObserveInput {
  readonly connectionId: string;
  /** Of the connection, without credentials. */
  readonly url: string;
  readonly state: BalancerState;
  /** Epoch ms. */
  readonly asOf: number;
  /** Measured between polls; undefined where nothing is known yet. By endpoint id. */
  readonly rateOf: (
    endpointId: number,
  ) => { readonly requestsPerSecond: number; readonly tokensPerSecond: number } | undefined;
  readonly isStuck: (endpoint: BalancerEndpoint) => boolean;
  /** What else is missing, in words. */
  readonly missing?: string;
}

/** One state of the balancer as entities and links, in order of id. */
export function observeState(input: ObserveInput): Observation {
  const { connectionId, asOf } = input;
  const state = inOrder(input.state);
  const endpoints = state.endpoints.slice(0, MAX_ENDPOINTS);
  const clients = state.clients.slice(0, MAX_CLIENTS);
  const own = entityId('llm-balancer', connectionId, 'balancer', connectionId);
  const idOf = (type: 'endpoint' | 'client', id: number) => entityId('llm-balancer', connectionId, type, id);
  const partial = partialNote(input);
  return {
    scope: SCOPE,
    asOf,
    entities: [
      balancerEntity({ ...input, state }, own),
      ...endpoints.map((endpoint) => endpointEntity(input, idOf('endpoint', endpoint.id), endpoint)),
      ...clients.map((client) => clientEntity(state, idOf('client', client.id), client)),
    ],
    links: [
      ...endpoints
        .filter((endpoint) => endpoint.connected)
        .map((endpoint) =>
          reported(own, idOf('endpoint', endpoint.id), `endpoint ${endpoint.id} is connected to the input`),
        ),
      ...clients.map((client) =>
        reported(idOf('client', client.id), own, `client token ${client.id} is known to the balancer`),
      ),
    ],
    ...(partial === '' ? {} : { partial }),
  };
}

/** The order of the lists is the database's, and reasons name what comes first. */
function inOrder(state: BalancerState): BalancerState {
  return {
    ...state,
    endpoints: state.endpoints.toSorted((a, b) => a.id - b.id),
    clients: state.clients.toSorted((a, b) => a.id - b.id),
  };
}

function partialNote({ state, missing }: ObserveInput): string {
  return [
    missing,
    isKnownVersion(state.version)
      ? undefined
      : `version ${cut(state.version, 40)} is not known to Gantry (3 and 4 are): what it added is not shown`,
    state.endpoints.length > MAX_ENDPOINTS
      ? `${state.endpoints.length - MAX_ENDPOINTS} endpoints are not shown`
      : undefined,
    state.clients.length > MAX_CLIENTS
      ? `${state.clients.length - MAX_CLIENTS} client tokens are not shown`
      : undefined,
  ]
    .filter((note) => note !== undefined)
    .join('; ');
}

function balancerEntity({ connectionId, url, state }: ObserveInput, id: EntityId): ObservedEntity {
  const { stats } = state;
  return {
    id,
    kind: 'llm-balancer',
    name: connectionId,
    ownHealth: balancerHealth(state.endpoints),
    metrics: {
      requestsPerSecond: stats.requestsPerSecond,
      tokensPerSecond: stats.tokensPerSecond,
      inFlight: stats.inFlight,
      requestsTotal: stats.requestsTotal,
      failuresTotal: stats.errorsTotal,
      uptimeSeconds: stats.uptimeSeconds,
    },
    addresses: [],
    sockets: socketsOf(url),
    declaredConnection: connectionId,
    attrs: {
      version: cut(state.version, 100),
      routingMode: cut(state.routingMode, 100),
      usableEndpoints: state.endpoints.filter(isUsable).length,
      totalEndpoints: state.endpoints.length,
    },
  };
}

function endpointEntity(input: ObserveInput, id: EntityId, endpoint: BalancerEndpoint): ObservedEntity {
  const metrics: Metrics = {
    ...input.rateOf(endpoint.id),
    ...(endpoint.latencyMs === null ? {} : { latencyMs: endpoint.latencyMs }),
    inFlight: endpoint.inFlight,
    requestsTotal: endpoint.requestsTotal,
    failuresTotal: endpoint.failuresTotal,
    promptTokensTotal: endpoint.promptTokensTotal,
    completionTokensTotal: endpoint.completionTokensTotal,
    cooldownRemainingSeconds: endpoint.cooldownRemainingSeconds,
    consecutiveFailures: endpoint.consecutiveFailures,
  };
  return {
    id,
    kind: 'llm-endpoint',
    name: cut(endpoint.name, 200),
    ownHealth: endpointHealth(endpoint, input.isStuck(endpoint)),
    metrics,
    addresses: [],
    sockets: socketsOf(endpoint.baseUrl),
    attrs: {
      baseUrl: cut(endpoint.baseUrl, 2_000),
      enabled: endpoint.enabled,
      connected: endpoint.connected,
      quotaPercent: endpoint.quotaPercent,
      priorityOrder: endpoint.priorityOrder,
      maxConcurrent: endpoint.maxConcurrent,
      state: endpointState(endpoint),
      hasApiKey: endpoint.hasApiKey,
    },
  };
}

function clientEntity(state: BalancerState, id: EntityId, client: BalancerClient): ObservedEntity {
  const preferred = client.preferredEndpointName;
  return {
    id,
    kind: 'llm-client',
    name: cut(client.name, 200),
    ownHealth: clientHealth(client, state),
    metrics: {
      requestsPerSecond: client.requestsPerSecond,
      requestsTotal: client.requestsTotal,
      promptTokensTotal: client.promptTokensTotal,
      completionTokensTotal: client.completionTokensTotal,
    },
    addresses: [],
    sockets: [],
    attrs: {
      tokenPreview: client.preview,
      ...(preferred === null ? {} : { preferredEndpoint: cut(preferred, 200) }),
      requestPriority: client.requestPriority,
      maxLiveSharePercent: client.maxLiveSharePercent,
    },
  };
}

function reported(from: EntityId, to: EntityId, evidence: string): Link {
  return { from, to, kind: 'routes-to', rule: 'reported', evidence, confidence: 'certain' };
}

/** The socket that a URL is answered on; a host name stays one. None for a text that is no http(s) URL. */
function socketsOf(text: string): string[] {
  if (!URL.canParse(text)) return [];
  const { protocol, hostname, port } = new URL(text);
  if (hostname === '' || (protocol !== 'http:' && protocol !== 'https:')) return [];
  return [cut(socketOf(hostname, Number(port || (protocol === 'https:' ? 443 : 80))), 300)];
}

function cut(text: string, max: number): string {
  return text.length <= max ? text : `${text.slice(0, max - 1).toWellFormed()}…`;
}
