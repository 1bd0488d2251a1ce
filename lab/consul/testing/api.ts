import { startLab, type Lab } from '../../lab.ts';
import { consulLab } from '../index.ts';
import { MANAGEMENT_TOKEN } from '../seed.ts';
import { AGENT_URL_META } from '../world-sync.ts';

export type Row = Record<string, unknown>;

export interface Said {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** The stand-in alone, asked over real HTTP by plain `fetch`. */
export class TestApi {
  readonly lab: Lab;
  readonly url: string;

  private constructor(lab: Lab) {
    this.lab = lab;
    this.url = lab.connections[0]?.url ?? '';
  }

  static async start(): Promise<TestApi> {
    // No chance: checks find a change at once, waits are not lengthened.
    return new TestApi(await startLab({ modules: [consulLab], traffic: false, random: () => 0 }));
  }

  async say(
    method: string,
    path: string,
    options: { body?: unknown; token?: string; url?: string; signal?: AbortSignal } = {},
  ): Promise<Said> {
    const { body, token = MANAGEMENT_TOKEN, url = this.url, signal } = options;
    const response = await fetch(`${url}${path}`, {
      method,
      redirect: 'manual',
      headers: token === '' ? {} : { 'x-consul-token': token },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      ...(signal && { signal }),
    });
    return { status: response.status, headers: response.headers, text: await response.text() };
  }

  async get<T = Row[]>(path: string, token = MANAGEMENT_TOKEN): Promise<T> {
    const { status, text } = await this.say('GET', path, { token });
    if (status !== 200) throw new Error(`GET ${path}: ${status} ${text}`);
    return JSON.parse(text) as T;
  }

  async put<T = unknown>(path: string, body?: unknown, url = this.url): Promise<T> {
    const { status, text } = await this.say('PUT', path, { body, url });
    if (status !== 200) throw new Error(`PUT ${path}: ${status} ${text}`);
    return (text === '' ? undefined : JSON.parse(text)) as T;
  }

  /** `200 text` of a request that may fail. */
  async words(
    method: string,
    path: string,
    options: { body?: unknown; token?: string } = {},
  ): Promise<string> {
    const { status, text } = await this.say(method, path, options);
    return `${status} ${text}`;
  }

  async index(path: string): Promise<number> {
    return Number((await this.say('GET', path)).headers.get('x-consul-index'));
  }

  /** Where the agent of a node answers. */
  async agentUrl(node: string): Promise<string> {
    const rows = await this.get<{ Node: string; Meta: Record<string, string> }[]>('/v1/catalog/nodes');
    return rows.find((row) => row.Node === node)?.Meta[AGENT_URL_META] ?? '';
  }
}

/** Resolves with what `probe` returns once that is not undefined. */
export async function until<T>(
  what: string,
  probe: () => Promise<T | undefined>,
  withinMs = 5_000,
): Promise<T> {
  const end = Date.now() + withinMs;
  for (;;) {
    const found = await probe();
    if (found !== undefined) return found;
    if (Date.now() > end) throw new Error(`not within ${withinMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
