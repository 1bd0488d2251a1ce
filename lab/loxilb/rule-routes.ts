import { canonicalIp } from './address.ts';
import { numberOf, objectOf, textOf, type Body } from './body.ts';
import type { LoxilbNode } from './node.ts';
import { endpointFields, hostStateFields } from './probes.ts';
import type { Profile } from './profile.ts';
import { json, success, type Reply } from './reply.ts';
import { list, wholeNumber, type Route } from './route.ts';
import { ruleFields, toRule } from './rule-body.ts';

export function ruleRoutes(node: LoxilbNode): Route[] {
  const base = '/config/loadbalancer';
  const plain = 'externalipaddress/*/port/*';
  const remove = (path: string, run: Route['run'], since?: Profile): Route => ({
    method: 'DELETE',
    path: `${base}/${path}`,
    run,
    ...(since ? { since } : {}),
  });
  return [
    { method: 'POST', path: base, fields: ruleFields, run: ({ body }) => postRule(node, body) },
    { method: 'GET', path: `${base}/all`, run: () => json({ lbAttr: node.renderRules() }) },
    remove('all', () => {
      node.rules.clear();
      return success;
    }),
    remove('name/*', ({ parameters: [name = ''] }) => {
      node.rules.removeNamed(name);
      return success;
    }),
    remove(`${plain}/protocol/*`, ({ parameters: [ip, port, protocol], query }) =>
      deleteRule(node, { ip, port, protocol, query }),
    ),
    remove(
      `${plain}/portmax/*/protocol/*`,
      ({ parameters: [ip, port, portMax, protocol], query }) =>
        deleteRule(node, { ip, port, portMax, protocol, query }),
      '0.9.8.4',
    ),
    remove(`hosturl/*/${plain}/protocol/*`, ({ parameters: [host, ip, port, protocol], query }) =>
      deleteRule(node, { host, ip, port, protocol, query }),
    ),
    remove(
      `hosturl/*/${plain}/portmax/*/protocol/*`,
      ({ parameters: [host, ip, port, portMax, protocol], query }) =>
        deleteRule(node, { host, ip, port, portMax, protocol, query }),
      '0.9.8.4',
    ),
  ];
}

/** @throws CoreError */
function postRule(node: LoxilbNode, body: Body): Reply {
  const rule = toRule(body);
  // Refused, but with status 200 and words where "Success" should be; in every version.
  if (rule.mode === 3 && rule.sel !== 1) {
    return json({ result: 'Error: Only Hash Selection criteria allowed for DSR mode' });
  }
  const operation = numberOf(objectOf(body, 'serviceArguments'), 'oper');
  if (operation === 1) node.rules.attach(rule);
  else if (operation === 2) node.rules.detach(rule);
  else node.rules.createOrReplace(rule);
  node.note('info', `lb-rule ${rule.ip}:${rule.port}/${rule.protocol} posted (oper ${operation})`);
  return success;
}

interface DeletePath {
  readonly host?: string | undefined;
  readonly ip: string | undefined;
  readonly port: string | undefined;
  readonly portMax?: string | undefined;
  readonly protocol: string | undefined;
  readonly query: URLSearchParams;
}

/** Only the rule with exactly this host, range and block goes. @throws CoreError */
function deleteRule(node: LoxilbNode, path: DeletePath): Reply {
  const port = wholeNumber('port', path.port ?? '');
  node.rules.remove({
    host: path.host === undefined || path.host === 'any' ? '' : path.host,
    ip: canonicalIp(path.ip ?? '') ?? path.ip ?? '',
    port,
    portMax: path.portMax === undefined ? port : wholeNumber('portmax', path.portMax),
    protocol: path.protocol ?? '',
    block: wholeNumber('block', path.query.get('block') ?? '0'),
  });
  node.note('info', `lb-rule ${path.ip}:${path.port}/${path.protocol} deleted`);
  return success;
}

export function probeRoutes(node: LoxilbNode): Route[] {
  return [
    list(node, '/config/endpoint/all', 'Attr', () => node.probes.render()),
    {
      method: 'POST',
      path: '/config/endpoint',
      fields: endpointFields,
      run: ({ body }) => {
        node.probes.put(body, node.context.now());
        return success;
      },
    },
    {
      method: 'POST',
      path: '/config/endpointhoststate',
      since: '0.9.8.4',
      fields: hostStateFields,
      run: ({ body }) => {
        node.probes.setHostState(body);
        node.note('info', `host ${textOf(body, 'hostName')} is ${textOf(body, 'state')}`);
        return success;
      },
    },
    {
      method: 'DELETE',
      path: '/config/endpoint/epipaddress/*',
      run: ({ parameters: [ip = ''], query }) => {
        const port = Number(query.get('probe_port') ?? '0');
        node.probes.remove(ip, query.get('name') ?? '', query.get('probe_type') ?? '', port);
        return success;
      },
    },
  ];
}
