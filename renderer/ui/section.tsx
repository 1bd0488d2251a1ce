import { useId, type ReactNode } from 'react';
import { cx } from './cx.ts';
import styles from './section.module.css';

interface SectionProps {
  readonly title: string;
  /** At the right end of the heading: a count, a small button. */
  readonly aside?: ReactNode;
  readonly className?: string | undefined;
  readonly children: ReactNode;
}

/** A part of a page or panel under a heading in small capitals. */
export function Section({ title, aside, className, children }: SectionProps) {
  const id = useId();
  return (
    <section aria-labelledby={id} className={cx(styles.section, className)}>
      <header className={styles.heading}>
        <h2 id={id}>{title}</h2>
        {aside === undefined ? null : <div className={styles.aside}>{aside}</div>}
      </header>
      {children}
    </section>
  );
}

interface PageProps {
  readonly title: string;
  /** Filters and switches, after the title. */
  readonly tools?: ReactNode;
  /** Counts, at the right end. */
  readonly summary?: ReactNode;
  readonly children: ReactNode;
}

/** A view: a bar with its title and tools, and the rest below. */
export function Page({ title, tools, summary, children }: PageProps) {
  return (
    <div className={styles.page}>
      <header className={styles.bar}>
        <h1 className={styles.title}>{title}</h1>
        <div className={styles.tools}>{tools}</div>
        <div className={styles.summary}>{summary}</div>
      </header>
      <div className={styles.body}>{children}</div>
    </div>
  );
}
