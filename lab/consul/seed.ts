import { AclStore, ANONYMOUS, MANAGEMENT_POLICY, READ_ONLY_POLICY, READ_ONLY_RULES } from './acl.ts';
import type { ConsulLab } from './context.ts';
import { uuidOf } from './uuid.ts';

/** Secrets of the lab's tokens. They open nothing but a loopback port of the lab. */
export const MANAGEMENT_TOKEN = uuidOf('lab management token');
export const READ_ONLY_TOKEN = uuidOf('lab read-only token');
/** May read services, but no nodes: what a too narrow token looks like. */
export const SERVICES_ONLY_TOKEN = uuidOf('lab services-only token');

const SERVICES_ONLY_POLICY = uuidOf('services-only policy');

export function labAcl(): AclStore {
  const token = (accessor: string, secret: string, description: string, policies: readonly string[]) => ({
    accessor,
    secret,
    description,
    policies,
    local: false,
  });
  return new AclStore(
    [
      { id: MANAGEMENT_POLICY, name: 'global-management', description: 'Everything', rules: 'all' },
      {
        id: READ_ONLY_POLICY,
        name: 'builtin/global-read-only',
        description: 'Reading of everything',
        rules: READ_ONLY_RULES,
      },
      {
        id: SERVICES_ONLY_POLICY,
        name: 'services-only',
        description: 'Names of services',
        rules: [{ resource: 'service', prefix: true, name: '', access: 'read' }],
      },
    ],
    [
      token(ANONYMOUS, 'anonymous', 'Anonymous Token', []),
      token(uuidOf('management accessor'), MANAGEMENT_TOKEN, 'Gantry lab', [MANAGEMENT_POLICY]),
      token(uuidOf('read-only accessor'), READ_ONLY_TOKEN, 'Dashboards', [READ_ONLY_POLICY]),
      token(uuidOf('services-only accessor'), SERVICES_ONLY_TOKEN, 'Service names', [SERVICES_ONLY_POLICY]),
    ],
  );
}

/** What is there besides the catalogue: keys, intentions, protocols, a query. */
export function seed(lab: ConsulLab): void {
  const keys: Record<string, string> = {
    'config/checkout/currency': 'EUR',
    'config/checkout/features': '{"express":true}',
    'config/llm/': '',
    'config/llm/routing': 'quota',
    'release/current': '2026.11',
  };
  for (const [key, value] of Object.entries(keys)) lab.kv.put(key, Buffer.from(value), 0n);
  for (const { name, protocol } of lab.world.scenario.services) {
    lab.config.put('service-defaults', name, { Protocol: protocol, MeshGateway: {}, Expose: {} });
  }
  for (const [source, destination] of [
    ['web', 'checkout'],
    ['web', 'catalog'],
    ['checkout', 'payments'],
    ['checkout', 'orders'],
    ['orders', 'orders-db'],
    ['api', 'auth'],
  ] as const) {
    lab.intentions.put({ source, destination, action: 'allow' });
  }
  lab.intentions.put({ source: '*', destination: 'orders-db', action: 'deny', description: 'only orders' });
  lab.queries.put({
    ID: uuidOf('query checkout'),
    Name: 'checkout',
    Session: '',
    Token: '',
    Service: { Service: 'checkout', OnlyPassing: true },
    DNS: { TTL: '10s' },
    Template: { Type: '', Regexp: '', RemoveEmptyTags: false },
  });
}
