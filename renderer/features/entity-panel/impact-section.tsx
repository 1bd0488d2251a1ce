import type { Entity } from '../../../shared/model/entity.ts';
import { EntityLink } from '../../ui/entity-link.tsx';
import { plural } from '../../ui/format.ts';
import { Section } from '../../ui/section.tsx';
import { worldStore } from '../../world/store.ts';
import styles from './entity-panel.module.css';
import { impactWords } from './impact-words.ts';
import { impactsOf } from './impact.ts';

/** Enough to decide by; the map shows all of them. */
const MOST_SHOWN = 6;

/** Why it matters: what depends on it, and what is left of that. Rendered anew by the panel on each change. */
export function ImpactSection({ entity }: { readonly entity: Entity }) {
  const failing = entity.health.state === 'down' || entity.health.state === 'degraded';
  const { shown, total, guests } = impactsOf(worldStore.mirror, entity.id, MOST_SHOWN);
  return (
    <Section title="Why it matters">
      {shown.length === 0 && guests === 0 ? (
        <p className={styles.muted}>Nothing that Gantry knows of depends on it.</p>
      ) : (
        <ul className={`${styles.impact} ${failing ? (styles[`tint-${entity.health.state}`] ?? '') : ''}`}>
          {failing ? null : <li className={styles.muted}>If it fails:</li>}
          {shown.map((impact) => (
            <li key={impact.entity.id}>
              <EntityLink entity={impact.entity} className={styles.strong} />{' '}
              <span>{impactWords(impact, failing)}</span>
            </li>
          ))}
          {guests > 0 ? (
            <li>
              {plural(guests, 'guest')} {failing ? 'on it' : 'would stop with it'}
            </li>
          ) : null}
          {total > shown.length ? (
            <li className={styles.muted}>and {plural(total - shown.length, 'more', 'more')}</li>
          ) : null}
        </ul>
      )}
    </Section>
  );
}
