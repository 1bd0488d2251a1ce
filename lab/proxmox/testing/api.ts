import { request as httpsRequest } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';
import { startLab, type Lab } from '../../lab.ts';
import { startProxmox, type RunningProxmox } from '../index.ts';

export interface ApiAnswer {
  readonly status: number;
  readonly reason: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

export interface Envelope {
  readonly data: unknown;
  readonly total?: number;
  readonly errors?: Readonly<Record<string, string>>;
  readonly message?: string;
}

export interface Ask {
  readonly method?: string;
  readonly form?: Readonly<Record<string, string | number>>;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string | undefined>>;
}

/** The lab with nothing but its Proxmox, in a hurry, and a plain HTTPS client that knows nothing of Gantry. */
export class TestApi {
  readonly lab: Lab;
  readonly proxmox: RunningProxmox;
  readonly origin: string;
  token: string;

  private constructor(lab: Lab, proxmox: RunningProxmox) {
    this.lab = lab;
    this.proxmox = proxmox;
    this.origin = proxmox.servers[0]?.origin ?? '';
    this.token = proxmox.cluster.access.tokenText('gantry@pve', 'console');
  }

  static async start(pace = 0.02): Promise<TestApi> {
    let proxmox: RunningProxmox | undefined;
    const module = {
      name: 'proxmox',
      start: async (context: Parameters<typeof startProxmox>[0]) =>
        (proxmox = await startProxmox(context, { pace, refusalDelayMs: 5 })),
    };
    const lab = await startLab({ modules: [module], traffic: false });
    if (!proxmox) throw new Error('the lab did not start its module');
    return new TestApi(lab, proxmox);
  }

  /** One request, as it goes over the wire. */
  raw(path: string, ask: Ask = {}): Promise<ApiAnswer> {
    const form =
      ask.form && new URLSearchParams(Object.entries(ask.form).map(([k, v]) => [k, String(v)])).toString();
    const body = ask.body ?? form;
    const headers = Object.fromEntries(
      Object.entries({
        authorization: `PVEAPIToken=${this.token}`,
        ...(body === undefined
          ? {}
          : {
              'content-type': 'application/x-www-form-urlencoded',
              'content-length': String(Buffer.byteLength(body)),
            }),
        ...ask.headers,
      }).filter(([, value]) => value !== undefined),
    ) as Record<string, string>;
    return new Promise((resolve, reject) => {
      const request = httpsRequest(
        `${this.origin}${path}`,
        { method: ask.method ?? 'GET', headers, rejectUnauthorized: false, agent: false },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () =>
            resolve({
              status: response.statusCode ?? 0,
              reason: response.statusMessage ?? '',
              headers: response.headers,
              text: Buffer.concat(chunks).toString('utf8'),
            }),
          );
        },
      );
      request.on('error', reject);
      request.end(body);
    });
  }

  /** The whole envelope of a call below `/api2/json`. */
  async envelope(path: string, ask: Ask = {}): Promise<Envelope> {
    const answer = await this.raw(`/api2/json${path}`, ask);
    return JSON.parse(answer.text) as Envelope;
  }

  /** `data` of a call that must succeed. */
  async data<T = unknown>(path: string, ask: Ask = {}): Promise<T> {
    const answer = await this.raw(`/api2/json${path}`, ask);
    if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${answer.reason}`);
    return (JSON.parse(answer.text) as { data: T }).data;
  }

  post<T = string>(path: string, form: Ask['form'] = {}): Promise<T> {
    return this.data<T>(path, { method: 'POST', form });
  }

  /** Waits until a task is over and returns how it ended. */
  async ended(upid: string): Promise<string> {
    const node = upid.split(':')[1] ?? '';
    let exit = '';
    await until(async () => {
      const status = await this.data<{ status: string; exitstatus?: string }>(
        `/nodes/${node}/tasks/${encodeURIComponent(upid)}/status`,
      );
      exit = status.exitstatus ?? '';
      return status.status === 'stopped';
    });
    return exit;
  }
}

/** Waits for a condition; fails after ten seconds. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + 10_000;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error('the condition did not come true in time');
    await delay(5);
  }
}
