import { SearchX, X } from 'lucide-react';
import type { ReactNode } from 'react';
import { actionsHere } from '../../app/entity-actions.ts';
import { setParam, useRoute } from '../../app/route.ts';
import { useEngineLive } from '../../app/session-store.ts';
import type { Entity } from '../../../shared/model/entity.ts';
import { Button, IconButton } from '../../ui/button.tsx';
import { EmptyState } from '../../ui/empty-state.tsx';
import { EntityLink } from '../../ui/entity-link.tsx';
import { freshnessClass, FreshnessMark } from '../../ui/freshness.tsx';
import { HostileText } from '../../ui/hostile-text.tsx';
import { KeyValue, type KeyValueRow } from '../../ui/key-value.tsx';
import { RelativeTime } from '../../ui/relative-time.tsx';
import { Section } from '../../ui/section.tsx';
import { StateMark } from '../../ui/state-mark.tsx';
import { healthWords } from '../../ui/words.ts';
import { freshnessOf, type Freshness } from '../../world/freshness.ts';
import { useCalmWorldShape, useWorld, worldStore } from '../../world/store.ts';
import styles from './entity-panel.module.css';
import { attributeFacts, metricFacts, subtitleOf, type Fact } from './facts.ts';
import { ImpactSection } from './impact-section.tsx';
import { LinksSection } from './links-section.tsx';
import { PastSection } from './past-section.tsx';

/**
 * All that is known of one entity, always in the same order: state and reason, facts, why it matters, links and why they
 * are believed, what changed before, actions.
 */
export function EntityPanel({ id }: { readonly id: string }) {
  const entity = useWorld((mirror) => mirror.entities.get(id));
  return (
    <aside className={styles.panel} aria-label="Selected entity">
      {entity ? <Known entity={entity} /> : <Unknown id={id} />}
    </aside>
  );
}

function CloseButton() {
  return (
    <IconButton icon={X} label="Close" keys="escape" side="left" onClick={() => setParam('sel', null)} />
  );
}

function Unknown({ id }: { readonly id: string }) {
  return (
    <>
      <div className={styles.close}>
        <CloseButton />
      </div>
      <EmptyState icon={SearchX} title="Not in the world">
        <p>
          <HostileText mono text={id} />
        </p>
        <p>It went away, or it belongs to another environment.</p>
      </EmptyState>
      <div className={styles.sections}>
        <PastSection id={id} version="gone" />
      </div>
    </>
  );
}

function Known({ entity }: { readonly entity: Entity }) {
  // Impact and links walk the graph: not on every frame of moving numbers.
  useCalmWorldShape();
  const source = useWorld((mirror) => mirror.sources.get(entity.sourceId));
  const freshness = freshnessOf(source, useEngineLive());
  const { id, health } = entity;
  return (
    <>
      <Head entity={entity} freshness={freshness} />
      <div className={styles.sections}>
        <Section title="Facts">
          <KeyValue rows={[...factRows(entity, freshness)]} />
        </Section>
        <Checks entity={entity} />
        <ImpactSection entity={entity} />
        <LinksSection id={id} />
        <PastSection id={id} version={`${health.state} ${health.since}`} causes={health.causes} />
      </div>
      <Actions entity={entity} />
    </>
  );
}

interface HeadProps {
  readonly entity: Entity;
  readonly freshness: Freshness;
}

function Head({ entity, freshness }: HeadProps) {
  const { health, name } = entity;
  const causes = health.causes.flatMap((id) => worldStore.mirror.entities.get(id) ?? []);
  return (
    <header className={`${styles.head} ${freshnessClass(freshness) ?? ''}`}>
      <div className={styles.titleRow}>
        <StateMark state={health.state} size={14} />
        <h2 className={styles.title}>
          <HostileText text={name} />
        </h2>
        <CloseButton />
      </div>
      <p className={styles.subtitle}>
        <HostileText text={subtitleOf(entity)} />
      </p>
      <p className={styles.reason}>
        <strong className={styles[health.state]}>{healthWords[health.state]}</strong>{' '}
        <span className={styles.since}>
          for <RelativeTime at={health.since} form="long" />
        </span>
        {health.reason === undefined ? null : (
          <>
            {': '}
            <HostileText text={health.reason} />
          </>
        )}
      </p>
      {causes.length > 0 ? (
        <p className={styles.causes}>
          <span className={styles.muted}>because of</span>
          {causes.map((cause) => (
            <EntityLink key={cause.id} entity={cause} />
          ))}
        </p>
      ) : null}
    </header>
  );
}

function* factRows(entity: Entity, freshness: Freshness): Generator<KeyValueRow> {
  yield {
    label: 'Source',
    value: (
      <span className={styles.source}>
        <HostileText text={entity.sourceId} />
        <FreshnessMark always freshness={freshness} />
      </span>
    ),
  };
  if (freshness.note !== undefined) yield { label: 'Missing', value: <HostileText text={freshness.note} /> };
  for (const fact of [...attributeFacts(entity), ...metricFacts(entity)])
    yield { label: fact.label, value: <FactValue fact={fact} /> };
  yield { label: 'Id', value: <HostileText mono text={entity.id} /> };
}

function FactValue({ fact }: { readonly fact: Fact }) {
  return <HostileText text={fact.text} mono={fact.mono ?? false} />;
}

/** What the catalogue checks, with its output: the reason in the system's own words. */
function Checks({ entity }: { readonly entity: Entity }): ReactNode {
  const checks = 'checks' in entity.attrs ? entity.attrs.checks : [];
  if (checks.length === 0) return null;
  return (
    <Section title="Checks">
      <ul>
        {checks.map((check) => (
          <li key={check.id} className={styles.check}>
            <StateMark state={checkStates[check.status] ?? 'unknown'} size={10} />
            <HostileText text={check.name} />
            {check.output === '' ? null : (
              <HostileText mono className={styles.output} text={check.output.trim()} />
            )}
          </li>
        ))}
      </ul>
    </Section>
  );
}

const checkStates: Readonly<Record<string, 'healthy' | 'degraded' | 'down' | 'maintenance'>> = {
  passing: 'healthy',
  warning: 'degraded',
  critical: 'down',
  maintenance: 'maintenance',
};

function Actions({ entity }: { readonly entity: Entity }) {
  const { view } = useRoute();
  return (
    <footer className={styles.actions}>
      {actionsHere(view).map(({ id, title, icon, run }) => (
        <Button key={id} icon={icon} onClick={() => run(entity)}>
          {title}
        </Button>
      ))}
    </footer>
  );
}
