import { Clock } from 'lucide-react';
import { useEngineClock } from '../world/clock.ts';
import type { Freshness } from '../world/freshness.ts';
import { cx } from './cx.ts';
import { formatAge, formatExact } from './format.ts';
import styles from './freshness.module.css';
import { visibleText } from './hostile.ts';
import { freshnessWords } from './words.ts';

/** Texture for whatever shows a value of this freshness: hatch when stale, dashed when never seen; plain when live. */
export function freshnessClass(freshness: Freshness): string | undefined {
  switch (freshness.state) {
    case 'stale':
      return styles.stale;
    case 'never':
      return styles.never;
    case 'live':
    case 'late':
    case 'partial':
      return undefined;
  }
}

interface FreshnessMarkProps {
  readonly freshness: Freshness;
  /** Shows the age of live data too; elsewhere live is silent about it. */
  readonly always?: boolean;
}

/** How old, in words: "live", "1 s", clock and "14 s late", hatch and "4 m old", "never seen". */
export function FreshnessMark({ freshness, always = false }: FreshnessMarkProps) {
  const { state, asOf, note } = freshness;
  const words = useEngineClock((now) => wordsOf(state, asOf === null ? '' : formatAge(now - asOf), always));
  const title = [
    freshnessWords[state],
    asOf === null ? 'no answer since the engine started' : `as of ${formatExact(asOf)}`,
    note === undefined ? '' : visibleText(note),
  ];
  return (
    <span className={cx(styles.mark, styles[`is-${state}`])} title={title.filter(Boolean).join(' · ')}>
      {state === 'late' ? <Clock size={11} aria-hidden /> : null}
      {words}
    </span>
  );
}

function wordsOf(state: Freshness['state'], age: string, always: boolean): string {
  switch (state) {
    case 'live':
      return always ? age : 'live';
    case 'late':
      return `late ${age}`;
    case 'stale':
      return `${age} old`;
    case 'partial':
      return always ? `partial, ${age}` : 'partial';
    case 'never':
      return 'never seen';
  }
}
