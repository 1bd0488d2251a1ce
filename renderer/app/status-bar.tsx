import type { ConnectionState, ConnectionStatus } from '../../shared/model/connection.ts';
import type { HealthState } from '../../shared/model/health.ts';
import { formatBytes, formatFineFraction } from '../ui/format.ts';
import { FreshnessMark } from '../ui/freshness.tsx';
import { HostileText } from '../ui/hostile-text.tsx';
import { StateMark } from '../ui/state-mark.tsx';
import { connectionWords, systemWords } from '../ui/words.ts';
import { connectionFreshness } from '../world/freshness.ts';
import { useCalmWorldRevision, worldStore } from '../world/store.ts';
import { navigate } from './route.ts';
import { useEngineLive, useSession } from './session-store.ts';
import styles from './status-bar.module.css';
import { statusChips } from './status-chips.ts';

/** As many as one line takes; the connections page has all. */
const MOST_CHIPS = 8;

/** The foot of the console: how fresh each system is, what Gantry asks of them, what it costs itself. */
export function StatusBar() {
  useCalmWorldRevision();
  const live = useEngineLive();
  const { shown, hidden } = statusChips(worldStore.mirror.connections.values(), MOST_CHIPS);
  return (
    <footer className={styles.bar}>
      <ul className={styles.chips} aria-label="Connections">
        {shown.map((connection) => (
          <li key={connection.id}>
            <ConnectionChip connection={connection} live={live} />
          </li>
        ))}
        {hidden > 0 ? (
          <li>
            <button type="button" className={styles.chip} onClick={() => navigate('connections')}>
              +{hidden} more
            </button>
          </li>
        ) : null}
      </ul>
      <EngineCost />
    </footer>
  );
}

const marks: Readonly<Record<ConnectionState, HealthState>> = {
  live: 'healthy',
  late: 'degraded',
  connecting: 'unknown',
  stale: 'degraded',
  down: 'down',
  forbidden: 'down',
};

/** The mark of a connection: of the road to a system, not of what that system says. */
export function connectionMark(state: ConnectionState, engineLive: boolean): HealthState {
  return engineLive ? marks[state] : 'unknown';
}

interface ConnectionChipProps {
  readonly connection: ConnectionStatus;
  readonly live: boolean;
}

function ConnectionChip({ connection, live }: ConnectionChipProps) {
  const { id, system, state, lastAnswerAt } = connection;
  const words = state === 'down' || state === 'forbidden' || state === 'connecting';
  // Silence of a system that tells by itself is no age: nothing changed.
  const tellsByItself = live && state === 'live' && isWatched(id);
  return (
    <button
      type="button"
      className={styles.chip}
      title={`${systemWords[system]} ${connection.url}`}
      onClick={() => navigate('connections', { c: id })}
    >
      <StateMark state={connectionMark(state, live)} decorative size={10} />
      <HostileText text={id} />
      {words && live ? <span className={styles.state}>{connectionWords[state]}</span> : null}
      {(words && live && lastAnswerAt === null) || state === 'connecting' ? null : tellsByItself ? (
        <span className={styles.state}>{connectionWords.live}</span>
      ) : (
        <FreshnessMark always freshness={connectionFreshness(connection, live)} />
      )}
    </button>
  );
}

function isWatched(connectionId: string): boolean {
  const sources = [...worldStore.mirror.sources.values()].filter(
    (source) => source.connectionId === connectionId,
  );
  return sources.length > 0 && sources.every(({ mode }) => mode === 'watch');
}

function EngineCost() {
  const stats = useSession((session) => session.stats);
  if (!stats) return null;
  return (
    <div className={styles.cost}>
      <span title="Requests made to managed systems, over the last 10 s">
        {stats.requestsPerSecond.toFixed(1)} req/s to systems
      </span>
      <span title="The engine process: share of one core, resident memory">
        engine {formatFineFraction(stats.cpuFraction)} · {formatBytes(stats.memoryBytes)}
      </span>
    </div>
  );
}
