import type { Entity } from '../../../shared/model/entity.ts';
import { useEngineLive } from '../../app/session-store.ts';
import { EntityLink } from '../../ui/entity-link.tsx';
import { FreshnessMark } from '../../ui/freshness.tsx';
import { HostileText } from '../../ui/hostile-text.tsx';
import { RelativeTime } from '../../ui/relative-time.tsx';
import { StateMark } from '../../ui/state-mark.tsx';
import type { Column } from '../../ui/virtual-table.tsx';
import { healthWords, kindWords } from '../../ui/words.ts';
import { freshnessOf } from '../../world/freshness.ts';
import { useWorld } from '../../world/store.ts';
import styles from './health.module.css';

/** The columns, from the most needed; later ones give way where there is no room. */
export const healthColumns: readonly Column<Entity>[] = [
  {
    id: 'state',
    title: 'State',
    width: '124px',
    sortable: true,
    cell: ({ health }) => (
      <span className={styles.state}>
        <StateMark decorative state={health.state} />
        {healthWords[health.state]}
      </span>
    ),
  },
  {
    id: 'name',
    title: 'Name',
    width: 'minmax(140px, 1.1fr)',
    sortable: true,
    cell: ({ name }) => <HostileText text={name} />,
  },
  {
    id: 'kind',
    title: 'Kind',
    width: '104px',
    sortable: true,
    from: 640,
    cell: ({ kind }) => <span className={styles.muted}>{kindWords[kind].one}</span>,
  },
  {
    id: 'reason',
    title: 'Reason',
    width: 'minmax(140px, 1.8fr)',
    sortable: true,
    cell: ({ health }) => (health.reason === undefined ? null : <HostileText text={health.reason} />),
  },
  {
    id: 'causes',
    title: 'Because of',
    width: 'minmax(120px, 0.8fr)',
    from: 860,
    cell: ({ health }) => <NearestCause causes={health.causes} />,
  },
  {
    id: 'since',
    title: 'Since',
    width: '56px',
    align: 'end',
    sortable: true,
    cell: ({ health }) => <RelativeTime at={health.since} />,
  },
  {
    id: 'age',
    title: 'Data',
    width: '92px',
    align: 'end',
    from: 720,
    cell: (entity) => <Age entity={entity} />,
  },
];

/** The nearest cause, to click, and how many more there are. */
function NearestCause({ causes }: { readonly causes: readonly string[] }) {
  const first = causes[0];
  const entity = useWorld((mirror) => (first === undefined ? undefined : mirror.entities.get(first)));
  if (first === undefined) return null;
  const more = causes.length > 1 ? ` +${causes.length - 1}` : '';
  return (
    <span className={styles.cause}>
      {entity ? <EntityLink entity={entity} /> : <HostileText mono text={first} />}
      <span className={styles.muted}>{more}</span>
    </span>
  );
}

function Age({ entity }: { readonly entity: Entity }) {
  const source = useWorld((mirror) => mirror.sources.get(entity.sourceId));
  return <FreshnessMark freshness={freshnessOf(source, useEngineLive())} />;
}
