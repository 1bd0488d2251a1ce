import { RefreshCw } from 'lucide-react';
import type { ConnectionStatus } from '../../../shared/model/connection.ts';
import { connectionMark } from '../../app/status-bar.tsx';
import { useRetryConnection } from '../../app/queries.ts';
import { navigate } from '../../app/route.ts';
import { Button } from '../../ui/button.tsx';
import { ErrorNotice } from '../../ui/error-notice.tsx';
import { formatDuration, formatLatency, plural } from '../../ui/format.ts';
import { FreshnessMark } from '../../ui/freshness.tsx';
import { HostileText } from '../../ui/hostile-text.tsx';
import { KeyValue, type KeyValueRow } from '../../ui/key-value.tsx';
import { RelativeTime } from '../../ui/relative-time.tsx';
import { Section } from '../../ui/section.tsx';
import { StateMark } from '../../ui/state-mark.tsx';
import { connectionWords, systemWords } from '../../ui/words.ts';
import { useEngineNow } from '../../world/clock.ts';
import { connectionFreshness, freshnessOf } from '../../world/freshness.ts';
import { worldStore } from '../../world/store.ts';
import styles from './connections.module.css';
import { ConnectionTest } from './connection-test.tsx';

interface ConnectionDetailProps {
  readonly connection: ConnectionStatus;
  readonly live: boolean;
}

/** One connection: state, the last failure with advice, what it costs, its sources, and a test that explains itself. */
export function ConnectionDetail({ connection, live }: ConnectionDetailProps) {
  const { id, system, state, since, error } = connection;
  return (
    <div className={styles.detail}>
      <header className={styles.head}>
        <StateMark state={connectionMark(state, live)} decorative size={14} />
        <h2 className={styles.title}>
          <HostileText text={id} />
        </h2>
        <span className={styles.system}>{systemWords[system]}</span>
        <span className={styles.grow} />
        <RetryButton connection={connection} live={live} />
      </header>
      <p className={styles.since}>
        {live ? connectionWords[state] : 'not known while the engine restarts'}
        {live ? (
          <>
            {' '}
            for <RelativeTime at={since} form="long" />
          </>
        ) : null}
        {live ? <NextAttempt connection={connection} /> : null}
      </p>
      {error === undefined ? null : <ErrorNotice error={error} />}
      <Section title="Facts">
        <KeyValue rows={rowsOf(connection, live)} />
      </Section>
      <Sources id={id} live={live} />
      <ConnectionTest id={id} system={system} live={live} />
    </div>
  );
}

function NextAttempt({ connection }: { readonly connection: ConnectionStatus }) {
  const now = useEngineNow();
  const { nextAttemptAt } = connection;
  if (nextAttemptAt === undefined || connection.state === 'live') return null;
  if (nextAttemptAt <= now) return <>, trying again now</>;
  return <>, next attempt in {formatDuration(Math.ceil((nextAttemptAt - now) / 1_000) * 1_000)}</>;
}

function RetryButton({ connection, live }: ConnectionDetailProps) {
  const retry = useRetryConnection();
  if (!live || connection.state === 'live') return null;
  return (
    <Button
      tone="primary"
      icon={RefreshCw}
      disabled={retry.isPending}
      onClick={() => retry.mutate(connection.id)}
    >
      Try again now
    </Button>
  );
}

function rowsOf(connection: ConnectionStatus, live: boolean): KeyValueRow[] {
  const { url, version, latencyMs, requestsPerMinute, budgetPerMinute, hasSecret, id } = connection;
  let entities = 0;
  for (const { connectionId } of worldStore.mirror.entities.values()) if (connectionId === id) entities++;
  return [
    { label: 'Address', value: <HostileText mono text={url} /> },
    { label: 'Version', value: version === undefined ? 'not known yet' : <HostileText text={version} /> },
    {
      label: 'Last answer',
      value: <FreshnessMark always freshness={connectionFreshness(connection, live)} />,
    },
    { label: 'Latency', value: latencyMs === null ? 'no answer yet' : `${formatLatency(latencyMs)} median` },
    {
      label: 'Requests',
      value: `${Math.round(requestsPerMinute)} in the last minute, of ${budgetPerMinute.toLocaleString('en')} allowed`,
    },
    { label: 'Credentials', value: hasSecret ? 'set' : 'none' },
    {
      label: 'Holds',
      value: (
        <button
          type="button"
          className={styles.link}
          onClick={() => navigate('health', { q: `system:${id}` })}
        >
          {plural(entities, 'entity', 'entities')}
        </button>
      ),
    },
  ];
}

/** What is observed, each with its own rhythm and age. */
function Sources({ id, live }: { readonly id: string; readonly live: boolean }) {
  const sources = [...worldStore.mirror.sources.values()].filter(({ connectionId }) => connectionId === id);
  if (sources.length === 0) return null;
  return (
    <Section title="Sources">
      <table className={styles.table}>
        <thead>
          <tr>
            <th scope="col">What</th>
            <th scope="col">Asked</th>
            <th scope="col">Age</th>
            <th scope="col">Missing</th>
          </tr>
        </thead>
        <tbody>
          {sources.map((source) => (
            <tr key={source.id}>
              <th scope="row">
                <HostileText text={source.scope} />
              </th>
              <td>
                {source.mode === 'watch' ? 'tells by itself' : `every ${formatDuration(source.intervalMs)}`}
              </td>
              <td>
                <FreshnessMark always freshness={freshnessOf(source, live)} />
              </td>
              <td>{source.note === undefined ? '–' : <HostileText text={source.note} />}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Section>
  );
}
