import { CircleQuestionMark, Moon, Sun, SunMoon } from 'lucide-react';
import { IconButton } from '../ui/button.tsx';
import { cx } from '../ui/cx.ts';
import { Menu, MenuItem } from '../ui/menu.tsx';
import { Tooltip } from '../ui/tooltip.tsx';
import styles from './rail.module.css';
import { navigate, useRoute } from './route.ts';
import { chooseTheme, themeChoices, useTheme, type ThemeChoice } from './theme.ts';
import { openOverlay } from './ui-state.ts';
import { views } from './views.tsx';

/** The views, at the left edge; theme and help at its foot. */
export function Rail() {
  const { view: current } = useRoute();
  return (
    <nav className={styles.rail} aria-label="Views">
      {views.map(({ id, title, icon: Icon, key }) => (
        <Tooltip key={id} text={title} keys={`g ${key}`} side="right">
          <button
            type="button"
            aria-label={title}
            aria-current={id === current ? 'page' : undefined}
            className={cx(styles.view, id === current && styles.current)}
            onClick={() => navigate(id)}
          >
            <Icon size={18} strokeWidth={1.75} aria-hidden />
          </button>
        </Tooltip>
      ))}
      <span className={styles.space} />
      <ThemeMenu />
      <IconButton
        icon={CircleQuestionMark}
        label="Keyboard shortcuts"
        keys="?"
        side="right"
        onClick={() => openOverlay('shortcuts')}
      />
    </nav>
  );
}

const themeWords: Readonly<Record<ThemeChoice, string>> = {
  system: 'As the system',
  dark: 'Dark',
  light: 'Light',
};

const themeIcons = { system: SunMoon, dark: Moon, light: Sun };

function ThemeMenu() {
  const choice = useTheme((theme) => theme.choice);
  const Icon = themeIcons[choice];
  const trigger = (
    <button type="button" className={styles.small} aria-label={`Theme: ${themeWords[choice]}`} title="Theme">
      <Icon size={16} aria-hidden />
    </button>
  );
  return (
    <Menu label="Theme" trigger={trigger}>
      {themeChoices.map((option) => (
        <MenuItem key={option} checked={option === choice} onSelect={() => chooseTheme(option)}>
          {themeWords[option]}
        </MenuItem>
      ))}
    </Menu>
  );
}
