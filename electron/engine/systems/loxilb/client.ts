import type { z } from 'zod';
import { GantryError } from '../../../../shared/model/error.ts';
import type { HttpClient, HttpRequest } from '../../net/http.ts';
import {
  AddressesAnswer,
  DeviceAnswer,
  HaAnswer,
  LoginAnswer,
  PortsAnswer,
  ProbesAnswer,
  RulesAnswer,
  VersionAnswer,
  type Device,
  type DeviceAddress,
  type HaInstance,
  type ListAnswer,
  type NetworkPort,
  type Probe,
  type Rule,
  type Version,
} from './wire.ts';

const BASE = '/netlox/v1';

/**
 * A node with user accounts needs about 10 s to say that a token is not valid (five tries at its database); a shorter
 * deadline would report that as a timeout.
 */
const DEADLINE_MS = 15_000;

/** About 30,000 rules with three end points each. The API has no paging. */
const RULES_MAX_BYTES = 32 * 2 ** 20;

export interface ReadOptions {
  readonly signal: AbortSignal;
}

/** All rules, LoxiLB's internal ones included, in an order that changes from call to call. */
export function readRules(http: HttpClient, options: ReadOptions): Promise<readonly Rule[]> {
  return readList(http, RulesAnswer, {
    path: `${BASE}/config/loadbalancer/all`,
    purpose: 'read rules',
    maxBytes: RULES_MAX_BYTES,
    ...options,
  });
}

/** Health probes of end points ("endpoint" in LoxiLB's API), made by rules and by operators. */
export function readProbes(http: HttpClient, options: ReadOptions): Promise<readonly Probe[]> {
  return readList(http, ProbesAnswer, {
    path: `${BASE}/config/endpoint/all`,
    purpose: 'read end point probes',
    ...options,
  });
}

/** Network ports. Empty on a node that does not read the kernel's (`--nonlp`). */
export function readPorts(http: HttpClient, options: ReadOptions): Promise<readonly NetworkPort[]> {
  return readList(http, PortsAnswer, { path: `${BASE}/config/port/all`, purpose: 'read ports', ...options });
}

/** IPv4 addresses by device. An internal error of the server shows as an empty list. */
export function readAddresses(http: HttpClient, options: ReadOptions): Promise<readonly DeviceAddress[]> {
  return readList(http, AddressesAnswer, {
    path: `${BASE}/config/ipv4address/all`,
    purpose: 'read addresses',
    ...options,
  });
}

/** One entry per HA instance of this node; peers are not listed. */
export function readHaState(http: HttpClient, options: ReadOptions): Promise<readonly HaInstance[]> {
  return readList(http, HaAnswer, {
    path: `${BASE}/config/cistate/all`,
    purpose: 'read HA state',
    ...options,
  });
}

/** Needs no credentials. Not found: LoxiLB 0.9.7 or older. */
export async function readVersion(http: HttpClient, { signal }: ReadOptions): Promise<Version> {
  const answer = await http.json(
    { path: `${BASE}/version`, purpose: 'read version', deadlineMs: DEADLINE_MS, signal },
    VersionAnswer,
  );
  return answer.body;
}

/** Host name and uptime. Fails with 404 or 500 on kernels without the file that LoxiLB reads. */
export async function readDevice(http: HttpClient, { signal }: ReadOptions): Promise<Device> {
  const answer = await http.json(
    { path: `${BASE}/status/device`, purpose: 'read device status', deadlineMs: DEADLINE_MS, signal },
    DeviceAnswer,
  );
  return answer.body;
}

/**
 * Exchanges a user name and password for a token (24 h; there is no renewal but another login).
 * @throws GantryError `unauthorized` for a wrong password (which LoxiLB answers with 200 and no token) and for an
 * unknown user (404), `unsupported` where the node has no user service.
 */
export async function login(
  http: HttpClient,
  { username, password }: { readonly username: string; readonly password: string },
): Promise<string> {
  const path = `${BASE}/auth/login`;
  try {
    const answer = await http.json(
      { method: 'POST', path, body: { username, password }, purpose: 'log in', deadlineMs: DEADLINE_MS },
      LoginAnswer,
    );
    if (answer.body.token !== undefined) return answer.body.token;
  } catch (thrown) {
    const userUnknown =
      thrown instanceof GantryError &&
      thrown.code === 'not-found' &&
      !/was not found/i.test(thrown.data.detail ?? '');
    if (!userUnknown) throw thrown;
  }
  throw new GantryError({
    code: 'unauthorized',
    attempted: 'log in',
    target: path,
    knownEffect: 'nothing was changed',
    advice: 'LoxiLB gave no token: check the user name and the password of this connection.',
    retryable: false,
  });
}

async function readList<T>(
  http: HttpClient,
  schema: z.ZodType<ListAnswer<T>>,
  request: HttpRequest,
): Promise<readonly T[]> {
  const { body, status } = await http.json({ deadlineMs: DEADLINE_MS, ...request }, schema);
  if (body.ok) return body.items;
  throw new GantryError({
    code: 'server-error',
    attempted: request.purpose,
    target: request.path,
    knownEffect: 'nothing was changed',
    advice: 'LoxiLB answered with a failure text in place of the list. Its log says more.',
    retryable: true,
    detail: body.failure.slice(0, 500),
    status,
  });
}
