import { ContextMenu } from 'radix-ui';
import type { ReactNode } from 'react';
import { Keys } from '../ui/keys.tsx';
import menu from '../ui/menu.module.css';
import { worldStore } from '../world/store.ts';
import { actionsHere } from './entity-actions.ts';
import styles from './entity-menu.module.css';
import { setParam, useRoute } from './route.ts';

/**
 * The menu of entities in a list: on a right click (which selects the row under it) or, for the selected one, on the
 * keyboard's menu key. Rows carry their id as `data-key`. The same actions as in the panel and in the palette.
 */
export function EntityMenu({ children }: { readonly children: ReactNode }) {
  const { view, params } = useRoute();
  const selected = params.get('sel');
  const entity = selected === null ? undefined : worldStore.mirror.entities.get(selected);
  return (
    <ContextMenu.Root modal={false}>
      <ContextMenu.Trigger
        className={styles.area}
        onContextMenuCapture={(event) => {
          const key = (event.target as Element).closest<HTMLElement>('[data-key]')?.dataset['key'];
          if (key !== undefined) setParam('sel', key);
          // Beside the rows there is nothing that a menu could be about.
          else if (entity === undefined) event.preventDefault();
        }}
      >
        {children}
      </ContextMenu.Trigger>
      {entity === undefined ? null : (
        <ContextMenu.Content className={menu.menu} aria-label="Actions" collisionPadding={8}>
          {actionsHere(view).map(({ id, title, icon: Icon, keys, run }) => (
            <ContextMenu.Item key={id} className={menu.item} onSelect={() => run(entity)}>
              <span className={menu.check}>
                <Icon size={14} aria-hidden />
              </span>
              <span className={menu.text}>{title}</span>
              {keys === undefined ? null : <Keys keys={keys} />}
            </ContextMenu.Item>
          ))}
        </ContextMenu.Content>
      )}
    </ContextMenu.Root>
  );
}
