import { Unplug } from 'lucide-react';
import type { ConnectionStatus } from '../../../shared/model/connection.ts';
import { connectionMark } from '../../app/status-bar.tsx';
import { setParam, useParam } from '../../app/route.ts';
import { useEngineLive } from '../../app/session-store.ts';
import { EmptyState } from '../../ui/empty-state.tsx';
import { plural } from '../../ui/format.ts';
import { HostileText } from '../../ui/hostile-text.tsx';
import { Page } from '../../ui/section.tsx';
import { StateMark } from '../../ui/state-mark.tsx';
import { connectionWords, systemWords } from '../../ui/words.ts';
import { useCalmWorldRevision, worldStore } from '../../world/store.ts';
import { ConnectionDetail } from './connection-detail.tsx';
import styles from './connections.module.css';

/** The roads to the systems: a list, and beside it all about one (`c=` in the URL). */
export function ConnectionsView() {
  useCalmWorldRevision();
  const live = useEngineLive();
  const chosen = useParam('c');
  const { mirror } = worldStore;
  const connections = [...mirror.connections.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  const current = (chosen === null ? undefined : mirror.connections.get(chosen)) ?? worstOf(connections);
  const answering = connections.filter(({ state }) => state === 'live').length;
  return (
    <Page
      title="Connections"
      summary={
        connections.length === 0 ? null : `${answering} of ${plural(connections.length, 'connection')} live`
      }
    >
      {current ? (
        <div className={styles.columns}>
          <ul className={styles.list} aria-label="All connections">
            {connections.map((connection) => (
              <li key={connection.id}>
                <ConnectionRow connection={connection} current={connection === current} live={live} />
              </li>
            ))}
          </ul>
          <ConnectionDetail key={current.id} connection={current} live={live} />
        </div>
      ) : (
        <EmptyState icon={Unplug} title="This environment has no connections">
          An environment file names them: start Gantry with <code>--env FILE</code>.
        </EmptyState>
      )}
    </Page>
  );
}

/** What wants looking at first: the first one in trouble, else the first. */
function worstOf(connections: readonly ConnectionStatus[]): ConnectionStatus | undefined {
  return connections.find(({ state }) => state !== 'live') ?? connections[0];
}

interface ConnectionRowProps {
  readonly connection: ConnectionStatus;
  readonly current: boolean;
  readonly live: boolean;
}

function ConnectionRow({ connection, current, live }: ConnectionRowProps) {
  const { id, system, state } = connection;
  return (
    <button type="button" className={styles.row} aria-current={current} onClick={() => setParam('c', id)}>
      <StateMark state={connectionMark(state, live)} decorative />
      <HostileText className={styles.name} text={id} />
      <span className={styles.system}>{systemWords[system]}</span>
      <span className={styles.state}>{live ? connectionWords[state] : 'not known'}</span>
    </button>
  );
}
