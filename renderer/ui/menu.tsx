import { Check } from 'lucide-react';
import { DropdownMenu } from 'radix-ui';
import type { ReactNode } from 'react';
import { Keys } from './keys.tsx';
import styles from './menu.module.css';

interface MenuProps {
  /** The button that opens it. */
  readonly trigger: ReactNode;
  readonly label: string;
  readonly align?: 'start' | 'end';
  readonly children: ReactNode;
}

/**
 * A menu below a button, in the landmark of its button. Not modal: the page behind it neither locks nor needs style
 * elements for that.
 */
export function Menu({ trigger, label, align = 'start', children }: MenuProps) {
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger asChild>{trigger}</DropdownMenu.Trigger>
      <DropdownMenu.Content
        className={styles.menu}
        align={align}
        sideOffset={4}
        collisionPadding={8}
        aria-label={label}
      >
        {children}
      </DropdownMenu.Content>
    </DropdownMenu.Root>
  );
}

interface MenuItemProps {
  readonly onSelect: () => void;
  /** Set for one of several: shows which one holds. */
  readonly checked?: boolean;
  readonly keys?: string | undefined;
  readonly children: ReactNode;
}

export function MenuItem({ onSelect, checked, keys, children }: MenuItemProps) {
  const body = (
    <>
      <span className={styles.check}>{checked ? <Check size={14} aria-hidden /> : null}</span>
      <span className={styles.text}>{children}</span>
      {keys === undefined ? null : <Keys keys={keys} />}
    </>
  );
  if (checked === undefined)
    return (
      <DropdownMenu.Item className={styles.item} onSelect={onSelect}>
        {body}
      </DropdownMenu.Item>
    );
  return (
    <DropdownMenu.CheckboxItem className={styles.item} checked={checked} onSelect={onSelect}>
      {body}
    </DropdownMenu.CheckboxItem>
  );
}

export function MenuSeparator() {
  return <DropdownMenu.Separator className={styles.separator} />;
}
