import { spawn, type ChildProcess } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../../net/testing/servers.ts';

/** Where `scripts/install-consul.sh` puts it. */
export const CONSUL_BINARY = join(
  process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'),
  'gantry',
  'consul-1.8.7',
);

/** Why tests against the real Consul cannot run; undefined: they can. */
export function whyNoConsul(): string | undefined {
  try {
    accessSync(CONSUL_BINARY, constants.X_OK);
    return undefined;
  } catch {
    return `${CONSUL_BINARY} is not there; scripts/install-consul.sh installs it`;
  }
}

export interface RealAgent {
  readonly url: string;
  /** One request to the API; the parsed body, or the text when it is no JSON. Throws for a status of 400 and above. */
  call(method: 'GET' | 'PUT', path: string, body?: unknown): Promise<unknown>;
  /** Kills it, as a crash would. */
  kill(): Promise<void>;
  /** Starts it again on the same ports; a dev agent has lost its state. */
  start(): Promise<void>;
  /** Freezes and thaws the process: connections stay, nothing answers. */
  freeze(): void;
  thaw(): void;
  /** Kills it and removes its files. */
  close(): Promise<void>;
}

/** A real dev agent on free loopback ports, with ACLs when a management token is given. */
export async function startRealAgent(managementToken?: string): Promise<RealAgent> {
  const folder = await mkdtemp(join(tmpdir(), 'gantry-consul-'));
  const [http, server, lan, wan] = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
  const file = join(folder, 'agent.json');
  const acl = {
    enabled: true,
    default_policy: 'deny',
    tokens: { master: managementToken, agent: managementToken },
  };
  await writeFile(
    file,
    JSON.stringify({
      disable_update_check: true,
      log_level: 'ERR',
      check_update_interval: '0s',
      ports: { http, server, serf_lan: lan, serf_wan: wan, dns: -1, grpc: -1 },
      ...(managementToken === undefined ? {} : { acl }),
    }),
  );
  const url = `http://127.0.0.1:${http}`;
  const call: RealAgent['call'] = async (method, path, body) => {
    const response = await fetch(`${url}${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(managementToken === undefined ? {} : { headers: { 'x-consul-token': managementToken } }),
    });
    const text = await response.text();
    if (response.status >= 400) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    try {
      return JSON.parse(text);
    } catch {
      return text;
    }
  };
  let child: ChildProcess | undefined;
  const kill = async () => {
    const dying = child;
    child = undefined;
    if (!dying || dying.exitCode !== null || dying.signalCode !== null) return;
    const gone = new Promise((resolve) => dying.once('exit', resolve));
    dying.kill('SIGKILL');
    await gone;
  };
  const start = async () => {
    const args = [
      'agent',
      '-dev',
      '-bind=127.0.0.1',
      '-client=127.0.0.1',
      '-node=n1',
      `-config-file=${file}`,
    ];
    child = spawn(CONSUL_BINARY, args, { stdio: 'ignore' });
    await ready(call);
  };
  await start();
  return {
    url,
    call,
    kill,
    start,
    freeze: () => child?.kill('SIGSTOP'),
    thaw: () => child?.kill('SIGCONT'),
    async close() {
      await kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Until there is a leader and the agent has registered itself. */
async function ready(call: RealAgent['call']): Promise<void> {
  const until = Date.now() + 30_000;
  for (;;) {
    try {
      const services = await call('GET', '/v1/catalog/services');
      if (typeof services === 'object' && services !== null && 'consul' in services) return;
    } catch {
      // Not listening yet, or no leader yet.
    }
    if (Date.now() > until) throw new Error('the Consul agent was not ready within 30 s');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
