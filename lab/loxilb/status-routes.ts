import type { LoxilbNode } from './node.ts';
import { meta } from './meta.ts';
import { hasJsonMetrics, Metrics, nodeGraph } from './metrics.ts';
import { versionAnswer } from './profile.ts';
import { FrameworkError, json, success, type Reply } from './reply.ts';
import { list, type Route } from './route.ts';
import { device, filesystems, logArchive, logArchives, logs, processes } from './status.ts';

export function statusRoutes(node: LoxilbNode): Route[] {
  return [
    {
      method: 'GET',
      path: '/version',
      since: '0.9.8.4',
      open: true,
      run: () => json(versionAnswer(node.profile)),
    },
    { method: 'GET', path: '/meta', since: '0.9.8.4', open: true, run: () => json(meta()) },
    { method: 'GET', path: '/status/device', run: () => json(device(node)) },
    list(node, '/status/process', 'processAttr', () => processes(node)),
    list(node, '/status/filesystem', 'filesystemAttr', filesystems),
    { method: 'GET', path: '/logs', since: '0.9.8.4', run: ({ query }) => logs(node, query) },
    { method: 'GET', path: '/log-archives', since: '0.9.8.4', run: () => logArchives(node) },
    {
      method: 'GET',
      path: '/log-archives/*',
      since: '0.9.8.4',
      run: ({ parameters: [name = ''] }) => logArchive(name),
    },
    {
      method: 'GET',
      path: '/nodegraph/*',
      since: '0.9.8.4',
      run: ({ parameters: [name = ''] }) => nodeGraph(node, name === 'all' ? undefined : name),
    },
  ];
}

export function metricsRoutes(node: LoxilbNode): Route[] {
  const metrics = new Metrics(node);
  const toggle = (on: boolean): Reply => {
    if (node.prometheus === on) {
      return json({ result: `Prometheus is already ${on ? 'enabled' : 'disabled'}.` });
    }
    node.prometheus = on;
    return success;
  };
  return [
    { method: 'GET', path: '/metrics', run: () => metrics.text() },
    { method: 'GET', path: '/config/metrics', run: () => json({ prometheus: node.prometheus }) },
    { method: 'POST', path: '/config/metrics', run: () => toggle(true) },
    { method: 'DELETE', path: '/config/metrics', run: () => toggle(false) },
    {
      method: 'GET',
      path: '/metrics/*',
      run: ({ parameters: [name = ''] }) => {
        const reply = hasJsonMetrics(node) ? metrics.part(name) : undefined;
        if (!reply) throw new FrameworkError(404, `path /netlox/v1/metrics/${name} was not found`);
        return reply;
      },
    },
  ];
}
