import { create } from 'zustand';

/** What is open over the console; not part of the URL, because it is gone after one choice. */
interface UiState {
  readonly open: 'palette' | 'shortcuts' | null;
}

export const useUi = create<UiState>(() => ({ open: null }));

export function openOverlay(open: UiState['open']): void {
  useUi.setState({ open });
}
