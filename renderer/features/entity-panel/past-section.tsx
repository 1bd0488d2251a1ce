import { useTransitions } from '../../app/queries.ts';
import { toErrorData } from '../../../shared/model/error.ts';
import { ErrorNotice } from '../../ui/error-notice.tsx';
import { HostileText } from '../../ui/hostile-text.tsx';
import { Section } from '../../ui/section.tsx';
import { TransitionList } from '../../ui/transition-list.tsx';
import { useCalmWorldShape, worldStore } from '../../world/store.ts';
import styles from './entity-panel.module.css';

/** The rest is in the health view's own time; these explain the present. */
const MOST_SHOWN = 8;
const CAUSES_SHOWN = 2;

interface PastSectionProps {
  readonly id: string;
  /** Changes when there may be something new. */
  readonly version: string;
  /** What explains its state: their past is part of the story. */
  readonly causes?: readonly string[];
}

/** What changed before, of the entity and of its nearest causes, since the engine started. */
export function PastSection({ id, version, causes }: PastSectionProps) {
  return (
    <Section title="What changed before">
      <Past id={id} version={version} />
      {causes?.slice(0, CAUSES_SHOWN).map((cause) => (
        <CausePast key={cause} id={cause} />
      ))}
    </Section>
  );
}

function CausePast({ id }: { readonly id: string }) {
  useCalmWorldShape();
  const entity = worldStore.mirror.entities.get(id);
  if (!entity) return null;
  return (
    <div className={styles.causePast}>
      <p className={styles.muted}>
        Its cause <HostileText text={entity.name} />
      </p>
      <Past id={id} version={`${entity.health.state} ${entity.health.since}`} />
    </div>
  );
}

function Past({ id, version }: { readonly id: string; readonly version: string }) {
  const { data, error } = useTransitions(id, version);
  if (error) return <ErrorNotice brief error={toErrorData(error, 'read what changed before', id)} />;
  if (!data) return <p className={styles.muted}>Reading…</p>;
  if (data.length === 0) return <p className={styles.muted}>Nothing since the engine started.</p>;
  return <TransitionList label="Changes of health" transitions={data.slice(0, MOST_SHOWN)} />;
}
