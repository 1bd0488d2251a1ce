import { create } from 'zustand';

export const themeChoices = ['system', 'dark', 'light'] as const;
export type ThemeChoice = (typeof themeChoices)[number];

const KEY = 'gantry.theme';

function stored(): ThemeChoice {
  const text = localStorage.getItem(KEY);
  return themeChoices.find((choice) => choice === text) ?? 'system';
}

export const useTheme = create<{ readonly choice: ThemeChoice }>(() => ({ choice: 'system' }));

/** Remembers the choice on this machine and shows it at once. */
export function chooseTheme(choice: ThemeChoice): void {
  localStorage.setItem(KEY, choice);
  useTheme.setState({ choice });
  show(choice);
}

/** Shows the remembered theme, and follows the system's where that was chosen. Call before the first paint. */
export function startTheme(): void {
  useTheme.setState({ choice: stored() });
  show(stored());
  window.matchMedia('(prefers-color-scheme: light)').addEventListener('change', () => {
    show(useTheme.getState().choice);
  });
}

function show(choice: ThemeChoice): void {
  const light = window.matchMedia('(prefers-color-scheme: light)').matches;
  document.documentElement.dataset['theme'] = choice === 'system' ? (light ? 'light' : 'dark') : choice;
}
