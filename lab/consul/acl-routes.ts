import { rulesText, type Access, type Policy, type Resource, type Token } from './acl.ts';
import { listing, route, type ConsulLab } from './context.ts';
import { ConsulFailure } from './errors.ts';
import type { Answer, Call, Route } from './http.ts';
import { Fields } from './registration.ts';

const HIDDEN = '<hidden>';
const MAX_QUESTIONS = 64;
const TEMPLATES = ['service', 'node', 'dns', 'nomad-server', 'nomad-client', 'api-gateway'];

/** Reading of access control, and the question "may I?". The lab's tokens and policies are fixed. */
export function aclRoutes(lab: ConsulLab): Route[] {
  const index = () => lab.state.indexOf('acl');
  const guarded = (pattern: string, read: (call: Call) => unknown) =>
    listing(lab, 'GET', pattern, (call) => {
      call.acl().require('acl', 'read');
      return { index, read: () => read(call) };
    });
  return [
    route('GET', '/v1/acl/replication', () => ({
      json: {
        Enabled: false,
        Running: false,
        SourceDatacenter: '',
        ReplicationType: '',
        ReplicatedIndex: 0,
        ReplicatedRoleIndex: 0,
        ReplicatedTokenIndex: 0,
        LastSuccess: '0001-01-01T00:00:00Z',
        LastError: '0001-01-01T00:00:00Z',
        LastErrorMessage: '',
      },
    })),
    route('PUT', '/v1/acl/bootstrap', () => {
      throw new ConsulFailure(
        403,
        'Permission denied: rpc error making call: ACL bootstrap no longer allowed (reset index: 13)',
      );
    }),
    guarded('/v1/acl/tokens', (call) => {
      const policy = call.query.get('policy') ?? '';
      const tokens = [...lab.acl.tokens.values()].filter(
        (token) => policy === '' || token.policies.includes(policy),
      );
      return tokens.length === 0 ? null : tokens.map((token) => printToken(lab, call, token));
    }),
    listing(lab, 'GET', '/v1/acl/token/self', (call) => {
      const { token } = call.acl();
      return { index, read: () => printToken(lab, call, token, true) };
    }),
    guarded('/v1/acl/token/:accessor', (call) => {
      const token = [...lab.acl.tokens.values()].find((one) => one.accessor === call.params['accessor']);
      if (!token) throw new ConsulFailure(404, 'Requested token does not exist: ACL not found');
      return printToken(lab, call, token);
    }),
    guarded('/v1/acl/policies', () =>
      [...lab.acl.policies.values()].map((policy) => printPolicy(policy, false)),
    ),
    guarded('/v1/acl/policy/name/:name', (call) =>
      policyOf(lab, (policy) => policy.name === call.params['name']),
    ),
    guarded('/v1/acl/policy/:id', (call) => policyOf(lab, (policy) => policy.id === call.params['id'])),
    guarded('/v1/acl/roles', () => []),
    guarded('/v1/acl/role/:id', () => {
      throw new ConsulFailure(404, 'Requested role does not exist: ACL not found');
    }),
    guarded('/v1/acl/auth-methods', () => []),
    guarded('/v1/acl/binding-rules', () => []),
    route('GET', '/v1/acl/templated-policies', (call) => {
      call.acl().require('acl', 'read');
      const rows = TEMPLATES.map((name) => [
        `builtin/${name}`,
        { TemplateName: `builtin/${name}`, Schema: '', Template: '' },
      ]);
      return { json: Object.fromEntries(rows) as unknown };
    }),
    route('POST', '/v1/internal/acl/authorize', (call) => authorize(call)),
  ];
}

function printToken(lab: ConsulLab, call: Call, token: Token, own = false) {
  return {
    AccessorID: token.accessor,
    // The secret is shown to its holder and to those who could read it by writing.
    SecretID: own || call.acl().allows('acl', 'write') ? token.secret : HIDDEN,
    Description: token.description,
    Policies: token.policies.map((id) => ({ ID: id, Name: lab.acl.policies.get(id)?.name ?? '' })),
    Local: token.local,
    CreateTime: new Date(lab.startedAt).toISOString(),
    Hash: Buffer.from(token.accessor.slice(0, 24)).toString('base64'),
    CreateIndex: 14,
    ModifyIndex: 14,
  };
}

function policyOf(lab: ConsulLab, fits: (policy: Policy) => boolean) {
  const policy = [...lab.acl.policies.values()].find(fits);
  if (!policy) throw new ConsulFailure(404, 'Requested policy does not exist: ACL not found');
  return printPolicy(policy, true);
}

function printPolicy(policy: Policy, withRules: boolean) {
  return {
    ID: policy.id,
    Name: policy.name,
    Description: policy.description,
    ...(withRules && { Rules: rulesText(policy) }),
    Datacenters: null,
    Hash: Buffer.from(policy.id.slice(0, 24)).toString('base64'),
    CreateIndex: 12,
    ModifyIndex: 12,
  };
}

async function authorize(call: Call): Promise<Answer> {
  const body: unknown = await call.json();
  const questions: unknown[] = Array.isArray(body) ? body : [];
  if (questions.length > MAX_QUESTIONS)
    throw new ConsulFailure(400, `Refusing to process more than ${MAX_QUESTIONS} authorizations at once`);
  const acl = call.acl();
  const json = questions.map((question) => {
    const fields = new Fields(question);
    const resource = fields.text('Resource');
    const access = fields.text('Access');
    const segment = fields.text('Segment');
    return {
      Resource: resource,
      ...(segment !== '' && { Segment: segment }),
      Access: access,
      Allow: acl.allows(resource as Resource, access as Access, segment),
    };
  });
  return { json };
}
