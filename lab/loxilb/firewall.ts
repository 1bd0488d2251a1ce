import { networkOf } from './address.ts';
import { flagOf, numberOf, objectOf, textOf, type Body, type Fields } from './body.ts';
import { CoreError, omitEmpty } from './reply.ts';

export const firewallFields: Fields = {
  ruleArguments: {
    type: 'object',
    required: true,
    fields: {
      sourceIP: { type: 'string' },
      destinationIP: { type: 'string' },
      minSourcePort: { type: 'integer' },
      maxSourcePort: { type: 'integer' },
      minDestinationPort: { type: 'integer' },
      maxDestinationPort: { type: 'integer' },
      protocol: { type: 'integer' },
      portName: { type: 'string' },
      preference: { type: 'integer' },
    },
  },
  opts: {
    type: 'object',
    required: true,
    fields: {
      allow: { type: 'boolean' },
      drop: { type: 'boolean' },
      redirect: { type: 'boolean' },
      redirectPortName: { type: 'string' },
      trap: { type: 'boolean' },
      doSnat: { type: 'boolean' },
      toIP: { type: 'string' },
      toPort: { type: 'integer' },
      fwMark: { type: 'integer' },
      record: { type: 'boolean' },
      onDefault: { type: 'boolean' },
    },
  },
};

/** Marks that LoxiLB gives to rules it makes itself start here. */
const INTERNAL_MARK = 0x8000_0000;

interface Entry {
  readonly match: Record<string, unknown>;
  readonly options: Record<string, unknown>;
  readonly ranged: boolean;
  mark: number;
}

/** The firewall table, with the faults of the real one: ranges that cannot be read back or removed, keys that collide. */
export class Firewall {
  readonly #entries = new Map<string, Entry>();
  #nextMark = INTERNAL_MARK + 1;

  /** @throws CoreError */
  add(body: Body): void {
    const { match, key, ranged } = matchOf(objectOf(body, 'ruleArguments'));
    const options = objectOf(body, 'opts');
    const doSnat = flagOf(options, 'doSnat');
    if (doSnat && numberOf(options, 'fwMark') !== 0) throw new CoreError('rule-mark error');
    if (doSnat && textOf(options, 'toIP') === '') throw new CoreError('rule-snat error');
    const existing = this.#entries.get(key);
    if (existing) {
      // Refused, and yet the mark is taken over.
      existing.mark = numberOf(options, 'fwMark');
      throw new CoreError('fwrule-exists error');
    }
    const mark = doSnat ? this.#nextMark++ : numberOf(options, 'fwMark');
    this.#entries.set(key, { match, options: action(options), ranged, mark });
  }

  /** The arguments come as query parameters. @throws CoreError */
  remove(query: URLSearchParams): void {
    const fields = Object.fromEntries(
      [...query].map(([name, value]) => [name, /^\d+$/.test(value) ? Number(value) : value]),
    );
    const { key, ranged } = matchOf(fields);
    if (ranged || !this.#entries.delete(key)) throw new CoreError('no-rule error');
  }

  clear(): void {
    this.#entries.clear();
  }

  render(): Record<string, unknown>[] {
    return [...this.#entries.values()].map(({ match, options, mark }) => {
      const { maxSourcePort, ...rest } = match;
      return {
        // The maximum comes under the name of the minimum, and the maximum itself never.
        ruleArguments: omitEmpty({ ...rest, minSourcePort: maxSourcePort }),
        opts: omitEmpty({ ...options, fwMark: mark, counter: '0:0' }),
      };
    });
  }

  /** The load-balancer rules that LoxiLB makes for its source NAT. */
  snatRules(): { mark: number; ip: string; port: number }[] {
    return [...this.#entries.values()].flatMap(({ options, mark }) =>
      options['doSnat'] === true
        ? [{ mark, ip: String(options['toIP']), port: Number(options['toPort'] ?? 0) }]
        : [],
    );
  }
}

/** Exactly one action counts, in this order; none means drop. */
function action(options: Body): Record<string, unknown> {
  const chosen =
    ['allow', 'drop', 'redirect', 'trap', 'doSnat'].find((name) => flagOf(options, name)) ?? 'drop';
  const kept: Record<string, unknown> = { [chosen]: true };
  if (chosen === 'redirect') kept['redirectPortName'] = textOf(options, 'redirectPortName');
  if (chosen === 'doSnat') {
    kept['toIP'] = textOf(options, 'toIP');
    kept['toPort'] = numberOf(options, 'toPort');
  }
  for (const name of ['record', 'onDefault']) if (flagOf(options, name)) kept[name] = true;
  return kept;
}

function matchOf(args: Body) {
  const six = [textOf(args, 'sourceIP'), textOf(args, 'destinationIP')].some((ip) => ip.includes(':'));
  const network = (name: string) => {
    const text = textOf(args, name);
    const cidr = text === '' ? (six ? '::/0' : '0.0.0.0/0') : networkOf(text);
    if (cidr === undefined) throw new CoreError('malformed-rule error');
    return cidr;
  };
  const ports = (side: 'Source' | 'Destination') => {
    const min = numberOf(args, `min${side}Port`) & 0xffff;
    return [min, numberOf(args, `max${side}Port`) & 0xffff || min] as const;
  };
  const [minSourcePort, maxSourcePort] = ports('Source');
  const [minDestinationPort, maxDestinationPort] = ports('Destination');
  const match = {
    sourceIP: network('sourceIP'),
    destinationIP: network('destinationIP'),
    minSourcePort,
    maxSourcePort,
    minDestinationPort,
    maxDestinationPort,
    protocol: numberOf(args, 'protocol'),
    portName: textOf(args, 'portName'),
    preference: numberOf(args, 'preference'),
  };
  const spans = (min: number, max: number) => (min === max ? '' : `${min}-${max}`);
  const source = spans(minSourcePort, maxSourcePort);
  const destination = spans(minDestinationPort, maxDestinationPort);
  const single = (min: number, range: string) => (range === '' && min !== 0 ? String(min) : range);
  return {
    match,
    // The server strings the ports together without saying whose they are.
    key: [
      match.sourceIP,
      match.destinationIP,
      `${single(minSourcePort, source)}${single(minDestinationPort, destination)}`,
      match.protocol,
      match.portName,
      match.preference,
    ].join('|'),
    ranged: source !== '' && destination !== '',
  };
}
