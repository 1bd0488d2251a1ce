import type { Source } from '../../../../shared/model/freshness.ts';
import { navigate } from '../../../app/route.ts';
import { useEngineLive } from '../../../app/session-store.ts';
import { formatAge } from '../../../ui/format.ts';
import { visibleText } from '../../../ui/hostile.ts';
import { useEngineNow } from '../../../world/clock.ts';
import { useWorldRevision, worldStore } from '../../../world/store.ts';
import styles from './source-banner.module.css';

/** More than this are counted instead of named. */
const NAMED_MAX = 3;

/** One line above the map when part of it is not the present: which connection, how old, what is missing. */
export function SourceBanner() {
  useWorldRevision();
  const engineLive = useEngineLive();
  const now = useEngineNow();
  const { sources } = worldStore.mirror;
  const words = troubleOf(sources.values(), now);
  // While the engine itself is away, the frame says so above everything.
  if (!engineLive || words.length === 0) return null;
  const named = words.slice(0, NAMED_MAX).join(' · ');
  const more = words.length > NAMED_MAX ? ` · ${words.length - NAMED_MAX} more` : '';
  return (
    <p className={styles.banner} role="status">
      <span>{named + more}</span>
      <button type="button" className={styles.link} onClick={() => navigate('connections')}>
        Connections
      </button>
    </p>
  );
}

/** One sentence a connection whose sources are stale, partial or never answered; late ones are marked on their nodes. */
export function troubleOf(sources: Iterable<Source>, now: number): string[] {
  const byConnection = new Map<string, string>();
  for (const source of sources) {
    const words = wordsOf(source, now);
    if (words !== null && !byConnection.has(source.connectionId)) {
      byConnection.set(source.connectionId, `${visibleText(source.connectionId)} ${words}`);
    }
  }
  return [...byConnection.values()];
}

function wordsOf({ state, asOf, note, scope }: Source, now: number): string | null {
  switch (state) {
    case 'stale':
      return asOf === null ? 'does not answer' : `does not answer: its state is ${formatAge(now - asOf)} old`;
    case 'never':
      return `has not told its ${visibleText(scope)} yet`;
    case 'partial':
      return note === undefined ? 'told only a part' : `told only a part: ${visibleText(note)}`;
    case 'live':
    case 'late':
      return null;
  }
}
