import { worldStore } from '../world/store.ts';
import { registerCommands, type Command } from './commands.ts';
import { entityActions } from './entity-actions.ts';
import { currentRoute, navigate, setParam } from './route.ts';
import { chooseTheme, themeChoices } from './theme.ts';
import { openOverlay } from './ui-state.ts';
import { views } from './views.tsx';

function selectedEntity() {
  const id = currentRoute().params.get('sel');
  return id === null ? undefined : worldStore.mirror.entities.get(id);
}

const goTo: readonly Command[] = views.map(({ id, title, key }) => ({
  id: `go-${id}`,
  title,
  group: 'Go to',
  keys: `g ${key}`,
  run: () => navigate(id),
}));

const selection: readonly Command[] = entityActions.map(({ id, title, keys, notIn, run }) => ({
  id,
  title,
  group: 'Selection',
  ...(keys === undefined ? {} : { keys }),
  available: () => selectedEntity() !== undefined && currentRoute().view !== notIn,
  run: () => {
    const entity = selectedEntity();
    if (entity) run(entity);
  },
}));

const themes: readonly Command[] = themeChoices.map((choice) => ({
  id: `theme-${choice}`,
  title: choice === 'system' ? 'Use the system’s theme' : `Use the ${choice} theme`,
  group: 'Console',
  run: () => chooseTheme(choice),
}));

/** What can be done wherever one is. Returns the disposer. */
export function registerConsoleCommands(): () => void {
  return registerCommands([
    {
      id: 'palette',
      title: 'Find anything',
      group: 'Console',
      keys: 'mod+k',
      run: () => openOverlay('palette'),
    },
    ...goTo,
    ...selection,
    {
      id: 'close-panel',
      title: 'Close the panel',
      group: 'Selection',
      keys: 'escape',
      available: () => currentRoute().params.has('sel'),
      run: () => setParam('sel', null),
    },
    {
      id: 'shortcuts',
      title: 'Show keyboard shortcuts',
      group: 'Console',
      keys: '?',
      run: () => openOverlay('shortcuts'),
    },
    ...themes,
  ]);
}
