import { CoreError, FrameworkError } from './reply.ts';
import type { Route } from './route.ts';

/** The node was started without BGP. */
export function bgpRoutes(): Route[] {
  const routes: readonly (readonly [Route['method'], string])[] = [
    ['GET', '/config/bgp/neigh/all'],
    ['POST', '/config/bgp/neigh'],
    ['DELETE', '/config/bgp/neigh/*'],
    ['POST', '/config/bgp/global'],
    ['GET', '/config/bgp/policy/definedsets/*/*'],
    ['POST', '/config/bgp/policy/definedsets/*'],
    ['DELETE', '/config/bgp/policy/definedsets/*/*'],
    ['GET', '/config/bgp/policy/definitions/all'],
    ['POST', '/config/bgp/policy/definitions'],
    ['DELETE', '/config/bgp/policy/definitions/*'],
    ['POST', '/config/bgp/policy/apply'],
    ['DELETE', '/config/bgp/policy/apply'],
  ];
  return routes.map(([method, path]) => ({
    method,
    path,
    run: () => {
      throw new CoreError('loxilb BGP mode is disabled');
    },
  }));
}

/** Operations that exist in the API and that this node does not have: OAuth is off, and the lab changes no L2/L3 tables. */
export function unregistered(): Route[] {
  const routes: readonly (readonly [Route['method'], string, boolean?])[] = [
    ['GET', '/oauth/*', true],
    ['GET', '/oauth/*/callback', true],
    ['GET', '/oauth/*/token', true],
    ['POST', '/config/import'],
    ['POST', '/config/route'],
    ['DELETE', '/config/route/destinationIPNet/*/*'],
    ['POST', '/config/neighbor'],
    ['DELETE', '/config/neighbor/*/dev/*'],
    ['POST', '/config/fdb'],
    ['DELETE', '/config/fdb/*/dev/*'],
    ['POST', '/config/vlan'],
    ['DELETE', '/config/vlan/*'],
    ['POST', '/config/vlan/*/member'],
    ['DELETE', '/config/vlan/*/member/*/tagged/*'],
    ['POST', '/config/tunnel/vxlan'],
    ['DELETE', '/config/tunnel/vxlan/*'],
    ['POST', '/config/tunnel/vxlan/*/peer'],
    ['DELETE', '/config/tunnel/vxlan/*/peer/*'],
    ['POST', '/config/session'],
    ['DELETE', '/config/session/ident/*'],
    ['POST', '/config/sessionulcl'],
    ['DELETE', '/config/sessionulcl/ident/*/ulclAddress/*'],
    ['POST', '/config/policy'],
    ['DELETE', '/config/policy/ident/*'],
    ['POST', '/config/mirror'],
    ['DELETE', '/config/mirror/ident/*'],
    ['POST', '/config/bfd'],
    ['DELETE', '/config/bfd/remoteIP/*'],
  ];
  return routes.map(([method, path, open]) => ({
    method,
    path,
    ...(open ? { open } : {}),
    run: () => {
      throw new FrameworkError(501, `operation ${method} ${path} has not yet been implemented`);
    },
  }));
}
