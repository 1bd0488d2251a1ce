// Compares what the lab's Proxmox offers and answers, and what the connector asks, with the official API schema.
//
//   node scripts/check-proxmox-schema.mjs SCHEMA.json [--all]
//
// Exit 0: no mismatch; 1: mismatches; 2: wrong use. `--all` also lists parameters that the lab does not take.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { createServer } from 'vite';

/**
 * Where the server is known to answer otherwise than its own schema says. Each line: what, and why it stays.
 */
const documented = new Map([
  ['GET /cluster/nextid', 'the id arrives as text'],
  ['GET /nodes/{node}/lxc []/pressure', 'pressure of containers is text'],
  ['GET /nodes/{node}/lxc/{vmid}/status/current /pressure', 'pressure of containers is text'],
]);

const mismatches = new Set();
const quirks = new Set();
const report = (where, what) => {
  const known = [...documented].find(([start]) => `${where} ${what}`.startsWith(start));
  if (known) quirks.add(`${known[0]}: ${known[1]}`);
  else mismatches.add(`${where} ${what}`);
};

const arrayOf = (value) => (Array.isArray(value) ? value : []);

/** A path template's parameters and a test for paths that fit it. */
function matcher(template) {
  const names = [...template.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
  const source = template.replace(/[.]/g, '\\.').replace(/\{\w+\}/g, '([^/]+)');
  return { template, names, pattern: new RegExp(`^${source}$`) };
}

/** Whether `value` is what `schema` says; differences go to `report` with the place they were found. */
function conform(value, schema, where, at = '') {
  if (!schema?.type || value === undefined) return;
  const wrong = () =>
    report(where, `${at || '/'}: ${JSON.stringify(value)?.slice(0, 60)} is no ${schema.type}`);
  switch (schema.type) {
    case 'null':
      if (value !== null) wrong();
      return;
    case 'boolean':
      if (![0, 1, true, false, '0', '1'].includes(value)) wrong();
      return;
    case 'integer':
      if (!Number.isInteger(value)) wrong();
      break;
    case 'number':
      if (typeof value !== 'number') wrong();
      break;
    case 'string':
      if (typeof value !== 'string') wrong();
      break;
    case 'array':
      if (!Array.isArray(value)) wrong();
      for (const item of arrayOf(value)) conform(item, schema.items, where, `${at}[]`);
      return;
    case 'object':
      if (typeof value !== 'object' || value === null || Array.isArray(value)) {
        wrong();
        return;
      }
      for (const [name, part] of Object.entries(schema.properties ?? {})) {
        if (name in value) conform(value[name], part, where, `${at}/${name}`);
        else if (!part.optional && !name.endsWith('[n]')) report(where, `${at}/${name}: is missing`);
      }
      return;
  }
  if (schema.enum && !schema.enum.includes(value))
    report(where, `${at}: ${value} is none of ${schema.enum.join(', ')}`);
}

function compareParams(route, method, where) {
  const params = method.params ?? {};
  for (const [name, own] of Object.entries(route.params)) {
    const official = params[name];
    if (!official) {
      report(where, `takes ${name}, which does not exist`);
      continue;
    }
    if (official.type !== own.type) report(where, `takes ${name} as ${own.type}, not ${official.type}`);
    // What stands in the path is always there, whatever the schema says of it.
    const isInPath = route.path.includes(`{${name}}`);
    const isOptional = (param) => isInPath || Boolean(param.optional) || name.endsWith('[n]');
    if (isOptional(official) !== isOptional(own))
      report(where, `takes ${name} as ${own.optional ? 'optional' : 'required'}, and it is not`);
    if (Boolean(official.rootOnly) !== Boolean(own.rootOnly)) report(where, `differs in who may use ${name}`);
    for (const word of arrayOf(own.enum))
      if (official.enum && !official.enum.includes(word))
        report(where, `takes ${name}=${word}, which does not exist`);
    for (const bound of ['minimum', 'maximum'])
      if (own[bound] !== undefined && official[bound] !== undefined && Number(official[bound]) !== own[bound])
        report(where, `bounds ${name} by ${own[bound]}, not ${official[bound]}`);
  }
  return Object.keys(params).filter((name) => !(name in route.params));
}

/** Only plain checks of one path are compared; compound ones are decided inside the handler. */
function comparePermission({ permission }, { perm }, where) {
  if (!perm) return;
  const [kind, path, privileges, how] = arrayOf(perm.check);
  if (kind === undefined) {
    if (typeof permission === 'string' && permission !== perm.user)
      report(where, `is for ${permission}, not ${perm.user}`);
    return;
  }
  if (kind !== 'perm' || perm.user || typeof permission === 'string') return;
  const words = (list, any) =>
    [...new Set(list)].toSorted((a, b) => a.localeCompare(b)).join(any ? '|' : '&');
  const official = `${path} ${words(privileges, how === 'any' && privileges.length > 1)}`;
  const own = `${permission.path} ${words(permission.privileges, permission.any && permission.privileges.length > 1)}`;
  if (official !== own) report(where, `wants ${own}, not ${official}`);
}

/** Values that make each reading call answer. */
function samplePath(path, upid, archive) {
  const isLxc = path.includes('/lxc/');
  const values = {
    node: isLxc ? 'pve-1' : 'pve-2',
    vmid: isLxc ? 101 : 120,
    storage: path.endsWith('/prunebackups') ? 'nfs-shared' : 'local',
    snapname: 'first',
    upid: encodeURIComponent(upid),
    sid: 'vm:130',
    poolid: 'shop',
    userid: 'auditor@pve',
    volume: encodeURIComponent('local:iso/debian-13.1.0-amd64-netinst.iso'),
  };
  const objects = path.startsWith('/cluster/')
    ? { '/aliases/{name}': 'lan', '/ipset/{name}': 'nodes' }
    : { '/aliases/{name}': 'self', '/ipset/{name}': 'ipfilter-net0', '/disks/zfs/{name}': 'tank' };
  const ending = Object.keys(objects).find((end) => path.endsWith(end));
  Object.assign(values, { group: 'operators', pos: 0, name: objects[ending] });
  const filled = path.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? name);
  const queries = {
    '/rrddata': '?timeframe=hour',
    '/feature': '?feature=snapshot',
    '/disks/smart': '?disk=/dev/nvme0n1',
    '/cloudinit/dump': '?type=user',
    '/vzdump/extractconfig': `?volume=${encodeURIComponent(archive)}`,
  };
  const query = queries[Object.keys(queries).find((end) => path.endsWith(end))] ?? '';
  return path.startsWith('/nodes/{node}/tasks/{upid}')
    ? `${filled.replace('pve-2', upid.split(':')[1])}${query}`
    : filled + query;
}

/** Writing calls in an order in which each succeeds. */
const writes = [
  ['POST', '/nodes/{node}/lxc/{vmid}/snapshot', { snapname: 'first' }],
  ['POST', '/nodes/{node}/qemu/{vmid}/snapshot', { snapname: 'first' }],
  ['PUT', '/nodes/{node}/lxc/{vmid}/snapshot/{snapname}/config', { description: 'x' }],
  ['PUT', '/nodes/{node}/lxc/{vmid}/config', { description: 'x' }],
  ['PUT', '/nodes/{node}/qemu/{vmid}/config', { description: 'x' }],
  ['PUT', '/nodes/{node}/lxc/{vmid}/resize', { disk: 'rootfs', size: '+1G' }],
  ['POST', '/nodes/{node}/qemu/{vmid}/status/suspend', {}],
  ['POST', '/nodes/{node}/qemu/{vmid}/status/resume', {}],
  ['POST', '/nodes/{node}/qemu/{vmid}/status/reset', {}],
  ['POST', '/nodes/{node}/qemu/{vmid}/agent/ping', {}],
  ['POST', '/nodes/{node}/vzdump', { vmid: 120, storage: 'nfs-shared' }],
  ['POST', '/nodes/{node}/lxc/{vmid}/status/reboot', {}],
  ['POST', '/nodes/{node}/lxc/{vmid}/status/stop', {}],
  ['POST', '/nodes/{node}/lxc/{vmid}/clone', { newid: 400 }],
  ['POST', '/nodes/{node}/lxc/{vmid}/status/start', {}],
  ['POST', '/nodes/{node}/qemu/{vmid}/migrate', { target: 'pve-3', online: 1, 'with-local-disks': 1 }],
  ['POST', '/cluster/ha/resources', { sid: 'ct:101' }],
  ['PUT', '/cluster/ha/resources/{sid}', { comment: 'x' }],
  ['POST', '/cluster/ha/resources/{sid}/migrate', { node: 'pve-1' }],
  ['DELETE', '/cluster/ha/resources/{sid}', undefined],
];

async function main([schemaPath, ...flags]) {
  if (!schemaPath || flags.some((flag) => flag !== '--all')) {
    console.error('Usage: node scripts/check-proxmox-schema.mjs SCHEMA.json [--all]');
    return 2;
  }
  const { paths, meta } = JSON.parse(readFileSync(resolve(schemaPath), 'utf8'));
  const vite = await createServer({
    configFile: false,
    root: resolve(import.meta.dirname, '..'),
    server: { middlewareMode: true, hmr: false, ws: false, watch: null },
    appType: 'custom',
    logLevel: 'error',
    optimizeDeps: { noDiscovery: true },
  });
  try {
    const { routes } = await vite.ssrLoadModule('/lab/proxmox/routes.ts');
    const { TestApi } = await vite.ssrLoadModule('/lab/proxmox/testing/api.ts');
    const { Reader } = await vite.ssrLoadModule('/electron/engine/systems/proxmox/testing/reader.ts');
    const { proxmoxSystem } = await vite.ssrLoadModule('/electron/engine/systems/proxmox/index.ts');
    const missing = checkRoutes(routes, paths);
    const answered = await checkAnswers(routes, paths, await TestApi.start());
    const asked = await checkRequests(paths, await TestApi.start(), Reader, proxmoxSystem);
    console.log(
      `schema ${meta.schemaVersion}: ${routes.length} routes of the lab, ${answered} answers, ${asked.total} requests of the connector in ${asked.kinds.length} forms`,
    );
    for (const kind of asked.kinds) console.log(`  asked: ${kind}`);
    for (const quirk of quirks) console.log(`  differs as documented: ${quirk}`);
    console.log(`  parameters that the lab does not take: ${missing.length}`);
    if (flags.includes('--all')) for (const name of missing) console.log(`    ${name}`);
    for (const mismatch of mismatches) console.log(`MISMATCH ${mismatch}`);
    console.log(`${mismatches.size} mismatches`);
    return mismatches.size === 0 ? 0 : 1;
  } finally {
    await vite.close();
  }
}

function checkRoutes(routes, paths) {
  const missing = [];
  for (const route of routes) {
    const where = `${route.method} ${route.path}`;
    const method = paths[route.path]?.[route.method];
    if (!method) {
      report(where, 'does not exist');
      continue;
    }
    missing.push(...compareParams(route, method, where).map((name) => `${where} ${name}`));
    comparePermission(route, method, where);
  }
  return missing;
}

async function checkAnswers(routes, paths, api) {
  let answered = 0;
  const check = async (method, path, ask) => {
    const official = paths[path]?.[method];
    if (!official) return;
    const data = await api.data(samplePath(path, upid, archive), ask);
    answered++;
    conform(data, official.returns, `${method} ${path}`);
    if (typeof data === 'string' && data.startsWith('UPID:')) {
      const exit = await api.ended(data);
      if (exit !== 'OK') report(`${method} ${path}`, `ended with ${exit}`);
    }
  };
  let upid = '';
  let archive = '';
  try {
    upid = await api.post('/nodes/pve-2/lxc/102/status/reboot');
    await api.ended(upid);
    for (const [method, path, form] of writes.slice(0, 2)) await check(method, path, { method, form });
    await api.ended(await api.post('/nodes/pve-2/vzdump', { vmid: 120, storage: 'nfs-shared' }));
    [{ volid: archive }] = await api.data('/nodes/pve-2/storage/nfs-shared/content?content=backup');
    for (const { method, path } of routes) if (method === 'GET') await check(method, path, {});
    for (const [method, path, form] of writes.slice(2)) await check(method, path, { method, form });
    return answered;
  } finally {
    await api.lab.stop();
  }
}

/** Lets the connector meet everything that makes it ask something: all kinds of guests, failures, limited rights. */
async function checkRequests(paths, api, Reader, system) {
  const { fingerprint } = api.proxmox.connections[0].tls;
  const tokens = [api.token, api.proxmox.cluster.access.tokenText('shop@pve', 'ops')];
  const matchers = Object.keys(paths).map(matcher);
  const kinds = new Set();
  let total = 0;
  try {
    for (const token of tokens) {
      const reader = new Reader({ url: api.origin, token, fingerprint });
      await system.check({ http: reader.http, signal: AbortSignal.timeout(10_000) });
      await reader.poll();
      api.lab.world.updateGuest(120, { paused: true });
      api.lab.world.setGuestStatus(190, 'running', Date.now());
      api.lab.world.setHostOnline('pve-3', false);
      await reader.poll();
      api.lab.world.setHostOnline('pve-3', true);
      reader.advance(3_600_000);
      await reader.poll();
      for (const request of reader.requests) kinds.add(checkRequest(request, paths, matchers));
      total += reader.requests.length;
      await reader.close();
    }
    return { total, kinds: [...kinds].toSorted((a, b) => a.localeCompare(b)) };
  } finally {
    await api.lab.stop();
  }
}

function checkRequest({ method = 'GET', path, query = {} }, paths, matchers) {
  const below = path.replace(/^\/api2\/json/, '');
  // A literal path beats one with placeholders.
  const fitting = matchers.filter(({ pattern, template }) => pattern.test(below) && paths[template][method]);
  const found = fitting.sort((a, b) => a.names.length - b.names.length)[0];
  const where = `connector: ${method} ${found?.template ?? below}`;
  if (!found) {
    report(where, 'does not exist');
    return where;
  }
  const values = { ...query };
  const [, ...parts] = found.pattern.exec(below);
  found.names.forEach((name, index) => (values[name] = decodeURIComponent(parts[index])));
  const { params = {} } = paths[found.template][method];
  for (const [name, value] of Object.entries(values)) {
    const param = params[name] ?? params[name.replace(/\d+$/, '[n]')];
    if (!param) report(where, `sends ${name}, which does not exist`);
    else if (param.type === 'integer' && !/^-?\d+$/.test(String(value)))
      report(where, `sends ${name}=${value}, no integer`);
    else if (param.enum && !param.enum.includes(String(value)))
      report(where, `sends ${name}=${value}, none of the known`);
  }
  for (const [name, param] of Object.entries(params))
    if (!param.optional && !name.endsWith('[n]') && !(name in values)) report(where, `does not send ${name}`);
  return `${method} ${found.template}`;
}

process.exitCode = await main(process.argv.slice(2));
