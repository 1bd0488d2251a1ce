import {
  filtered,
  fitsNodeMeta,
  listing,
  mayReadCheck,
  mayReadService,
  nearFirst,
  required,
  type ConsulLab,
} from './context.ts';
import { meshEndpoints } from './catalog-routes.ts';
import { ConsulFailure } from './errors.ts';
import type { Call, Route } from './http.ts';
import type { CheckRow, ServiceRow } from './rows.ts';
import { printCheck, printService } from './shapes.ts';

const CHECK_SELECTORS =
  'CheckID Name Node Notes Output ServiceID ServiceName ServiceTags Status Type Definition PeerName'.split(
    ' ',
  );
const ENTRY_SELECTORS = ['Node', 'Service', 'Checks'];

export function healthRoutes(lab: ConsulLab): Route[] {
  const { state } = lab;
  return [
    listing(lab, 'GET', '/v1/health/node/:node', (call) => {
      const name = required(call.params['node'], 'Missing node name');
      return {
        index: () => state.indexOf('checks'),
        read: () => checks(lab, call, state.checksOf(state.findNode(name)?.Node ?? name)),
      };
    }),
    listing(lab, 'GET', '/v1/health/checks/:service', (call) => {
      const name = required(call.params['service'], 'Missing service name').toLowerCase();
      return {
        index: () => state.serviceIndex(name),
        read: () =>
          checks(
            lab,
            call,
            all(lab).filter((row) => row.ServiceName.toLowerCase() === name),
          ),
      };
    }),
    listing(lab, 'GET', '/v1/health/state/:state', (call) => {
      const wanted = required(call.params['state'], 'Missing check state');
      return {
        index: () => state.indexOf('checks'),
        read: () =>
          checks(
            lab,
            call,
            all(lab).filter((row) => wanted === 'any' || row.Status === wanted),
          ),
      };
    }),
    entriesRoute(lab, '/v1/health/service/:service', (name) => state.instancesOf(name)),
    entriesRoute(lab, '/v1/health/connect/:service', (name) => meshEndpoints(lab, name)),
    // No ingress gateways in the lab.
    entriesRoute(lab, '/v1/health/ingress/:service', () => []),
  ];
}

function entriesRoute(lab: ConsulLab, pattern: string, find: (name: string) => ServiceRow[]): Route {
  return listing(lab, 'GET', pattern, (call) => {
    const name = required(call.params['service'], 'Missing service name');
    const passing = passingOnly(call);
    return {
      index: () =>
        pattern.includes('/service/')
          ? lab.state.serviceIndex(name)
          : lab.state.indexOf('services', 'checks'),
      read: () => entries(lab, call, find(name), passing),
      streaming: !pattern.includes('/ingress/'),
    };
  });
}

function passingOnly(call: Call): boolean {
  const text = call.query.get('passing');
  if (text === null) return false;
  if (['', '1', 't', 'true', 'True', 'TRUE', 'T'].includes(text)) return true;
  if (['0', 'f', 'false', 'False', 'FALSE', 'F'].includes(text)) return false;
  throw new ConsulFailure(400, 'Invalid value for ?passing');
}

/** Instances with node and checks, as `/health/service` prints them. */
export function entries(lab: ConsulLab, call: Call, rows: ServiceRow[], passing: boolean) {
  const acl = call.acl();
  const tags = call.query.getAll('tag');
  const fitting = nearFirst(
    call,
    acl
      .visible(rows, mayReadService(acl))
      .filter((row) => tags.every((tag) => row.Tags.includes(tag)))
      .filter((row) => fitsNodeMeta(call, lab.state.nodes.get(row.Node)))
      .sort((a, b) => (`${a.Node}\n${a.ID}` < `${b.Node}\n${b.ID}` ? -1 : 1)),
  );
  const made = fitting.map((row) => ({
    Node: lab.state.nodes.get(row.Node),
    Service: printService(row),
    Checks: sorted(lab.state.checksFor(row)).map(printCheck),
  }));
  const kept = passing
    ? made.filter((entry) => entry.Checks.every((check) => check.Status === 'passing'))
    : made;
  return filtered(call, kept, ENTRY_SELECTORS);
}

function checks(lab: ConsulLab, call: Call, rows: CheckRow[]) {
  const acl = call.acl();
  const fitting = acl
    .visible(rows, mayReadCheck(acl))
    .filter((row) => fitsNodeMeta(call, lab.state.nodes.get(row.Node)));
  return filtered(call, nearFirst(call, sorted(fitting)).map(printCheck), CHECK_SELECTORS);
}

function all(lab: ConsulLab): CheckRow[] {
  return [...lab.state.checks.values()];
}

function sorted(rows: CheckRow[]): CheckRow[] {
  return [...rows].sort((a, b) => (`${a.Node}\n${a.CheckID}` < `${b.Node}\n${b.CheckID}` ? -1 : 1));
}
