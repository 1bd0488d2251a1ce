import { ChevronDown, Search } from 'lucide-react';
import { useMemo } from 'react';
import { Chip } from '../ui/chip.tsx';
import { cx } from '../ui/cx.ts';
import { formatAge, plural } from '../ui/format.ts';
import { HostileText } from '../ui/hostile-text.tsx';
import { Keys } from '../ui/keys.tsx';
import { Menu, MenuItem, MenuSeparator } from '../ui/menu.tsx';
import { StateMark } from '../ui/state-mark.tsx';
import { protectionWords } from '../ui/words.ts';
import { causesOf } from '../world/causes.ts';
import { useEngineNow } from '../world/clock.ts';
import { useCalmWorldRevision, worldStore } from '../world/store.ts';
import { alertsOf } from './alerts.ts';
import { useActivateEnvironment, useEnvironments } from './queries.ts';
import { navigate } from './route.ts';
import { useSession } from './session-store.ts';
import styles from './top-bar.module.css';
import { openOverlay } from './ui-state.ts';

/** Where I am and whether it is safe, finding anything, whether this is now, and what is wrong. */
export function TopBar() {
  return (
    <header className={styles.bar}>
      <div className={styles.left}>
        <span className={styles.brand}>Gantry</span>
        <EnvironmentSwitcher />
      </div>
      <button type="button" className={styles.search} onClick={() => openOverlay('palette')}>
        <Search size={14} aria-hidden />
        <span className={styles.searchText}>Find anything</span>
        <Keys keys="mod+k" />
      </button>
      <div className={styles.right}>
        <LiveChip />
        <AlertsChip />
      </div>
    </header>
  );
}

function EnvironmentSwitcher() {
  const { data } = useEnvironments();
  const activate = useActivateEnvironment();
  const environments = data ?? [];
  const active = environments.find((environment) => environment.active);
  const trigger = (
    <button
      type="button"
      className={cx(styles.environment, active && styles[active.protection])}
      aria-label={
        active
          ? `Environment ${active.name}, ${protectionWords[active.protection]}. Switch environment`
          : 'Switch environment'
      }
    >
      {active ? (
        <>
          <HostileText className={styles.environmentName} text={active.name} />
          <span className={styles.protection}>{protectionWords[active.protection]}</span>
        </>
      ) : (
        <span className={styles.protection}>no environment</span>
      )}
      <ChevronDown size={14} aria-hidden />
    </button>
  );
  return (
    <Menu label="Environments" trigger={trigger}>
      {environments.map(({ id, name, protection, origin, connectionCount, active: isActive }) => (
        <MenuItem key={id} checked={isActive} onSelect={() => isActive || activate.mutate(id)}>
          <HostileText text={name} />
          <span className={styles.environmentDetail}>
            {protectionWords[protection]} · {plural(connectionCount, 'connection')} · {origin}
          </span>
        </MenuItem>
      ))}
      {environments.length > 0 ? <MenuSeparator /> : null}
      <MenuItem onSelect={() => navigate('connections')}>Open connections</MenuItem>
    </Menu>
  );
}

/** "Live" only while the engine watches and every system answers; else how far behind the screen is. */
function LiveChip() {
  useCalmWorldRevision();
  const { phase, lostAt } = useSession();
  const now = useEngineNow();
  const connections = [...worldStore.mirror.connections.values()];
  const behind = connections.filter(({ state }) => state !== 'live').length;
  const open = () => navigate('connections');
  if (phase === 'starting')
    return (
      <Chip onClick={open}>
        <StateMark state="unknown" decorative /> Opening
      </Chip>
    );
  if (phase === 'lost') {
    const age =
      lostAt === null ? 0 : now - (worldStore.mirror.engineAt + lostAt - worldStore.mirror.receivedAt);
    return (
      <Chip className={styles.stale} onClick={open}>
        <StateMark state="unknown" decorative /> {formatAge(age)} old
      </Chip>
    );
  }
  if (connections.length === 0)
    return (
      <Chip onClick={open}>
        <StateMark state="unknown" decorative /> No systems
      </Chip>
    );
  const troubled = connections.some(({ state }) => state !== 'live' && state !== 'connecting');
  return (
    <Chip onClick={open} className={troubled ? styles.behind : behind === 0 ? styles.live : undefined}>
      <StateMark state={troubled ? 'degraded' : behind === 0 ? 'healthy' : 'unknown'} decorative />
      {behind > 0 ? `${connections.length - behind} of ${connections.length} live` : 'Live'}
    </Chip>
  );
}

function AlertsChip() {
  // Connections tell their state without a change of shape.
  const revision = useCalmWorldRevision();
  const { mirror } = worldStore;
  const alerts = useMemo(() => {
    return alertsOf(causesOf(mirror));
    // The mirror changes in place; `revision` says when.
    // oxlint-disable-next-line react/exhaustive-deps
  }, [mirror, revision]);
  if (mirror.seq < 0) return null;
  const behind = [...mirror.connections.values()].some(({ state }) => state !== 'live');
  return (
    <Chip onClick={() => navigate('overview')}>
      {alerts.worst === null ? null : <StateMark state={alerts.worst} decorative />}
      {alerts.causes === 0
        ? behind
          ? 'No known alerts'
          : 'No alerts'
        : `${plural(alerts.alerts, 'alert')} · ${plural(alerts.causes, 'cause')}`}
    </Chip>
  );
}
