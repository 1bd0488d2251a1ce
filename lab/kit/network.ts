/**
 * The lab's wires: which of the scenario's private addresses really answer, and at which loopback port. Lets the lab's
 * LLM balancer dial `http://10.1.0.61:8000/v1` as its configuration says. Addresses not listed are dialled as they are.
 */
export class LabNetwork {
  readonly #routes = new Map<string, string>();

  /** `socket` is `ip:port` of the scenario, `origin` an `http://127.0.0.1:port`. */
  connect(socket: string, origin: string): void {
    this.#routes.set(socket, origin);
  }

  /** The URL to dial for `url`. */
  resolve(url: string): string {
    const parsed = new URL(url);
    const port = parsed.port || (parsed.protocol === 'https:' ? '443' : '80');
    const origin = this.#routes.get(`${parsed.hostname}:${port}`);
    return origin ? `${origin}${parsed.pathname}${parsed.search}` : url;
  }
}
