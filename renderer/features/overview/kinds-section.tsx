import type { EntityKind } from '../../../shared/model/entity.ts';
import type { HealthState } from '../../../shared/model/health.ts';
import { navigate } from '../../app/route.ts';
import { Section } from '../../ui/section.tsx';
import { StateMark } from '../../ui/state-mark.tsx';
import { healthWords, kindWords } from '../../ui/words.ts';
import { useCalmWorldShape, worldStore } from '../../world/store.ts';
import { tallyOf, type StateCounts } from '../../world/tally.ts';
import styles from './overview.module.css';

const states: readonly HealthState[] = ['down', 'degraded', 'unknown', 'maintenance', 'healthy'];

/** How many there are of each kind, by state; each number opens that list. */
export function KindsSection() {
  useCalmWorldShape();
  const { byKind } = tallyOf(worldStore.mirror.entities.values());
  if (byKind.length === 0) return null;
  return (
    <Section title="What there is">
      <table className={styles.table}>
        <thead>
          <tr>
            <th scope="col">Kind</th>
            {states.map((state) => (
              <th key={state} scope="col" className={styles.number}>
                <StateMark state={state} size={10} />
              </th>
            ))}
            <th scope="col" className={styles.number}>
              All
            </th>
          </tr>
        </thead>
        <tbody>
          {byKind.map(({ kind, total, byState }) => (
            <KindRow key={kind} kind={kind} total={total} byState={byState} />
          ))}
        </tbody>
      </table>
    </Section>
  );
}

interface KindRowProps {
  readonly kind: EntityKind;
  readonly total: number;
  readonly byState: StateCounts;
}

function KindRow({ kind, total, byState }: KindRowProps) {
  const many = kindWords[kind].many;
  return (
    <tr>
      <th scope="row">
        <button
          type="button"
          className={styles.rowLink}
          onClick={() => navigate('health', { q: `type:${kind}` })}
        >
          {many}
        </button>
      </th>
      {states.map((state) => (
        <td key={state} className={styles.number}>
          {byState[state] === 0 ? (
            <span className={styles.nothing}>–</span>
          ) : (
            <button
              type="button"
              className={styles[`count-${state}`]}
              aria-label={`${byState[state]} ${many} ${healthWords[state]}`}
              onClick={() => navigate('health', { q: `type:${kind} health:${state}` })}
            >
              {byState[state].toLocaleString('en')}
            </button>
          )}
        </td>
      ))}
      <td className={styles.number}>{total.toLocaleString('en')}</td>
    </tr>
  );
}
