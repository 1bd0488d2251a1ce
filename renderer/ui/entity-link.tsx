import type { Entity } from '../../shared/model/entity.ts';
import { setParam } from '../app/route.ts';
import { cx } from './cx.ts';
import styles from './entity-link.module.css';
import { HostileText } from './hostile-text.tsx';
import { StateMark } from './state-mark.tsx';

interface EntityLinkProps {
  readonly entity: Entity;
  /** Without the mark where the state stands beside it already. */
  readonly bare?: boolean;
  readonly className?: string | undefined;
}

/** An entity by name; a click selects it. */
export function EntityLink({ entity, bare = false, className }: EntityLinkProps) {
  return (
    <button
      type="button"
      className={cx(styles.link, className)}
      onClick={(event) => {
        event.stopPropagation();
        setParam('sel', entity.id);
      }}
    >
      {bare ? null : <StateMark state={entity.health.state} />}
      <HostileText className={styles.name} text={entity.name} />
    </button>
  );
}
