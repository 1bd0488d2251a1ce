import type { ReactNode } from 'react';
import styles from './key-value.module.css';

export interface KeyValueRow {
  readonly label: string;
  readonly value: ReactNode;
}

/** Facts: label left, value right of it. */
export function KeyValue({ rows }: { readonly rows: readonly KeyValueRow[] }) {
  return (
    <dl className={styles.list}>
      {rows.map(({ label, value }) => (
        <div key={label} className={styles.row}>
          <dt>{label}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
