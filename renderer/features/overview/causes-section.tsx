import { ChevronRight, CircleCheck, CircleDashed } from 'lucide-react';
import { useState } from 'react';
import type { ConnectionStatus } from '../../../shared/model/connection.ts';
import type { Entity } from '../../../shared/model/entity.ts';
import { setParam, navigate, useParam } from '../../app/route.ts';
import { Button } from '../../ui/button.tsx';
import { cx } from '../../ui/cx.ts';
import { EntityLink } from '../../ui/entity-link.tsx';
import { plural } from '../../ui/format.ts';
import { FreshnessMark } from '../../ui/freshness.tsx';
import { HostileText } from '../../ui/hostile-text.tsx';
import { RelativeTime } from '../../ui/relative-time.tsx';
import { Section } from '../../ui/section.tsx';
import { StateMark } from '../../ui/state-mark.tsx';
import { connectionWords, healthWords, kindWords, systemWords } from '../../ui/words.ts';
import type { Cause } from '../../world/causes.ts';
import { connectionFreshness } from '../../world/freshness.ts';
import { worldStore } from '../../world/store.ts';
import { tallyOf } from '../../world/tally.ts';
import styles from './overview.module.css';
import { calmWords } from './summary.ts';

/** A page of causes; past it the health view has the whole list. */
const MOST_CAUSES = 25;
const MOST_AFFECTED = 8;

interface CausesSectionProps {
  readonly causes: readonly Cause[];
  readonly connections: readonly ConnectionStatus[];
  readonly live: boolean;
}

/** What is wrong now, one row for each thing to fix, with what it affects. */
export function CausesSection({ causes, connections, live }: CausesSectionProps) {
  const shown = causes.slice(0, MOST_CAUSES);
  const aside = causes.length === 0 ? null : plural(causes.length, 'cause');
  return (
    <Section title="Wrong now" aside={aside}>
      {causes.length === 0 ? (
        <Calm connections={connections} live={live} />
      ) : (
        <ul className={styles.causes}>
          {shown.map((cause) =>
            cause.type === 'entity' ? (
              <EntityCause key={cause.entity.id} entity={cause.entity} affected={cause.affected} />
            ) : (
              <ConnectionCause
                key={cause.connection.id}
                connection={cause.connection}
                count={cause.staleCount}
                live={live}
              />
            ),
          )}
        </ul>
      )}
      {causes.length > shown.length ? (
        <Button tone="quiet" className={styles.more} onClick={() => navigate('health', { q: 'health:bad' })}>
          Show all in health
        </Button>
      ) : null}
    </Section>
  );
}

function Calm({ connections, live }: Omit<CausesSectionProps, 'causes'>) {
  const behind = connections.filter(({ state }) => !live || state !== 'live').length;
  const unanswered = connections.filter(({ lastAnswerAt }) => lastAnswerAt === null).length;
  const words = calmWords(tallyOf(worldStore.mirror.entities.values()), behind, unanswered);
  const Icon = words.certain ? CircleCheck : CircleDashed;
  return (
    <div className={cx(styles.calm, words.certain && styles.certain)}>
      <Icon size={20} strokeWidth={1.75} aria-hidden />
      <div>
        <p className={styles.calmTitle}>{words.title}</p>
        <p className={styles.muted}>{words.text}</p>
      </div>
    </div>
  );
}

interface EntityCauseProps {
  readonly entity: Entity;
  readonly affected: readonly Entity[];
}

function EntityCause({ entity, affected }: EntityCauseProps) {
  const [open, setOpen] = useState(false);
  const selected = useParam('sel') === entity.id;
  const shown = open ? affected : affected.slice(0, MOST_AFFECTED);
  const { health, kind } = entity;
  return (
    <li className={cx(styles.cause, styles[`is-${health.state}`], selected && styles.selected)}>
      <div className={styles.causeHead}>
        <StateMark state={health.state} size={14} />
        <button type="button" className={styles.causeName} onClick={() => setParam('sel', entity.id)}>
          <HostileText text={entity.name} />
        </button>
        <span className={styles.kind}>{kindWords[kind].one}</span>
        <span className={styles.since}>
          {healthWords[health.state]} for <RelativeTime at={health.since} form="long" />
        </span>
      </div>
      <p className={styles.causeReason}>
        {health.reason === undefined ? 'No reason was given.' : <HostileText text={health.reason} />}
      </p>
      {affected.length === 0 ? null : (
        <div className={styles.affected}>
          <span className={styles.muted}>affects {affected.length.toLocaleString('en')}</span>
          {shown.map((other) => (
            <EntityLink key={other.id} entity={other} />
          ))}
          {affected.length > shown.length ? (
            <button type="button" className={styles.expand} onClick={() => setOpen(true)}>
              {affected.length - shown.length} more <ChevronRight size={12} aria-hidden />
            </button>
          ) : null}
        </div>
      )}
    </li>
  );
}

interface ConnectionCauseProps {
  readonly connection: ConnectionStatus;
  readonly count: number;
  readonly live: boolean;
}

function ConnectionCause({ connection, count, live }: ConnectionCauseProps) {
  const { id, system, state, since, error } = connection;
  return (
    <li className={cx(styles.cause, styles['is-connection'])}>
      <div className={styles.causeHead}>
        <StateMark state={state === 'stale' ? 'degraded' : 'down'} size={14} />
        <button type="button" className={styles.causeName} onClick={() => navigate('connections', { c: id })}>
          <HostileText text={id} />
        </button>
        <span className={styles.kind}>{systemWords[system]} connection</span>
        <span className={styles.since}>
          {connectionWords[state]} for <RelativeTime at={since} form="long" />
        </span>
      </div>
      <p className={styles.causeReason}>
        {error === undefined ? 'It does not answer.' : <HostileText text={error.advice} />}
      </p>
      <div className={styles.affected}>
        <span className={styles.muted}>
          {count === 0
            ? 'nothing of it was ever seen'
            : `${plural(count, 'entity is', 'entities are')} shown as last seen`}
        </span>
        <FreshnessMark always freshness={connectionFreshness(connection, live)} />
      </div>
    </li>
  );
}
