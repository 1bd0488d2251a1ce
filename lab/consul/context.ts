import type { LabWorld } from '../kit/world.ts';
import type { AclStore, Authorizer } from './acl.ts';
import type { NodeAgent } from './agent.ts';
import { answerList, type BlockingContext, type Listing } from './blocking.ts';
import type { ConfigStore } from './config-store.ts';
import { ConsulFailure } from './errors.ts';
import type { EventLog } from './event-log.ts';
import { parseFilter } from './filter.ts';
import type { Answer, Call, Handler, Method, Route } from './http.ts';
import type { IntentionStore } from './intention-store.ts';
import type { KvStore } from './kv-store.ts';
import type { QueryStore } from './query-store.ts';
import type { CheckRow, NodeRow, ServiceRow } from './rows.ts';
import type { SessionStore } from './session-store.ts';

/** Everything that handlers work on. */
export interface ConsulLab extends BlockingContext {
  readonly world: LabWorld;
  readonly acl: AclStore;
  readonly agents: ReadonlyMap<string, NodeAgent>;
  readonly kv: KvStore;
  readonly sessions: SessionStore;
  readonly events: EventLog;
  readonly intentions: IntentionStore;
  readonly config: ConfigStore;
  readonly queries: QueryStore;
  readonly startedAt: number;
}

export function route(method: Method, pattern: string, handler: Handler): Route {
  return { method, pattern, handler };
}

/** A list that can be waited for. */
export function listing(
  lab: ConsulLab,
  method: Method,
  pattern: string,
  make: (call: Call) => Listing,
): Route {
  return { method, pattern, handler: (call) => answerList(lab, call, make(call)) };
}

/** The agent that was asked. */
export function agentOf(lab: ConsulLab, call: Call): NodeAgent {
  const agent = lab.agents.get(call.agentNode);
  if (!agent) throw new ConsulFailure(500, `agent of ${call.agentNode} is gone`);
  return agent;
}

export const mayReadNode = (acl: Authorizer) => (row: { Node: string }) =>
  acl.allows('node', 'read', row.Node);

export const mayReadService = (acl: Authorizer) => (row: ServiceRow) =>
  acl.allows('node', 'read', row.Node) && acl.allows('service', 'read', row.Service);

export const mayReadCheck = (acl: Authorizer) => (row: CheckRow) =>
  acl.allows('node', 'read', row.Node) &&
  (row.ServiceName === '' || acl.allows('service', 'read', row.ServiceName));

/** Keeps the printed rows that fit `?filter=`. */
export function filtered<T>(call: Call, rows: T[], selectors: readonly string[]): T[] {
  const text = call.query.get('filter') ?? '';
  return text === '' ? rows : rows.filter(parseFilter(text, selectors));
}

/** `node-meta=k:v`, all of them. */
export function fitsNodeMeta(call: Call, node: NodeRow | undefined): boolean {
  return call.query.getAll('node-meta').every((pair) => {
    const [key = '', value = ''] = pair.split(/:(.*)/s);
    return node?.Meta?.[key] === value;
  });
}

/** `near=`: that node's rows first. The lab's round trips are all alike. */
export function nearFirst<T extends { Node: string }>(call: Call, rows: T[]): T[] {
  const near = call.query.get('near') ?? '';
  if (near === '') return rows;
  const node = near === '_agent' ? call.agentNode : near;
  return [...rows].sort((a, b) => Number(b.Node === node) - Number(a.Node === node));
}

export function required(value: string | undefined, text: string): string {
  if (value === undefined || value === '') throw new ConsulFailure(400, text);
  return value;
}

export const OK: Answer = { text: '' };
export const TRUE: Answer = { json: true };
