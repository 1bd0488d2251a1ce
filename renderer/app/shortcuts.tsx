import { Dialog } from '../ui/dialog.tsx';
import { Keys } from '../ui/keys.tsx';
import { useCommands } from './commands.ts';
import styles from './shortcuts.module.css';
import { openOverlay, useUi } from './ui-state.ts';

/** Keys of lists and maps, which are theirs while they have the focus. */
const inLists = [
  { title: 'Next, previous row', keys: 'j k' },
  { title: 'Move to the next part of the page', keys: 'tab' },
  { title: 'Clear the selection', keys: 'escape' },
];

/** All keys there are, from the registry that they run by. */
export function Shortcuts() {
  const open = useUi((state) => state.open === 'shortcuts');
  const commands = useCommands().filter(({ keys }) => keys !== undefined);
  const groups = [...new Set(commands.map(({ group }) => group))];
  return (
    <Dialog open={open} onClose={() => openOverlay(null)} title="Keyboard shortcuts">
      <div className={styles.groups}>
        {groups.map((group) => (
          <Group key={group} title={group} rows={commands.filter((command) => command.group === group)} />
        ))}
        <Group title="In lists" rows={inLists} />
      </div>
    </Dialog>
  );
}

interface GroupProps {
  readonly title: string;
  readonly rows: readonly { readonly title: string; readonly keys?: string }[];
}

function Group({ title, rows }: GroupProps) {
  return (
    <section className={styles.group} aria-label={title}>
      <h3>{title}</h3>
      <ul>
        {rows.map((row) => (
          <li key={row.title}>
            <span>{row.title}</span>
            <Keys keys={row.keys ?? ''} />
          </li>
        ))}
      </ul>
    </section>
  );
}
