import type { Observation, ObservedEntity, ObservedOf } from '../../../../../shared/model/entity.ts';
import type { Auth } from '../../../../../shared/model/environment.ts';
import { systemClock, type Clock } from '../../../clock.ts';
import { createHttpClient, type ManagedHttpClient } from '../../../net/http-client.ts';
import type { HttpClient, HttpRequest } from '../../../net/http.ts';
import { proxmoxSystem } from '../index.ts';

export interface ReaderOptions {
  readonly url: string;
  /** `user@realm!id=secret` */
  readonly token?: string;
  /** Instead of a token. */
  readonly auth?: Auth;
  readonly fingerprint?: string | undefined;
}

/** Reads a Proxmox as the engine does, one poll at a time, with a clock that can be put forward. */
export class Reader {
  readonly observations: Observation[] = [];
  readonly versions: string[] = [];
  /** Every request made, in order. */
  readonly requests: HttpRequest[] = [];
  readonly http: HttpClient;
  readonly #client: ManagedHttpClient;
  readonly #clock: Clock;
  readonly #stop = new AbortController();
  readonly #source = proxmoxSystem.sources({ connectionId: 'pve', url: '' })[0];
  #ahead = 0;

  constructor({ url, token = '', auth = { type: 'token', token }, fingerprint }: ReaderOptions) {
    this.#clock = { ...systemClock, monotonic: () => systemClock.monotonic() + this.#ahead };
    this.#client = createHttpClient({
      url,
      auth,
      tls: fingerprint === undefined ? undefined : { fingerprint },
      system: proxmoxSystem,
      clock: systemClock,
      random: Math.random,
    });
    this.http = {
      json: (request, schema) => {
        this.requests.push(request);
        return this.#client.json(request, schema);
      },
      text: (request) => {
        this.requests.push(request);
        return this.#client.text(request);
      },
    };
  }

  /** One reading; returns what was said last. Rejects with what the source throws. */
  async poll(): Promise<Observation> {
    await this.#source?.observe({
      connectionId: 'pve',
      http: this.http,
      clock: this.#clock,
      random: () => 0.5,
      signal: this.#stop.signal,
      publish: (observation) => this.observations.push(observation),
      confirm: () => {},
      reportVersion: (version) => this.versions.push(version),
    });
    return this.last();
  }

  last(): Observation {
    const last = this.observations.at(-1);
    if (!last) throw new Error('nothing was observed yet');
    return last;
  }

  entity(ownPath: string): ObservedEntity {
    const id = `proxmox/pve/${ownPath}`;
    const found = this.last().entities.find((entity) => entity.id === id);
    if (!found) throw new Error(`no entity ${id}`);
    return found;
  }

  guest(ownPath: string): ObservedOf<'guest'> {
    const found = this.entity(ownPath);
    if (found.kind !== 'guest') throw new Error(`${ownPath} is a ${found.kind}`);
    return found;
  }

  /** Paths requested since the last call of this, without their base. */
  takeRequests(): string[] {
    return this.requests.splice(0).map(({ path }) => path.replace('/api2/json', ''));
  }

  /** Puts the clock forward. */
  advance(ms: number): void {
    this.#ahead += ms;
  }

  /** After a fault: what the engine's own "retry" does. */
  rearm(): void {
    this.#client.rearm();
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#client.close();
  }
}
