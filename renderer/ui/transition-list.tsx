import { ArrowRight } from 'lucide-react';
import type { HealthState } from '../../shared/model/health.ts';
import type { Transition } from '../../shared/model/world.ts';
import { useCalmWorldShape, worldStore } from '../world/store.ts';
import { EntityLink } from './entity-link.tsx';
import { formatClock, formatExact } from './format.ts';
import { HostileText } from './hostile-text.tsx';
import { StateMark } from './state-mark.tsx';
import styles from './transition-list.module.css';
import { healthWords } from './words.ts';

interface TransitionListProps {
  readonly label: string;
  readonly transitions: readonly Transition[];
  /** Names the entity in each line, for lists over many. */
  readonly named?: boolean;
}

/** Changes of health, newest first: when, from what to what, and why. */
export function TransitionList({ label, transitions, named = false }: TransitionListProps) {
  return (
    <ol className={styles.list} aria-label={label}>
      {transitions.map((transition) => (
        <li key={`${transition.at} ${transition.entityId} ${transition.to}`} className={styles.line}>
          <time dateTime={new Date(transition.at).toISOString()} title={formatExact(transition.at)}>
            {formatClock(transition.at)}
          </time>
          <Change from={transition.from} to={transition.to} />
          <span className={styles.words}>
            {named ? <Name id={transition.entityId} /> : null}
            <span className={styles.reason}>
              {named ? null : <span className={styles.state}>{changeWords(transition)}</span>}
              {transition.reason === undefined ? null : <HostileText text={transition.reason} />}
              {named && transition.reason === undefined ? changeWords(transition) : null}
            </span>
          </span>
        </li>
      ))}
    </ol>
  );
}

function changeWords({ from, to }: Transition): string {
  if (to === null) return 'went away';
  return from === null ? `first seen, ${healthWords[to]}` : healthWords[to];
}

function Change({ from, to }: { readonly from: HealthState | null; readonly to: HealthState | null }) {
  return (
    <span className={styles.change}>
      {from === null ? <span className={styles.none}>new</span> : <StateMark state={from} size={10} />}
      <ArrowRight size={10} aria-label="to" className={styles.arrow} />
      {to === null ? <span className={styles.none}>gone</span> : <StateMark state={to} size={10} />}
    </span>
  );
}

/** The entity, to click while it is still there; else its id. */
function Name({ id }: { readonly id: string }) {
  useCalmWorldShape();
  const entity = worldStore.mirror.entities.get(id);
  return entity ? <EntityLink bare entity={entity} /> : <HostileText mono text={id} />;
}
