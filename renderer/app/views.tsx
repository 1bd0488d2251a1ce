import { HeartPulse, House, Plug, Waypoints, type LucideIcon } from 'lucide-react';
import { lazy, type ComponentType, type LazyExoticComponent } from 'react';

/** A place in the console: one line here, one folder in `features/`. Loaded when first shown. */
export interface View {
  /** As in the URL: `#/<id>`. */
  readonly id: string;
  readonly title: string;
  readonly icon: LucideIcon;
  /** Second key after `g`. */
  readonly key: string;
  readonly Component: LazyExoticComponent<ComponentType>;
}

/** Keeps named exports with React.lazy. */
function lazily(load: () => Promise<ComponentType>): LazyExoticComponent<ComponentType> {
  return lazy(async () => ({ default: await load() }));
}

const overview = lazily(async () => (await import('../features/overview/overview-view.tsx')).OverviewView);
const topology = lazily(async () => (await import('../features/topology/topology-view.tsx')).TopologyView);
const health = lazily(async () => (await import('../features/health/health-view.tsx')).HealthView);
const connections = lazily(
  async () => (await import('../features/connections/connections-view.tsx')).ConnectionsView,
);

export const views: readonly View[] = [
  { id: 'overview', title: 'Overview', icon: House, key: 'o', Component: overview },
  { id: 'topology', title: 'Topology', icon: Waypoints, key: 't', Component: topology },
  { id: 'health', title: 'Health', icon: HeartPulse, key: 'h', Component: health },
  { id: 'connections', title: 'Connections', icon: Plug, key: 'c', Component: connections },
];
