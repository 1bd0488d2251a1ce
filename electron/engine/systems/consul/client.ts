import type { z } from 'zod';
import { GantryError } from '../../../../shared/model/error.ts';
import type { HttpClient } from '../../net/http.ts';
import { FROM_START, parseIndex, type ConsulIndex } from './indexes.ts';
import {
  AgentSelfSchema,
  ChecksSchema,
  DumpSchema,
  LeaderSchema,
  NodesSchema,
  NodeServicesSchema,
  ServicesSchema,
  type AgentSelf,
  type ConsulCheck,
  type ConsulInstance,
  type ConsulNode,
  type NodeDump,
} from './wire.ts';

/** How to ask for a list. */
export interface Ask {
  /** `FROM_START` answers at once; anything else is held until the list's index has passed it, or `waitMs` is over. */
  readonly index: ConsulIndex;
  readonly waitMs: number;
  /** Let any server answer, also one without a leader. */
  readonly stale: boolean;
  readonly signal: AbortSignal;
}

export interface Reply<T> {
  readonly body: T;
  readonly index: ConsulIndex;
  /** False: the answer is what one server last knew. */
  readonly knownLeader: boolean;
  /** How long ago the answering server last heard of the leader. */
  readonly lastContactMs: number;
  /** Rows were hidden from this token. Consul before 1.11 does not tell. */
  readonly filtered: boolean;
  /** Epoch ms. */
  readonly receivedAt: number;
}

const PROMPT_DEADLINE_MS = 15_000;
/** On top of the longest time that Consul may hold a query. */
const GRACE_MS = 10_000;
/** 20,000 instances with two checks each come to about 40 MiB. */
const LIST_MAX_BYTES = 96 * 2 ** 20;

/** Longest time for a held query: Consul adds up to a sixteenth of the wait by chance. */
export function deadlineOf(ask: Pick<Ask, 'index' | 'waitMs'>): number {
  return ask.index === FROM_START ? PROMPT_DEADLINE_MS : Math.ceil((ask.waitMs * 17) / 16) + GRACE_MS;
}

export function readNodes(http: HttpClient, ask: Ask): Promise<Reply<ConsulNode[]>> {
  return list(http, ask, '/v1/catalog/nodes', 'read the nodes', NodesSchema);
}

export function readServices(http: HttpClient, ask: Ask): Promise<Reply<Record<string, string[]>>> {
  return list(http, ask, '/v1/catalog/services', 'read the services', ServicesSchema);
}

export function readChecks(http: HttpClient, ask: Ask): Promise<Reply<ConsulCheck[]>> {
  return list(http, ask, '/v1/health/state/any', 'read the health checks', ChecksSchema);
}

export function readDump(http: HttpClient, ask: Ask): Promise<Reply<NodeDump[]>> {
  return list(http, ask, '/v1/internal/ui/nodes', 'read the instances of all nodes', DumpSchema);
}

export function readNodeServices(
  http: HttpClient,
  ask: Ask,
  node: string,
): Promise<Reply<readonly ConsulInstance[]>> {
  const path = `/v1/catalog/node/${encodeURIComponent(node.toWellFormed())}`;
  return list(http, ask, path, 'read the instances of a node', NodeServicesSchema);
}

export async function readAgentSelf(http: HttpClient, signal: AbortSignal): Promise<AgentSelf> {
  const request = { path: '/v1/agent/self', purpose: 'read the version', signal };
  return (await http.json(request, AgentSelfSchema)).body;
}

/** The leader's address, or "". Needs no right, never waits, and is the cheapest sign of life. */
export async function readLeader(http: HttpClient, signal: AbortSignal): Promise<string> {
  const request = { path: '/v1/status/leader', purpose: 'ask for the leader', maxBytes: 65_536, signal };
  return (await http.json(request, LeaderSchema)).body;
}

async function list<T>(
  http: HttpClient,
  ask: Ask,
  path: string,
  purpose: string,
  schema: z.ZodType<T>,
): Promise<Reply<T>> {
  const blocking = ask.index !== FROM_START;
  const { body, headers, receivedAt } = await http.json(
    {
      path,
      query: {
        ...(blocking && { index: ask.index, wait: `${ask.waitMs}ms` }),
        ...(ask.stale && { stale: true }),
      },
      purpose,
      deadlineMs: deadlineOf(ask),
      longPoll: blocking,
      maxBytes: LIST_MAX_BYTES,
      signal: ask.signal,
    },
    schema,
  );
  // Only a good answer has an index worth trusting; error answers carry 1. The client throws for those.
  const index = parseIndex(headers['x-consul-index']);
  if (index === undefined) throw withoutIndex(purpose, path);
  return {
    body,
    index,
    // The streaming backend always says "false".
    knownLeader:
      headers['x-consul-knownleader'] !== 'false' || headers['x-consul-query-backend'] === 'streaming',
    lastContactMs: Number(headers['x-consul-lastcontact'] ?? 0) || 0,
    filtered: headers['x-consul-results-filtered-by-acls'] === 'true',
    receivedAt,
  };
}

function withoutIndex(attempted: string, target: string): GantryError {
  return new GantryError({
    code: 'malformed',
    attempted,
    target,
    knownEffect: 'nothing was changed',
    advice:
      'The answer lacks the header X-Consul-Index, so changes cannot be waited for. If a proxy stands in front of Consul, let it pass the X-Consul-* headers.',
    retryable: true,
  });
}
