import { Braces, Copy, HeartPulse, Waypoints, type LucideIcon } from 'lucide-react';
import type { Entity } from '../../shared/model/entity.ts';
import { copyText } from '../ui/clipboard.ts';
import { showToast } from '../ui/toasts.ts';
import { currentRoute, navigate } from './route.ts';

/** What can be done with an entity: one registry for the panel, the keyboard, the palette and menus. */
export interface EntityAction {
  readonly id: string;
  readonly title: string;
  readonly icon: LucideIcon;
  readonly keys?: string;
  /** Where the entity is shown already, showing it there is no action. */
  readonly notIn?: string;
  readonly run: (entity: Entity) => void;
}

export const entityActions: readonly EntityAction[] = [
  {
    id: 'show-in-topology',
    title: 'Show in topology',
    icon: Waypoints,
    keys: 's t',
    notIn: 'topology',
    run: ({ id }) => navigate('topology', { sel: id }),
  },
  {
    id: 'open-in-health',
    title: 'Open in health',
    icon: HeartPulse,
    keys: 's h',
    notIn: 'health',
    run: ({ id }) => navigate('health', { sel: id }),
  },
  { id: 'copy-id', title: 'Copy id', icon: Copy, keys: 'y', run: ({ id }) => void copyAndTell(id, 'Id') },
  {
    id: 'copy-json',
    title: 'Copy as JSON',
    icon: Braces,
    run: (entity) => void copyAndTell(JSON.stringify(entity, null, 2), 'Entity'),
  },
];

/** The actions that make sense where the operator is. */
export function actionsHere(view = currentRoute().view): readonly EntityAction[] {
  return entityActions.filter(({ notIn }) => notIn !== view);
}

async function copyAndTell(text: string, what: string): Promise<void> {
  const done = await copyText(text);
  showToast({
    key: 'copy',
    tone: done ? 'plain' : 'bad',
    title: done ? `${what} copied` : 'The clipboard is not available here',
  });
}
