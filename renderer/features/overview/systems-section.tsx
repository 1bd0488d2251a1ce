import type { ConnectionStatus } from '../../../shared/model/connection.ts';
import { connectionMark } from '../../app/status-bar.tsx';
import { navigate } from '../../app/route.ts';
import { cx } from '../../ui/cx.ts';
import { formatLatency } from '../../ui/format.ts';
import { freshnessClass, FreshnessMark } from '../../ui/freshness.tsx';
import { HostileText } from '../../ui/hostile-text.tsx';
import { Section } from '../../ui/section.tsx';
import { StateMark } from '../../ui/state-mark.tsx';
import { connectionWords, systemWords } from '../../ui/words.ts';
import { connectionFreshness } from '../../world/freshness.ts';
import { useCalmWorldShape, worldStore } from '../../world/store.ts';
import styles from './overview.module.css';

interface SystemsSectionProps {
  readonly connections: readonly ConnectionStatus[];
  readonly live: boolean;
}

/** Each system: whether it answers, how old its word is, how much it holds, what it costs to ask. */
export function SystemsSection({ connections, live }: SystemsSectionProps) {
  useCalmWorldShape();
  const counts = new Map<string, number>();
  for (const { connectionId } of worldStore.mirror.entities.values())
    counts.set(connectionId, (counts.get(connectionId) ?? 0) + 1);
  return (
    <Section title="Systems">
      <table className={styles.table}>
        <thead>
          <tr>
            <th scope="col">Connection</th>
            <th scope="col">System</th>
            <th scope="col">State</th>
            <th scope="col" className={styles.number}>
              Age
            </th>
            <th scope="col" className={styles.number}>
              Entities
            </th>
            <th scope="col" className={styles.number}>
              Latency
            </th>
            <th scope="col" className={cx(styles.number, styles.extra)}>
              Requests/min
            </th>
          </tr>
        </thead>
        <tbody>
          {connections.map((connection) => (
            <SystemRow
              key={connection.id}
              connection={connection}
              live={live}
              entities={counts.get(connection.id) ?? 0}
            />
          ))}
        </tbody>
      </table>
    </Section>
  );
}

interface SystemRowProps {
  readonly connection: ConnectionStatus;
  readonly live: boolean;
  readonly entities: number;
}

function SystemRow({ connection, live, entities }: SystemRowProps) {
  const { id, system, state, version, latencyMs, requestsPerMinute, budgetPerMinute } = connection;
  const freshness = connectionFreshness(connection, live);
  return (
    <tr>
      <th scope="row">
        <button type="button" className={styles.rowLink} onClick={() => navigate('connections', { c: id })}>
          <StateMark state={connectionMark(state, live)} decorative />
          <HostileText text={id} />
        </button>
      </th>
      <td>
        {systemWords[system]}{' '}
        {version === undefined ? null : <HostileText className={styles.version} text={version} />}
      </td>
      <td>{live ? connectionWords[state] : 'not known'}</td>
      <td className={styles.number}>
        <FreshnessMark always freshness={freshness} />
      </td>
      <td className={cx(styles.number, freshness.state === 'stale' && freshnessClass(freshness))}>
        {freshness.state === 'never' ? '–' : entities.toLocaleString('en')}
      </td>
      <td className={styles.number}>{latencyMs === null ? '–' : formatLatency(latencyMs)}</td>
      <td className={cx(styles.number, styles.extra)}>
        {Math.round(requestsPerMinute)}{' '}
        <span className={styles.muted}>of {budgetPerMinute.toLocaleString('en')}</span>
      </td>
    </tr>
  );
}
