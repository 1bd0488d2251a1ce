import { Unplug } from 'lucide-react';
import { useActivateEnvironment, useEnvironments } from '../../app/queries.ts';
import { useEngineLive } from '../../app/session-store.ts';
import { EmptyState } from '../../ui/empty-state.tsx';
import { Button } from '../../ui/button.tsx';
import { HostileText } from '../../ui/hostile-text.tsx';
import { Page } from '../../ui/section.tsx';
import { causesOf } from '../../world/causes.ts';
import { useCalmWorldRevision, useCalmWorldShape, useWorld, worldStore } from '../../world/store.ts';
import { tallyOf } from '../../world/tally.ts';
import { CausesSection } from './causes-section.tsx';
import { ChangesSection } from './changes-section.tsx';
import { KindsSection } from './kinds-section.tsx';
import styles from './overview.module.css';
import { summaryOf } from './summary.ts';
import { SystemsSection } from './systems-section.tsx';

/** More than these are chosen in the switcher above. */
const MOST_OTHERS = 3;

/** What is wrong now and why, how current that is, what there is, what changed last. */
export function OverviewView() {
  useCalmWorldShape();
  const count = useWorld((mirror) => mirror.connections.size);
  return (
    <Page title="Overview" summary={<Summary />}>
      {count === 0 ? <NoConnections /> : <Body />}
    </Page>
  );
}

function Summary() {
  const { mirror } = worldStore;
  return <>{summaryOf(tallyOf(mirror.entities.values()))}</>;
}

function Body() {
  // Connections tell their state without a change of shape.
  useCalmWorldRevision();
  const live = useEngineLive();
  const { mirror } = worldStore;
  const connections = [...mirror.connections.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  return (
    <div className={styles.scroll}>
      <div className={styles.columns}>
        <div className={styles.wide}>
          <CausesSection causes={causesOf(mirror)} connections={connections} live={live} />
          <SystemsSection connections={connections} live={live} />
        </div>
        <div className={styles.narrow}>
          <KindsSection />
          <ChangesSection />
        </div>
      </div>
    </div>
  );
}

function NoConnections() {
  const activate = useActivateEnvironment();
  const environments = useEnvironments().data ?? [];
  const others = environments.filter(({ active }) => !active).slice(0, MOST_OTHERS);
  return (
    <EmptyState
      icon={Unplug}
      title="This environment has no connections"
      actions={others.map(({ id, name }) => (
        <Button key={id} tone="primary" onClick={() => activate.mutate(id)}>
          Open <HostileText text={name} />
        </Button>
      ))}
    >
      Systems that an environment file names appear here with what is wrong in them. Start Gantry with{' '}
      <code>--env FILE</code> to open one.
    </EmptyState>
  );
}
