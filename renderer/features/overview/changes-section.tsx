import { toErrorData } from '../../../shared/model/error.ts';
import { useTransitions } from '../../app/queries.ts';
import { ErrorNotice } from '../../ui/error-notice.tsx';
import { Section } from '../../ui/section.tsx';
import { TransitionList } from '../../ui/transition-list.tsx';
import { useCalmWorldShape } from '../../world/store.ts';
import { newsOf } from './news.ts';
import styles from './overview.module.css';

const MOST_SHOWN = 20;

/** The latest changes of health over everything. */
export function ChangesSection() {
  const shape = useCalmWorldShape();
  const { data, error } = useTransitions(null, shape);
  const changes = data && newsOf(data).slice(0, MOST_SHOWN);
  return (
    <Section title="Latest changes">
      {error ? <ErrorNotice brief error={toErrorData(error, 'read the latest changes', 'engine')} /> : null}
      {!error && changes === undefined ? <p className={styles.muted}>Reading…</p> : null}
      {changes?.length === 0 ? (
        <p className={styles.muted}>No state has changed since the engine started.</p>
      ) : null}
      {changes && changes.length > 0 ? (
        <TransitionList named label="Latest changes of health" transitions={changes} />
      ) : null}
    </Section>
  );
}
