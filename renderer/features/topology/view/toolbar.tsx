import { ChevronDown } from 'lucide-react';
import type { KeyboardEvent } from 'react';
import { setParam } from '../../../app/route.ts';
import { Chip } from '../../../ui/chip.tsx';
import { formatCount, plural } from '../../../ui/format.ts';
import { Menu, MenuItem, MenuSeparator } from '../../../ui/menu.tsx';
import { QualifierFilter } from '../../../ui/qualifier-filter.tsx';
import { useWorldShape, worldStore } from '../../../world/store.ts';
import { tallyOf } from '../../../world/tally.ts';
import type { MapController } from '../map-controller.ts';
import { foldings, type FoldBy } from '../pipeline/graph.ts';
import { optionalTiers, tierTitles } from '../pipeline/tiers.ts';
import { formatOpen, toggleShown, type MapParams } from './params.ts';
import styles from './toolbar.module.css';
import { useMapState } from './use-map.ts';

interface ToolbarProps {
  readonly controller: MapController | null;
  readonly params: MapParams;
}

const foldWords: Readonly<Record<FoldBy, string>> = {
  none: 'nothing',
  service: 'service',
  host: 'host',
  pool: 'pool',
  kind: 'kind',
};

export function Toolbar({ controller, params }: ToolbarProps) {
  const hide = params.hideHealthy;
  const table = params.twin === 'table';
  return (
    <header className={styles.bar}>
      <h1 className={styles.title}>Topology</h1>
      <PathMenu controller={controller} params={params} />
      <FoldMenu controller={controller} params={params} />
      <Find controller={controller} params={params} />
      <Chip pressed={hide} onClick={() => setParam('hide', hide ? null : 'healthy')}>
        hide healthy
      </Chip>
      <Counts />
      <Chip pressed={table} onClick={() => setParam('twin', table ? null : 'table')}>
        table
      </Chip>
    </header>
  );
}

/** The arrangement is always along the path; what stands beside it can be added. */
function PathMenu({ controller, params }: ToolbarProps) {
  const extra = params.show.length + Number(params.calls);
  return (
    <Menu
      label="What is shown"
      trigger={
        <Chip>
          {extra === 0 ? 'by path' : `by path + ${extra}`}
          <ChevronDown size={12} aria-hidden />
        </Chip>
      }
    >
      {optionalTiers.map((tier) => (
        <MenuItem
          key={tier}
          checked={params.show.includes(tier)}
          onSelect={() => setParam('show', toggleShown(params, tier))}
        >
          {tierTitles[tier]}
        </MenuItem>
      ))}
      <MenuItem checked={params.calls} onSelect={() => setParam('show', toggleShown(params, 'calls'))}>
        Calls between services
      </MenuItem>
      <MenuSeparator />
      <MenuItem onSelect={() => controller?.tidy()}>Arrange anew</MenuItem>
    </Menu>
  );
}

function FoldMenu({ controller, params }: ToolbarProps) {
  const fold = useMapState(controller, (state) => state.fold, 'none');
  const choose = (by: FoldBy | null) => {
    setParam('open', null);
    setParam('fold', by);
  };
  return (
    <>
      <Menu
        label="Fold by"
        trigger={
          <Chip pressed={fold !== 'none'}>
            {`fold: ${foldWords[fold]}`}
            <ChevronDown size={12} aria-hidden />
          </Chip>
        }
      >
        <MenuItem checked={params.fold === null} onSelect={() => choose(null)}>
          By size
        </MenuItem>
        <MenuSeparator />
        {foldings.map((by) => (
          <MenuItem key={by} checked={params.fold === by} onSelect={() => choose(by)}>
            {by === 'none' ? 'Nothing' : `By ${foldWords[by]}`}
          </MenuItem>
        ))}
      </Menu>
      {params.open.length === 0 ? null : (
        <Chip onClick={() => setParam('open', formatOpen([]))}>
          {`close ${plural(params.open.length, 'group')}`}
        </Chip>
      )}
    </>
  );
}

const FIND_ID = 'topology-find';

export function focusFind(): void {
  document.getElementById(FIND_ID)?.focus();
}

function Find({ controller, params }: ToolbarProps) {
  const found = useMapState(controller, (state) => state.found, null);
  const change = (text: string) => {
    setParam('q', text);
    if (text === '') setParam('only', null);
  };
  // The filter takes Enter for its suggestions; what is left goes on to the next thing found.
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || event.defaultPrevented) return;
    event.preventDefault();
    controller?.nextFound(event.shiftKey ? -1 : 1);
  };
  return (
    <div className={styles.find} role="search" onKeyDown={onKeyDown}>
      <QualifierFilter value={params.q} onChange={change} label="Find on the map" inputId={FIND_ID} />
      {params.q === '' ? null : (
        <>
          <span className={styles.found} role="status">
            {found === null ? '' : `${formatCount(found)} found`}
          </span>
          <Chip pressed={params.only} onClick={() => setParam('only', params.only ? null : '1')}>
            only these
          </Chip>
        </>
      )}
    </div>
  );
}

/** Of the whole world, whatever the map hides. */
function Counts() {
  useWorldShape();
  const tally = tallyOf(worldStore.mirror.entities.values());
  const { down, degraded } = tally.byState;
  return (
    <p className={styles.counts}>
      {[
        plural(tally.total, 'entity', 'entities'),
        down > 0 ? `${down} down` : '',
        degraded > 0 ? `${degraded} degraded` : '',
      ]
        .filter(Boolean)
        .join(' · ')}
    </p>
  );
}
