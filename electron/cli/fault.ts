import { complain, parseOptions, table, WrongUse, type Command } from './command.ts';
import { readControlAddress } from '../../lab/kit/control-address.ts';

const usage = `Usage: gantry lab status
       gantry lab fault SERVER MODE [--ms N]     MODE: none down hang error slow malformed truncated oversized tls-expired
       gantry lab kill INSTANCE | restore INSTANCE
       gantry lab stop VMID | start VMID
       gantry lab offline HOST | online HOST

Breaks and mends the running lab. SERVER, INSTANCE, VMID and HOST as "gantry lab status" lists them.

  --control URL   the lab's control API (default: the last lab that this user started)
`;

interface Request {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
}

/** `gantry lab status|fault|kill|…`: speaks to the control API of a running lab. */
export const runFault: Command = async (args) => {
  const { values, positionals } = parseOptions({
    args: [...args],
    allowPositionals: true,
    options: {
      ms: { type: 'string' },
      control: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(usage);
    return 0;
  }
  const request = requestFor(positionals, values.ms);
  const origin = values.control ?? (await readControlAddress());
  if (origin === undefined) {
    complain('no lab is running; start one with "gantry lab"');
    return 1;
  }
  const response = await fetch(new URL(request.path, origin), {
    method: request.method,
    ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
    signal: AbortSignal.timeout(10_000),
  }).catch((thrown: unknown) => {
    throw new Error(`no lab answers at ${origin}`, { cause: thrown });
  });
  const body: unknown = await response.json();
  if (!response.ok) {
    complain((body as { error?: string }).error ?? `the lab answered ${response.status}`);
    return 1;
  }
  process.stdout.write(positionals[0] === 'status' ? describe(body as Status) : 'done\n');
  return 0;
};

function requestFor([verb, name, mode, ...rest]: readonly string[], ms: string | undefined): Request {
  if (rest.length > 0) throw new WrongUse(`too many arguments\n${usage}`);
  if (verb === 'status' && name === undefined) return { method: 'GET', path: '/' };
  const segment = encodeURIComponent(name ?? '');
  if (verb === 'fault' && name !== undefined && mode !== undefined) {
    return {
      method: 'PUT',
      path: `/faults/${segment}`,
      body: ms === undefined ? { mode } : { mode, ms: Number(ms) },
    };
  }
  const area = {
    kill: 'instances',
    restore: 'instances',
    stop: 'guests',
    start: 'guests',
    offline: 'hosts',
    online: 'hosts',
  };
  if (verb !== undefined && Object.hasOwn(area, verb) && name !== undefined && mode === undefined) {
    return { method: 'POST', path: `/${area[verb as keyof typeof area]}/${segment}/${verb}` };
  }
  throw new WrongUse(usage);
}

interface Status {
  readonly servers: { name: string; origin: string; fault: { mode: string }; requests: number }[];
  readonly hosts: { name: string; online: boolean }[];
  readonly guests: { vmid: number; name: string; status: string }[];
  readonly instances: { id: string; process: string }[];
}

function describe({ servers, hosts, guests, instances }: Status): string {
  return `${[
    table([
      ['SERVER', 'ADDRESS', 'FAULT', 'REQUESTS'],
      ...servers.map((s) => [s.name, s.origin, s.fault.mode, String(s.requests)]),
    ]),
    table([['HOST', 'STATE'], ...hosts.map((h) => [h.name, h.online ? 'online' : 'offline'])]),
    table([['VMID', 'GUEST', 'STATE'], ...guests.map((g) => [String(g.vmid), g.name, g.status])]),
    table([['INSTANCE', 'PROCESS'], ...instances.map((i) => [i.id, i.process])]),
  ].join('\n\n')}\n`;
}
