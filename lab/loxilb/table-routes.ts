import { textOf, type Fields } from './body.ts';
import { firewallFields } from './firewall.ts';
import type { LoxilbNode } from './node.ts';
import { json, success } from './reply.ts';
import { list, type Route } from './route.ts';
import { ipAddresses, neighbors, ports, routes as routeTable } from './tables.ts';
import { conntrack } from './traffic.ts';

export const addressFields: Fields = {
  dev: { type: 'string', required: true },
  ipAddress: { type: 'string', required: true },
};

export function tableRoutes(node: LoxilbNode): Route[] {
  const none = () => [];
  const fail = json({ result: 'fail' });
  return [
    list(node, '/config/conntrack/all', 'ctAttr', () => conntrack(node)),
    list(node, '/config/port/all', 'portAttr', () => ports(node)),
    list(node, '/config/route/all', 'routeAttr', () => routeTable(node)),
    list(node, '/config/neighbor/all', 'neighborAttr', () => neighbors(node)),
    list(node, '/config/fdb/all', 'fdbAttr', none),
    list(node, '/config/vlan/all', 'vlanAttr', none),
    list(node, '/config/tunnel/vxlan/all', 'vxlanAttr', none),
    list(node, '/config/session/all', 'sessionAttr', none),
    list(node, '/config/sessionulcl/all', 'ulclAttr', none),
    list(node, '/config/policy/all', 'polAttr', none),
    list(node, '/config/mirror/all', 'mirrAttr', none),
    list(node, '/config/ipv4address/all', 'ipAttr', () => ipAddresses(node)),
    {
      method: 'POST',
      path: '/config/ipv4address',
      fields: addressFields,
      // A failure has status 200 here, in every version.
      run: ({ body }) => {
        const device = node.addresses.find(({ dev }) => dev === textOf(body, 'dev'));
        const cidr = textOf(body, 'ipAddress');
        if (!device || !/^\d+(\.\d+){3}\/\d+$/.test(cidr) || device.ipAddress.includes(cidr)) return fail;
        device.ipAddress.push(cidr);
        return success;
      },
    },
    {
      method: 'DELETE',
      path: '/config/ipv4address/*/*/dev/*',
      run: ({ parameters: [ip, mask, name] }) => {
        const device = node.addresses.find(({ dev }) => dev === name);
        const at = device?.ipAddress.indexOf(`${ip}/${mask}`) ?? -1;
        if (!device || at < 0) return fail;
        device.ipAddress.splice(at, 1);
        return success;
      },
    },
    list(node, '/config/firewall/all', 'fwAttr', () => node.firewall.render()),
    {
      method: 'POST',
      path: '/config/firewall',
      fields: firewallFields,
      run: ({ body }) => {
        node.firewall.add(body);
        return success;
      },
    },
    {
      method: 'DELETE',
      path: '/config/firewall',
      run: ({ query }) => {
        node.firewall.remove(query);
        return success;
      },
    },
  ];
}
