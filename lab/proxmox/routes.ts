import { accessRoutes } from './access-routes.ts';
import { agentRoutes } from './agent-routes.ts';
import { backupRoutes } from './backup-routes.ts';
import { clusterRoutes } from './cluster-routes.ts';
import { detailRoutes } from './detail-routes.ts';
import { firewallRoutes } from './firewall-routes.ts';
import { guestRoutes, interfaceRoute } from './guest-routes.ts';
import { haRoutes } from './ha-routes.ts';
import { lookupRoutes } from './lookup-routes.ts';
import { moveRoutes } from './move-routes.ts';
import { nodeRoutes } from './node-routes.ts';
import { powerRoutes } from './power-routes.ts';
import { reportRoutes } from './report-routes.ts';
import type { Route } from './route.ts';
import { snapshotRoutes } from './snapshot-routes.ts';
import { taskRoutes } from './task-routes.ts';

/** Every call this stand-in answers. */
export const routes: readonly Route[] = [
  ...clusterRoutes,
  ...accessRoutes,
  ...haRoutes,
  ...nodeRoutes,
  ...taskRoutes,
  ...guestRoutes,
  interfaceRoute,
  ...agentRoutes,
  ...powerRoutes,
  ...snapshotRoutes,
  ...moveRoutes,
  ...backupRoutes,
  ...firewallRoutes,
  ...detailRoutes,
  ...lookupRoutes,
  ...reportRoutes,
];
