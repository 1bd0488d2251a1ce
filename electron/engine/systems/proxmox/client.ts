import type { z } from 'zod';
import { GantryError } from '../../../../shared/model/error.ts';
import type { HttpClient } from '../../net/http.ts';
import type { GuestPlace } from './vocabulary.ts';
import {
  agentInterfacesSchema,
  clusterStatusSchema,
  containerInterfacesSchema,
  guestConfigSchema,
  machineStateSchema,
  permissionsSchema,
  resourcesSchema,
  ticketSchema,
  versionSchema,
  type ClusterStatus,
  type GuestConfig,
  type Interface,
  type Permissions,
  type Resources,
} from './wire.ts';

/** Per guest: a lost node or a hung agent must not hold up the others. The server itself waits three seconds for an agent. */
const GUEST_DEADLINE_MS = 8_000;
const STATUS_DEADLINE_MS = 4_000;
/** 20,000 guests are about 12 MiB. */
const RESOURCES_MAX_BYTES = 32 * 2 ** 20;

/** Every function throws `GantryError`. None changes anything. */
export interface CallOptions {
  readonly signal: AbortSignal;
}

async function read<T>(
  http: HttpClient,
  path: string,
  purpose: string,
  schema: z.ZodType<T>,
  options: CallOptions & { deadlineMs?: number; maxBytes?: number },
): Promise<T> {
  const { body } = await http.json({ path: `/api2/json${path}`, purpose, ...options }, schema);
  return body;
}

/** Everything the credentials may see, in one answer. Each node gathers its part every 10 s. */
export function readResources(http: HttpClient, options: CallOptions): Promise<Resources> {
  const maxBytes = RESOURCES_MAX_BYTES;
  return read(http, '/cluster/resources', 'read cluster resources', resourcesSchema, {
    ...options,
    maxBytes,
  });
}

/** Node addresses and quorum. Needs Sys.Audit on /. */
export function readClusterStatus(http: HttpClient, options: CallOptions): Promise<ClusterStatus> {
  // Beside the resources it is an extra: it must not keep them waiting.
  const deadlineMs = STATUS_DEADLINE_MS;
  return read(http, '/cluster/status', 'read cluster status', clusterStatusSchema, {
    ...options,
    deadlineMs,
  });
}

export function readVersion(http: HttpClient, options: CallOptions): Promise<string> {
  return read(http, '/version', 'read version', versionSchema, options);
}

/** In a cluster that is being upgraded each node has a version of its own. */
export function readNodeVersion(http: HttpClient, node: string, options: CallOptions): Promise<string> {
  const path = `/nodes/${encodeURIComponent(node)}/version`;
  const deadlineMs = STATUS_DEADLINE_MS;
  return read(http, path, `read version of node ${node}`, versionSchema, { ...options, deadlineMs });
}

/** Rights of the credentials themselves. */
export function readPermissions(http: HttpClient, options: CallOptions): Promise<Permissions> {
  return read(http, '/access/permissions', 'read permissions', permissionsSchema, options);
}

/**
 * Headers of a session, for a user name (`user@realm`) and a password. Throws `unauthorized` for a wrong password (after 3 s,
 * by Proxmox's design) and for an account that wants a second factor.
 */
export async function signIn(
  http: HttpClient,
  { username, password }: { readonly username: string; readonly password: string },
): Promise<Readonly<Record<string, string>>> {
  const path = '/api2/json/access/ticket';
  const body = { username, password };
  const { body: session } = await http.json({ method: 'POST', path, body, purpose: 'log in' }, ticketSchema);
  if (session.NeedTFA) throw wantsSecondFactor(username);
  return {
    authorization: `PVEAuthCookie=${session.ticket}`,
    csrfpreventiontoken: session.CSRFPreventionToken,
  };
}

function wantsSecondFactor(username: string): GantryError {
  return new GantryError({
    code: 'unauthorized',
    attempted: 'log in',
    target: username,
    knownEffect: 'nothing was changed',
    advice: 'This account wants a second factor. Use an API token, which needs none.',
    retryable: false,
  });
}

/** PVE 8.1 and later; older ones answer 501. Empty when the container does not run. */
export function readContainerInterfaces(
  http: HttpClient,
  place: GuestPlace,
  options: CallOptions,
): Promise<Interface[]> {
  return readGuest(http, place, '/interfaces', 'read addresses', containerInterfacesSchema, options);
}

/** Answers 500 when no agent is configured or none runs. */
export function readAgentInterfaces(
  http: HttpClient,
  place: GuestPlace,
  options: CallOptions,
): Promise<Interface[]> {
  const path = '/agent/network-get-interfaces';
  return readGuest(http, place, path, 'read addresses', agentInterfacesSchema, options);
}

export function readGuestConfig(
  http: HttpClient,
  place: GuestPlace,
  options: CallOptions,
): Promise<GuestConfig> {
  return readGuest(http, place, '/config', 'read configuration', guestConfigSchema, options);
}

/** The process state of a virtual machine: `running`, `paused`, `io-error` and so on. */
export function readMachineState(
  http: HttpClient,
  place: GuestPlace,
  options: CallOptions,
): Promise<string | undefined> {
  return readGuest(http, place, '/status/current', 'read run state', machineStateSchema, options);
}

function readGuest<T>(
  http: HttpClient,
  { node, type, vmid }: GuestPlace,
  path: string,
  purpose: string,
  schema: z.ZodType<T>,
  options: CallOptions,
): Promise<T> {
  const base = `/nodes/${encodeURIComponent(node)}/${type}/${vmid}`;
  const deadlineMs = GUEST_DEADLINE_MS;
  return read(http, `${base}${path}`, `${purpose} of guest ${vmid}`, schema, { ...options, deadlineMs });
}
