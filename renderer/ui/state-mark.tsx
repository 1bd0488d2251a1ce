import type { HealthState } from '../../shared/model/health.ts';
import { cx } from './cx.ts';
import styles from './state-mark.module.css';
import { healthWords } from './words.ts';

/** Outlines in a box of 12: each state has a shape of its own, so that colour is never the only sign. */
const shapes: Readonly<Record<HealthState, React.ReactNode>> = {
  healthy: <circle cx="6" cy="6" r="4" />,
  degraded: <path d="M6 1.2 11.2 10.6 H0.8 Z" />,
  down: <rect x="2" y="2" width="8" height="8" />,
  maintenance: <path d="M6 0.8 11.2 6 6 11.2 0.8 6 Z" />,
  unknown: <circle cx="6" cy="6" r="3.75" className={styles.hollow} />,
};

interface StateMarkProps {
  readonly state: HealthState;
  /** Side in px; 12 in lists. */
  readonly size?: number;
  /** Set where the state's word stands beside the mark: screen readers then do not hear it twice. */
  readonly decorative?: boolean;
  readonly className?: string | undefined;
}

/** ● healthy ▲ degraded ■ down ◆ maintenance ○ unknown. */
export function StateMark({ state, size = 12, decorative = false, className }: StateMarkProps) {
  const label = healthWords[state];
  return (
    <svg
      className={cx(styles.mark, styles[state], className)}
      width={size}
      height={size}
      viewBox="0 0 12 12"
      {...(decorative ? { 'aria-hidden': true } : { role: 'img', 'aria-label': label })}
    >
      {decorative ? null : <title>{label}</title>}
      {shapes[state]}
    </svg>
  );
}
