import type { ConsulLab } from './context.ts';

/** `/agent/metrics`: the names worth charting, with the lab's own numbers. */
export function metricsJson(lab: ConsulLab) {
  const seconds = Math.floor(lab.now() / 10_000) * 10;
  const stamp = new Date(seconds * 1_000).toISOString().replace('T', ' ').replace('.000Z', ' +0000 UTC');
  return {
    Timestamp: stamp,
    Gauges: gauges(lab).map(([name, value]) => ({ Name: `consul.${name}`, Value: value, Labels: {} })),
    Points: [],
    Counters: [
      ['rpc.request', 120],
      ['rpc.query', 90],
      ['raft.apply', 4],
    ].map(([name, count]) => ({
      Name: `consul.${name}`,
      Count: count,
      Rate: Number(count) / 10,
      Sum: count,
      Min: 1,
      Max: 1,
      Mean: 1,
      Stddev: 0,
      Labels: {},
    })),
    Samples: [
      {
        Name: 'consul.raft.commitTime',
        Count: 4,
        Rate: 1.4,
        Sum: 14,
        Min: 2.1,
        Max: 5.2,
        Mean: 3.5,
        Stddev: 1.1,
        Labels: {},
      },
    ],
  };
}

/** The Prometheus form: dots and dashes become underscores. */
export function metricsText(lab: ConsulLab): string {
  return gauges(lab)
    .map(([name, value]) => {
      const metric = `consul_${name.replaceAll(/[.-]/g, '_')}`;
      return `# HELP ${metric} ${metric}\n# TYPE ${metric} gauge\n${metric} ${value}\n`;
    })
    .join('');
}

function gauges(lab: ConsulLab): [string, number][] {
  const { state, cluster } = lab;
  return [
    ['autopilot.healthy', cluster.failureTolerance() > 0 ? 1 : 0],
    ['autopilot.failure_tolerance', cluster.failureTolerance()],
    ['raft.applied_index', state.index],
    ['raft.last_index', state.index],
    ['runtime.alloc_bytes', 48_120_344],
    ['runtime.num_goroutines', 187],
    ['server.isLeader', cluster.leader() === undefined ? 0 : 1],
    ['state.nodes', state.nodes.size],
    ['state.services', new Set([...state.services.values()].map((row) => row.Service)).size],
    ['state.service_instances', state.services.size],
    ['state.kv_entries', lab.kv.size],
  ];
}
