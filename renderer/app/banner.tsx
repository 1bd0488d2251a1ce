import { Button } from '../ui/button.tsx';
import { formatAge } from '../ui/format.ts';
import { HostileText } from '../ui/hostile-text.tsx';
import { useEngineNow } from '../world/clock.ts';
import { engineNow } from '../world/mirror.ts';
import { worldStore } from '../world/store.ts';
import styles from './banner.module.css';
import { navigate } from './route.ts';
import { useSession } from './session-store.ts';

/** Said across the top while the engine is away: what is on screen, how old it is, and that nothing need be done. */
export function EngineBanner() {
  const { phase, error, attempt, lostAt } = useSession();
  const now = useEngineNow();
  if (phase !== 'lost') return null;
  const age = lostAt === null ? 0 : now - engineNow(worldStore.mirror, lostAt);
  return (
    <div className={styles.banner} role="status">
      <strong>Engine restarting…</strong>
      <span className={styles.text}>
        What you see is the last known state, {formatAge(age)} old. Attempt {attempt}
        {error?.detail === undefined ? '' : ': '}
        {error?.detail === undefined ? null : <HostileText text={error.detail} />}
      </span>
      <Button tone="quiet" onClick={() => navigate('connections')}>
        Open connections
      </Button>
    </div>
  );
}
